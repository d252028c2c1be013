"""How the pretend service behaves: every number and every fault, each by its own name."""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from runner.core.errors import UsageError


class ResetForm(StrEnum):
    """How ``X-RateLimit-Reset`` is written; the reference does not state its unit."""

    DELTA = "delta"
    EPOCH = "epoch"
    EPOCH_MS = "epoch_ms"


def _share(default: float = 0.0) -> Any:
    return field(default=default, metadata={"share": True})


def _fault() -> Any:
    return field(default=0.0, metadata={"share": True, "fault": True})


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """The behaviour of a sandbox; the defaults are a healthy, quick service.

    A share is the part, 0 to 1, of the draws that meet a fault; what is drawn for one request is the same for the
    same ``seed`` whatever the order of arrival. Where several faults of one request are drawn, the first in the order
    written here wins. ``None`` is no limit. Raises ``UsageError`` for a value outside its range.
    """

    seed: int = 0
    token: str | None = None  # the only bearer token let in; None takes every token that is not empty

    # How long a task takes: lognormal, the spread is the deviation of the logarithm (0 = always the median).
    latency_median_s: float = 2.0
    latency_spread: float = 0.3
    answer_delay_s: float = 0.0  # before every API answer; the decision is taken, and durable, before it
    slow_answer_s: float = 3.0  # before an answer that the fault slow_answer holds back

    # How much may be asked. Upstream names 30 tasks at once; the reference leaves the rate open.
    window_requests: int = 600
    window_s: float = 60.0
    clock_windows: bool = False  # begun at multiples of window_s, not by the first request after the last
    reset_form: ResetForm = ResetForm.DELTA
    retry_after: bool = True  # whether 429 and 503 carry Retry-After
    pause_s: float = 1.0  # the Retry-After of a 429 or 503 that was drawn
    in_flight: int | None = 30
    submissions_per_hour: int | None = None

    # What comes out, and what it costs. The price and the 24 hours are those of the reference and of upstream.
    two_files: float = _share(0.3)
    file_size_bytes: int | None = None  # None: about 12 kB; never smaller than that
    url_life_s: float = 86400.0
    files_origin: str | None = None  # where the URLs of files point, as http://host:port; None: here
    price_credits: int = 40
    balance_credits: int | None = None  # what the account was ever given
    running_word: str = "processing"
    completed_word: str = "completed"
    failed_word: str = "failed"

    # Faults of a submission: first the six that accept nothing, then those that accept and answer badly.
    post_dropped_before: float = _fault()  # connection closed, or reset, after the request was read
    post_500: float = _fault()
    post_502_html: float = _fault()
    post_503_envelope: float = _fault()
    post_429: float = _fault()
    image_refused: float = _fault()  # 400 for a submission with images
    post_dropped_after: float = _fault()  # accepted, then closed or reset without an answer
    post_500_after_accept: float = _fault()
    post_cut_body: float = _fault()  # Content-Length announces more than comes
    post_malformed: float = _fault()  # 200, not JSON

    # Faults of a task, drawn once a task.
    moderation: float = _fault()  # failed, "Inappropriate content, ..."
    image_unsupported: float = _fault()  # failed, if it has images, "File type not supported"
    task_fails: float = _fault()
    failed_charged: float = (
        _fault()
    )  # the part of failed tasks that is charged all the same; others are refunded
    overcharge: float = _fault()  # a completed task costs twice the price
    empty_response: float = _fault()  # completed, but response is null for the first empty_asks asks
    empty_asks: int = 2
    stringified_response: float = _fault()  # response is a JSON string of the list
    single_url: float = _fault()  # one file, and response is its bare URL

    # Faults of a status answer.
    status_dropped: float = _fault()
    status_500: float = _fault()
    status_malformed: float = _fault()
    status_404_early: float = _fault()  # only the first three asks of a task
    unknown_word: float = _fault()  # a status that nobody knows, on any ask
    url_expires_early: float = _fault()  # the URLs of this answer are expired when they arrive

    slow_answer: float = _fault()  # of a submission or a status answer

    # Faults of a download.
    download_500: float = _fault()
    download_html: float = _fault()  # 200 and a page
    download_dropped: float = _fault()  # connection reset in the middle
    download_short: float = _fault()  # closed in the middle, after complete headers
    wrong_range: float = _fault()  # a Range is answered with another one

    def __post_init__(self) -> None:
        for option in fields(self):
            _check(option.name, getattr(self, option.name), is_share=bool(option.metadata.get("share")))


def _check(name: str, value: object, *, is_share: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if is_share and not 0 <= value <= 1:
        raise UsageError(f"sandbox option {name}: {value} is not a share between 0 and 1 (or 0% and 100%)")
    if name in _ABOVE_ZERO and not value > 0:
        raise UsageError(f"sandbox option {name}: {value} is not above 0")
    if name != "seed" and not 0 <= value < float("inf"):
        raise UsageError(f"sandbox option {name}: {value} is not a number of 0 or more")
    if name == "file_size_bytes" and value >= _BOX_BYTES_MAX:
        raise UsageError(
            f"sandbox option {name}: {value} is not below {_BOX_BYTES_MAX}, the most that an MP4 box holds"
        )


_ABOVE_ZERO = ("window_requests", "window_s", "in_flight", "submissions_per_hour", "price_credits")
_BOX_BYTES_MAX = 2**32

FAULTS = tuple(option.name for option in fields(SandboxOptions) if option.metadata.get("fault"))
"""The names of all fault shares, in the order in which they win over one another."""


def with_faults(options: SandboxOptions, share: float) -> SandboxOptions:
    """The same options with every fault at ``share`` (0 to 1), ``overcharge`` among them.

    Raises ``UsageError`` where ``share`` is not a share.
    """
    shares: dict[str, Any] = dict.fromkeys(FAULTS, share)
    return replace(options, **shares)
