"""The service's words for states, charges, URLs and errors, read as ours.

Sources: the vendor's reference; siblings on the same template and the likely upstream for the other spellings.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from urllib.parse import urlsplit

from runner.core.money import Credits
from runner.core.outcomes import Echo, ErrorClass, TaskId
from runner.providers.grokimagine.strict_json import MalformedError, parsed

MESSAGE_CHARS_MAX = 500
URLS_MAX = 16
URL_CHARS_MAX = 4096

_TASK_ID_IN_BYTES = re.compile(rb'"task_?id"\s*:\s*"([A-Za-z0-9._:-]{1,200})"', re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_WORD_CHARS_MAX = 40

_DONE = frozenset(["completed", "complete", "success", "succeeded", "succeed", "done", "finished", "1"])
_FAILED = frozenset(
    [
        "failed",
        "fail",
        "failure",
        "error",
        "cancelled",
        "canceled",
        "rejected",
        "expired",
        "timeout",
        "aborted",
        "-1",
    ]
)
_RUNNING = frozenset(
    [
        "0",
        "created",
        "submitted",
        "accepted",
        "waiting",
        "queued",
        "queuing",
        "queueing",
        "pending",
        "scheduled",
        "started",
        "starting",
        "running",
        "processing",
        "in_progress",
        "generating",
        "in_queue",
    ]
)

_MODERATION = re.compile(
    r"inappropriate|moderat|nsfw|sensitive|prohibited|content policy|safety", re.IGNORECASE
)
_VALIDATION = re.compile(
    r"not supported|unsupported|invalid|required|too (?:long|large|big|many)", re.IGNORECASE
)


class Stage(Enum):
    """Where the service's word puts a task."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNHEARD = "unheard"


def salvaged_task_id(body: bytes) -> TaskId | None:
    """The first well-formed task id in bytes that are not, or not wholly, the JSON they should be."""
    found = _TASK_ID_IN_BYTES.search(body)
    return TaskId(found.group(1).decode("ascii")) if found else None


def code_of(value: object) -> int | None:
    """An envelope's ``code``: a whole number, or one written as text; anything else is no code."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def stage_of(value: object) -> tuple[Stage, str]:
    """Where the status word puts a task, and the word as the service wrote it (cut, cleaned)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return Stage.UNHEARD, "(none)" if value is None else f"({type(value).__name__})"
    written = str(value).strip().lower()
    word = written if written in {"1", "-1"} else re.sub(r"[-\s]+", "_", written)
    for words, stage in ((_DONE, Stage.DONE), (_FAILED, Stage.FAILED), (_RUNNING, Stage.RUNNING)):
        if word in words:
            return stage, word
    return Stage.UNHEARD, shown(str(value))[:_WORD_CHARS_MAX] or "(empty)"


def charged_of(members: Mapping[str, object]) -> Credits | None:
    """What was charged: ``consumed_credits`` or ``consumed_credit``, a number or 1 to 9 digits as text.

    ``None`` where nothing readable is said, or where the two spellings disagree.
    """
    given = [members[key] for key in ("consumed_credits", "consumed_credit") if members.get(key) is not None]
    read = {_credits(value) for value in given}
    return read.pop() if len(read) == 1 else None


def urls_of(value: object) -> tuple[str, ...]:
    """The acceptable URLs in ``response``, in order, each once, 16 at most.

    Taken are a list, a JSON text of one, one bare URL, and objects with ``url``; accepted are http(s) URLs with a
    host, without a user, of at most 4096 characters.
    """
    urls: dict[str, None] = {}
    for text in _texts(value, levels=3):
        if len(urls) < URLS_MAX and _is_acceptable(text):
            urls[text] = None
    return tuple(urls)


def echo_of(value: object, hide: Callable[[str], str]) -> Echo:
    """What the service says the request was, without secrets; it may be an object or a JSON text of one."""
    value = _unfolded(value)
    if not isinstance(value, dict):
        return Echo()
    prompt, mode = value.get("prompt"), value.get("mode")
    return Echo(
        prompt=hide(_sound(prompt)) if isinstance(prompt, str) else None,
        mode=hide(_sound(mode)) if isinstance(mode, str) else None,
    )


def error_class_of(message: str) -> ErrorClass:
    """The class of a failed task, from the words of its message (the reference lists four of them)."""
    if _MODERATION.search(message):
        return ErrorClass.MODERATION
    return ErrorClass.VALIDATION if _VALIDATION.search(message) else ErrorClass.SERVICE


def shown(text: str) -> str:
    """``text`` on one line: control characters become blanks, half characters (lone surrogates) question marks."""
    return _CONTROLS.sub(" ", _sound(text)).strip()


def cut(text: str) -> str:
    """``text`` in at most 500 characters."""
    return text if len(text) <= MESSAGE_CHARS_MAX else text[: MESSAGE_CHARS_MAX - 1] + "…"


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _credits(value: object) -> Credits | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return Credits(int(value))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return Credits(value)
    return None


def _unfolded(value: object) -> object:
    """A JSON text of an object or a list becomes that; everything else stays."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{", '"')):
        return value
    try:
        return parsed(value.encode("utf-8", "replace"), lenient_numbers=True)
    except MalformedError:
        return value


def _texts(value: object, levels: int) -> Iterator[str]:
    value = _unfolded(value)
    if isinstance(value, str):
        yield value.strip()
    elif levels and isinstance(value, list):
        for entry in value:
            yield from _texts(entry, levels - 1)
    elif levels and isinstance(value, dict):
        for key in ("url", "urls"):
            yield from _texts(value.get(key), levels - 1)


def _is_acceptable(url: str) -> bool:
    if not url or len(url) > URL_CHARS_MAX or re.search(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]", url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
