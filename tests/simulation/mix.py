"""What one seed stands for. Swarm style: each seed first draws which families of faults are on, and how strongly."""

import hashlib
import random
from dataclasses import dataclass, field, replace
from decimal import Decimal

from runner.core.errors import Place
from runner.core.model import FailureCap, Job, JobId, Limits, OnUnknown, Retries
from runner.core.money import Credits, Price

PRICE = 40
QUOTED = Price(Credits(PRICE), Decimal("0.40"))

FAMILIES = (
    "lost answers", "candidates", "not sent", "throttled", "refused", "submission stops", "repeated ids",
    "silent status", "account stops", "odd words", "not found", "other echo", "failures", "odd charges",
    "no output", "two files", "growing output", "slow tasks", "expiring urls", "broken downloads",
    "refused urls", "full disk", "broken disk", "planted files", "crashes", "power cuts", "doubtful commits",
    "signals", "clock jumps", "decisions", "edits", "second process", "bugs", "outages", "announced rate",
    "second thoughts", "hour cap", "failure cap", "deadlines", "large files",
)  # fmt: skip

_NEEDS = {"second thoughts": ("failures", "decisions"), "large files": ("broken downloads",)}
"""Families that are dead without others: nobody meets second thoughts who does not ask about a failed task."""

_ENDS_OF_SUBMISSION = (
    "submission stops", "lost answers", "repeated ids", "throttled", "announced rate", "account stops", "signals",
    "broken disk", "doubtful commits", "deadlines", "outages", "crashes",
)  # fmt: skip

_STRENGTHS = (0.03, 0.1, 0.3)
_MODES = ("normal", "fun", "spicy")
_RATIOS = ("1:1", "2:3")


@dataclass(frozen=True)
class Mix:
    """Everything about one simulation but the draws of its single events.

    ``rates`` holds the strength of each family that is on (the chance that one event is hit by it). ``fsync_s`` is
    what a commit takes; ``None``: commits are made at once, by a writer without a thread. ``lives`` is how many
    processes the safety phase starts at most.
    """

    seed: str
    jobs: tuple[Job, ...]
    limits: Limits = field(default_factory=Limits)
    retries: Retries = field(default_factory=Retries)
    budget: int | None = None
    rates: dict[str, float] = field(default_factory=dict)
    fsync_s: float | None = None
    network_s: float = 0.3
    task_s: float = 20.0
    lives: int = 1
    fit: bool = False
    submissions: int | None = None
    stop_after_s: float | None = None

    def is_on(self, family):
        return family in self.rates

    def random(self, purpose):
        """A stream of draws of its own for each purpose, so that one more draw here shifts nothing there."""
        return random.Random(f"{self.seed}:{purpose}")

    def healed(self):
        """The same with every fault off: the liveness phase."""
        limits = replace(self.limits, max_failures=None)
        return replace(self, rates={}, limits=limits, fit=False, submissions=None, stop_after_s=None)

    def has_too_many_failures(self, failed):
        """Whether that many failed jobs end submission."""
        cap = self.limits.max_failures
        return cap is not None and failed >= cap.in_jobs(len(self.jobs))


def mix_of(seed):
    """The mix that a seed stands for."""
    draw = random.Random(f"{seed}:mix")
    rates = _rates(draw) | _hidden_cap(seed) | _arrivals(seed)
    jobs = make_jobs(draw, 21 + draw.randrange(4) if draw.random() < 0.03 else draw.randint(1, 8))
    mix = Mix(
        seed=str(seed),
        jobs=jobs,
        limits=_limits(draw, rates),
        retries=Retries(
            attempts=draw.randint(1, 3),
            regenerate_failed=draw.choice((0, 0, 1, 2)),
            on_unknown=draw.choice((OnUnknown.HOLD, OnUnknown.HOLD, OnUnknown.RESUBMIT)),
        ),
        budget=_budget(draw, len(jobs)),
        rates=rates,
        fsync_s=draw.choice((None, 0.001, 0.02, 0.1)),
        network_s=draw.choice((0.05, 0.3, 2.0)),
        task_s=draw.choice((2.0, 20.0, 90.0)),
        lives=draw.randint(1, 5),
        fit=draw.random() < 0.2,
        submissions=draw.randint(1, 6) if draw.random() < 0.1 else None,
        stop_after_s=draw.choice((5.0, 60.0)) if "deadlines" in rates else None,
    )
    return _in_a_rush(mix, draw) if draw.random() < 0.1 else mix


