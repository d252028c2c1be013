"""Writing with the fonts of a machine."""

import os
import shutil

import pytest
from PIL import Image, features

from runner.core.errors import UsageError
from runner.media import lettering
from runner.media.lettering import Lettering

NOWHERE = ("/nonexistent",)


def written(letters: Lettering, text: str) -> Image.Image:
    image = Image.new("RGB", (400, 40), "#ffffff")
    letters.write(image, (4, 4), text, size=20, colour="#000000")
    return image


def test_english_needs_no_font_of_the_machine():
    letters = Lettering(folders=NOWHERE)
    image = written(letters, 'A lion, 2 hares: "go!"')
    assert (letters.complaint(), image.getextrema()[0][0] < 100) == (None, True)


def test_letters_that_no_font_has_are_named_once():
    letters = Lettering(folders=NOWHERE)
    for text in ("狐 fox", "狐 und ö", "a\u0301\u200d"):
        written(letters, text)
    assert letters.complaint() == (
        "no font here has the letters 狐 ö: they are empty boxes on the sheets; name a font that has them with --font FILE"
    )


def test_of_many_letters_some_are_named():
    letters = Lettering(folders=NOWHERE)
    written(letters, "".join(map(chr, range(0x4E00, 0x4E40))))
    shown = " ".join(map(chr, range(0x4E00, 0x4E0C)))
    assert f"letters {shown} ...: they" in letters.complaint()


def found_fonts() -> tuple[str, ...]:
    return lettering._found(lettering._FOLDERS)


@pytest.mark.skipif(
    not any("DejaVuSans" in one for one in found_fonts())
    and not os.environ.get("CI"),  # `.ci/run` installs it
    reason="needs DejaVuSans: apt-get install fonts-dejavu-core",
)
def test_a_font_of_the_machine_writes_what_the_own_one_cannot(tmp_path):
    font = next(one for one in found_fonts() if "DejaVuSans" in one)
    text = "лиса, αλεπού"
    with_own = Lettering(folders=NOWHERE)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    shutil.copy(font, tmp_path / "deep" / "er" / "DejaVuSans.ttf")
    with_folder = Lettering(folders=(str(tmp_path),))
    with_given = Lettering(font, folders=NOWHERE)
    for each in (with_own, with_folder, with_given):
        written(each, text)
    assert [bool(each.missing) for each in (with_own, with_folder, with_given)] == [True, False, False]


def test_what_is_no_font_is_refused_by_its_name(tmp_path):
    (tmp_path / "a.ttf").write_text("no font")
    with pytest.raises(UsageError, match=r"--font: .*a\.ttf cannot be read as a font"):
        Lettering(str(tmp_path / "a.ttf"))


@pytest.mark.parametrize("text", ["word " * 60, "w" * 300, "狐" * 90, "a  b\n\tc", ""])
@pytest.mark.parametrize("width", [10, 100, 1000])
def test_wrapped_lines_fit_and_lose_nothing_that_there_is_room_for(text, width):
    letters = Lettering()
    lines = letters.wrapped(text, 16, width, 1000)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert [line for line in lines if len(line) > 1 and letters.width(line, 16) > width] == []


def test_what_has_no_room_ends_with_an_ellipsis():
    letters = Lettering()
    lines = letters.wrapped("word " * 60, 16, 100, 2)
    assert (len(lines), lines[-1][-1], letters.width(lines[-1], 16) <= 100) == (2, "…", True)


def test_texts_from_right_to_left_can_be_shaped():
    assert features.check("raqm")
