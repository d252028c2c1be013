"""What the service accepted: a submission, and the task that was made of it with its whole fate."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runner.sandbox.draws import Draws
from runner.sandbox.options import SandboxOptions

MODES = ("fun", "normal", "spicy")
RATIOS = ("2:3", "3:2", "1:1")
PROMPT_CHARS_MAX = 5000

_MODERATED = "Inappropriate content, please try another prompt."
_UNSUPPORTED = "File type not supported"
_FAILURES = ("grok imagine build failed", "Network error, please try again later.", _UNSUPPORTED)


class TaskOutcome(StrEnum):
    """How a task ends, once it is ready; stored as these words."""

    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of a ``POST /v1/generate`` that was found good."""

    prompt: str
    mode: str
    ratio: str
    images: tuple[str, ...] = ()

    @property
    def echo(self) -> Mapping[str, Any]:
        """The body as the status answer repeats it; ``images`` only where there are any."""
        body: dict[str, Any] = {"mode": self.mode, "prompt": self.prompt, "ratio": self.ratio}
        return body | {"images": list(self.images)} if self.images else body

    @property
    def digest(self) -> str:
        """32 hex digits that are the same for the same submission only."""
        text = json.dumps([self.prompt, self.mode, self.ratio, self.images])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Task:
    """An accepted submission. Times are epoch seconds of the wall clock, so they hold across a restart.

    ``charged_credits`` is what it costs in the end (0 where it is refunded), ``price_credits`` what the account is
    charged until ``ready_at_s``. ``token_digest`` tells accounts apart; the token itself is never kept.
    """

    task_id: str
    submission: Submission
    token_digest: str
    created_at_s: float
    ready_at_s: float
    outcome: TaskOutcome
    error_message: str | None
    files: int
    price_credits: int
    charged_credits: int


def submission_in(body: bytes) -> Submission:
    """The submission that stands in ``body``; raises ``ValueError``, with the service's words, where it is not good.

    Mode, ratio and prompt are required. The reference does not say what holds without them, so none is guessed.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON") from None
    if not isinstance(content, dict):
        raise ValueError("The body is not an object")  # noqa: TRY004 - one kind of error for everything a client got wrong
    prompt = content.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError("The prompt parameter is required")
    if len(prompt) > PROMPT_CHARS_MAX:
        raise ValueError(f"The prompt parameter is longer than {PROMPT_CHARS_MAX} characters")
    return Submission(
        prompt,
        _word_in(content, "mode", MODES),
        _word_in(content, "ratio", RATIOS),
        _images_in(content),
    )


def plan_task(options: SandboxOptions, submission: Submission, turn: int, token: str, now_s: float) -> Task:
    """The task that the ``turn``-th POST (from 0) of ``submission`` makes, its whole fate drawn beforehand."""
    draws = Draws(options.seed)
    task_id = "task_" + draws.name("task_id", submission.digest, turn)
    error_message = _error_message(options, draws, task_id, has_images=bool(submission.images))
    is_single = draws.hits(options.single_url, "single_url", task_id)
    files = 2 if not is_single and draws.hits(options.two_files, "two_files", task_id) else 1
    duration_s = draws.lognormal(options.latency_median_s, options.latency_spread, task_id)
    return Task(
        task_id=task_id,
        submission=submission,
        token_digest=hashlib.sha256(token.encode()).hexdigest()[:16],
        created_at_s=now_s,
        ready_at_s=now_s + duration_s,
        outcome=TaskOutcome.FAILED if error_message else TaskOutcome.COMPLETED,
        error_message=error_message,
        files=0 if error_message else files,
        price_credits=options.price_credits,
        charged_credits=_charge(options, draws, task_id, has_failed=error_message is not None),
    )


def _word_in(content: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    word = content.get(name)
    if word is None:
        raise ValueError(f"The {name} parameter is required")
    if word not in allowed:
        raise ValueError(f"The {name} parameter is not one of {', '.join(allowed)}")
    return str(word)


def _images_in(content: Mapping[str, Any]) -> tuple[str, ...]:
    images = content.get("images", [])
    if not isinstance(images, list) or not all(
        isinstance(url, str) and url.startswith(("http://", "https://")) for url in images
    ):
        raise ValueError("The images parameter is not a list of http(s) URLs")
    return tuple(images)


def _error_message(options: SandboxOptions, draws: Draws, task_id: str, *, has_images: bool) -> str | None:
    if draws.hits(options.moderation, "moderation", task_id):
        return _MODERATED
    if has_images and draws.hits(options.image_unsupported, "image_unsupported", task_id):
        return _UNSUPPORTED
    if draws.hits(options.task_fails, "task_fails", task_id):
        return _FAILURES[int(draws.unit("failure", task_id) * len(_FAILURES))]
    return None


def _charge(options: SandboxOptions, draws: Draws, task_id: str, *, has_failed: bool) -> int:
    if has_failed:
        is_charged = draws.hits(options.failed_charged, "failed_charged", task_id)
        return options.price_credits if is_charged else 0
    return options.price_credits * (2 if draws.hits(options.overcharge, "overcharge", task_id) else 1)