def make_jobs(draw, number):
    """That many different jobs; some share all but their take, so that their requests look the same."""
    jobs, takes = [], {}
    for rank in range(number):
        asked = (f"prompt {draw.randrange(4)}", draw.choice(_MODES), draw.choice(_RATIOS))
        takes[asked] = takes.get(asked, 0) + 1
        images = ("https://images.example/1.png",) if asked[0] == "prompt 3" else ()
        jobs.append(_job(asked, takes[asked], rank, images))
    return tuple(jobs)


def _job(asked, take, rank, images):
    prompt, mode, ratio = asked
    identity = hashlib.sha256(repr((asked, take)).encode()).hexdigest()[:24]
    return Job(
        job_id=JobId(identity),
        prompt_id=prompt.replace(" ", "-"),
        prompt=prompt,
        mode=mode,
        ratio=ratio,
        take=take,
        path=f"{prompt.replace(' ', '-')}/{mode}_{ratio.replace(':', 'x')}/take-{take:02d}",
        rank=rank,
        place=Place("simulated.yaml"),
        images=images,
    )


def _rates(draw):
    share = draw.choice((0.0, 0.1, 0.25, 0.5))
    rates = {family: draw.choice(_STRENGTHS) for family in FAMILIES if draw.random() < share}
    if draw.random() < 0.5:
        rates.setdefault("crashes", 0.3)
    for family, needed in _NEEDS.items():
        if family in rates:
            rates |= {each: max(0.3, rates.get(each, 0.0)) for each in needed}
    return rates


def _hidden_cap(seed):
    """Drawn by itself: the other draws of a seed stay what they were."""
    draw = random.Random(f"{seed}:hidden cap")
    return {"hidden cap": draw.choice((0.0, 0.4, 0.7))} if draw.random() < 0.05 else {}


def _arrivals(seed):
    """Whether the last jobs come while the first are worked; drawn by itself as well."""
    draw = random.Random(f"{seed}:arrivals")
    return {"arrivals": draw.choice((0.0, 0.3, 0.7))} if draw.random() < 0.15 else {}


def _in_a_rush(mix, draw):
    """Everything at once on a slow disk, and trouble: what one job learns comes while another's reservation is written."""
    families = draw.sample(_ENDS_OF_SUBMISSION, 2)
    rates = dict.fromkeys(families, 0.4)
    limits = replace(
        mix.limits, in_flight=8, requests_per_minute=600.0, submissions_per_hour=None, canary=False
    )
    return replace(
        mix,
        jobs=make_jobs(draw, 8),
        limits=limits,
        budget=None,
        rates=rates,
        fsync_s=draw.choice((0.1, 0.5)),
        task_s=2.0,
        submissions=None,
        stop_after_s=5.0 if "deadlines" in rates else None,
    )


def _limits(draw, rates):
    return Limits(
        in_flight=draw.choice((1, 2, 3, 8)),
        requests_per_minute=draw.choice((6.0, 30.0, 120.0, 600.0)),
        submissions_per_hour=draw.choice((2.0, 5.0, 20.0)) if "hour cap" in rates else None,
        downloads=draw.choice((1, 2, 8)),
        task_deadline_s=draw.choice((60.0, 300.0, 2700.0)),
        canary=draw.random() < 0.5,
        max_failures=FailureCap(count=draw.randint(1, 3)) if "failure cap" in rates else None,
    )


def _budget(draw, jobs):
    """Often tight: exactly some jobs, one credit less, or a little more; sometimes none at all."""
    if draw.random() < 0.2:
        return None
    return max(0, PRICE * draw.randint(0, jobs + 2) + draw.choice((0, 0, 0, -1, 1, 13)))
