"""Whether a video's picture has the ratio that was asked for."""

import re
from dataclasses import dataclass

BLOCK_PX = 16
"""An encoder works in blocks: 2 pixels for 4:2:0 colours, 8 or 16 for the model or the codec. 16 holds for all of them."""

_RATIO = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class OtherRatio:
    """A file whose picture does not have the ratio that was asked for; ``path`` is relative to the output directory."""

    path: str
    width: int
    height: int
    asked: str


def agrees(width: int, height: int, ratio: str) -> bool:
    """Whether ``width`` x ``height``, in pixels as they are shown, is a picture of this ratio, such as ``2:3``.

    A ratio that is not two numbers asks for nothing, so everything agrees with it.

    A service asked for ``a:b`` wants ``a t`` x ``b t`` for some ``t`` and rounds each side to a multiple of its block, down,
    up or to the nearest. Each side is then off by less than a block, both in the same direction or each by half a block
    at most, so that ``|width b - height a|`` is less than ``16 max(a, b)``. For 2:3 that is at most 16 pixels of the width
    (480 x 720 may be 465 to 495 wide), while the next ratio that services offer, 3:4, lies 60 away.
    """
    asked = _RATIO.fullmatch(ratio)
    if asked is None:
        return True
    across, down = int(asked[1]), int(asked[2])
    return abs(width * down - height * across) < BLOCK_PX * max(across, down)
