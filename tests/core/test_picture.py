"""Whether a picture has the ratio that was asked for."""

from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.core.picture import agrees

RATIOS = ("2:3", "3:2", "1:1", "9:16", "16:9", "3:4", "4:3")
ROUNDED = {"down": floor, "up": ceil, "to the nearest": round}


def sides(ratio):
    return tuple(map(int, ratio.split(":")))


@given(
    st.sampled_from(RATIOS),
    st.floats(1, 1000),
    st.sampled_from([2, 8, 16]),
    st.sampled_from(sorted(ROUNDED)),
)
def test_a_picture_of_the_ratio_agrees_however_its_sides_were_rounded_to_blocks(ratio, scale, block, way):
    width, height = (block * ROUNDED[way](side * scale / block) for side in sides(ratio))
    assume(width and height)
    assert agrees(width, height, ratio)


@given(st.sampled_from(RATIOS), st.sampled_from(RATIOS), st.floats(0, 1))
def test_a_picture_of_another_ratio_does_not_agree(asked, found, part):
    assume(asked != found)
    across, down = sides(found)
    shorter = 320 + part * 2000
    scale = shorter / min(across, down)
    assert not agrees(round(across * scale), round(down * scale), asked)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.sampled_from(RATIOS))
def test_a_picture_on_its_side_agrees_with_the_ratio_on_its_side(width, height, ratio):
    across, down = sides(ratio)
    assert agrees(width, height, ratio) == agrees(height, width, f"{down}:{across}")


@pytest.mark.parametrize(
    ("width", "height", "ratio", "expected"),
    [
        (464, 688, "2:3", True),
        (1280, 720, "3:2", False),
        (640, 640, "2:3", False),
        (720, 480, "2:3", False),
        (495, 720, "2:3", True),
        (496, 720, "2:3", False),
        (465, 720, "2:3", True),
        (464, 720, "2:3", False),
        (1, 1000, "auto", True),
        (1, 1000, "0:1", True),
    ],
)
def test_sizes(width, height, ratio, expected):
    assert agrees(width, height, ratio) is expected
