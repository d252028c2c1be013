"""What becomes of one POST, and of one task that was accepted: drawn, or healthy where every fault is off."""

import math
from dataclasses import dataclass

CHARGES = (None, 0, 10, 40, 41, 80)


@dataclass(frozen=True)
class PostFate:
    """``word`` says what the service and the network do; the request travels ``travel_s``, its answer ``answer_s``."""

    word: str
    travel_s: float
    answer_s: float
    after_s: float | None = None


@dataclass
class TaskFate:
    """How a task goes on after it was accepted.

    ``lasts_s`` may be infinite. ``charged`` is what the service reports at the end (``None``: nothing readable).
    ``urls`` files come of it; the last of them is named only ``growing`` asks later. Done, but without a URL, for
    ``empty_asks`` asks. ``hidden_s``: not found before that age. ``has_second_thoughts``: failed at first, and
    completed for whoever asks again. ``video_bytes`` of pictures are in each file.
    """

    lasts_s: float
    is_failure: bool = False
    has_second_thoughts: bool = False
    charged: int | None = 40
    urls: int = 1
    growing: int = 0
    empty_asks: float = 0
    hidden_s: float = 0.0
    echo: str = "right"
    url_life_s: float = math.inf
    video_bytes: int = 64


_POSTS = (
    # family, the words of what it does; the family's strength is the chance of each
    ("lost answers", ("lost after", "lost before", "hangs", "late error")),
    ("candidates", ("candidate", "candidate", "wrong candidate", "other's candidate")),
    ("not sent", ("not sent",)),
    ("throttled", ("throttled",)),
    ("refused", ("refused",)),
    ("submission stops", ("account", "credit", "address", "redirected", "bad certificate")),
    ("repeated ids", ("repeated id",)),
    ("bugs", ("bug before", "bug after")),
)
_WEIGHTS = {"lost answers": 2.0, "submission stops": 0.4, "bugs": 0.3, "repeated ids": 0.5}
"""What one of them changes about a run: three lost answers in a row open the breaker, one refused account ends it all."""


WORDS = ("accepted", *(word for family, words in _POSTS if family != "bugs" for word in words))
"""All that can become of a POST, while the program has no bug."""


def draw_post(mix, draw, scripted=None):
    """What becomes of the next POST: what is ``scripted``, or what is drawn."""
    word = "accepted"
    for family, words in _POSTS:
        if draw.random() < mix.rates.get(family, 0.0) * _WEIGHTS.get(family, 1.0):
            word = draw.choice(words)
    word = scripted or word
    travel_s = mix.network_s * draw.uniform(0.1, 1.0)
    answer_s = 120.0 if word == "hangs" else travel_s + mix.network_s * draw.uniform(0.1, 2.0)
    return PostFate(word, travel_s, answer_s, draw.choice((None, 0.0, 1.0, 30.0, 300.0)))


def draw_task(mix, draw):
    """How an accepted task goes on."""
    fate = TaskFate(lasts_s=mix.task_s * draw.uniform(0.3, 1.5))
    hit = {family for family in sorted(mix.rates) if draw.random() < mix.rates[family]}
    if "slow tasks" in hit:
        fate.lasts_s = draw.choice((math.inf, 400.0, 3000.0))
    if "failures" in hit:
        fate.is_failure, fate.charged = True, draw.choice((None, 0, 0, 40, 80))
        fate.has_second_thoughts = mix.is_on("second thoughts")
    elif "odd charges" in hit:
        fate.charged = draw.choice(CHARGES)
    if "no output" in hit:
        fate.empty_asks = draw.choice((1, 3, math.inf))
    if "two files" in hit:
        fate.urls = 2
    if "growing output" in hit:
        fate.urls, fate.growing = 2, 1
    if "not found" in hit:
        fate.hidden_s = draw.choice((5.0, 60.0, 400.0, math.inf))
    if "other echo" in hit:
        fate.echo = draw.choice(("other prompt", "other mode", "silent"))
    if "large files" in hit:
        fate.video_bytes = 4_500_000  # more than is held in memory
    if mix.is_on("expiring urls"):
        fate.url_life_s = draw.choice((1.0, 30.0, 600.0))
    return fate


def heal(fate):
    """Every fault off: what was late comes, what was hidden is found, what was confused is clear."""
    fate.lasts_s = min(fate.lasts_s, 3000.0)
    fate.hidden_s, fate.echo, fate.url_life_s = 0.0, "right", math.inf
