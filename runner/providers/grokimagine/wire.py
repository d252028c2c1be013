"""Requests as bytes, answers as outcomes: the tables of the contract, and nothing that touches a network.

One rule stands above the tables of a submission: an answer that names a task is never a refusal. At worst it is
*unknown* with that task as the candidate, and asking for its status is free.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.core.announced import parse_announcement, parse_retry_after
from runner.core.outcomes import (
    Accepted,
    Announcement,
    Completed,
    ErrorClass,
    Failed,
    GenerationRequest,
    NotFound,
    NothingLearned,
    RefusalKind,
    Refused,
    Running,
    StatusOutcome,
    SubmitOutcome,
    TaskId,
    Throttled,
    Unknown,
    task_id_of,
)
from runner.providers.grokimagine import fields
from runner.providers.grokimagine.fields import Stage
from runner.providers.grokimagine.strict_json import MalformedError, inflated, parsed

_REFUSALS = {
    **dict.fromkeys((400, 413, 415, 422), RefusalKind.REQUEST),
    **dict.fromkeys((401, 403), RefusalKind.ACCOUNT),
    402: RefusalKind.CREDIT,
    **dict.fromkeys((404, 405), RefusalKind.ADDRESS),
}
"""The statuses, and the envelope codes under a 2xx, that prove that nothing was accepted. Unlisted: unknown."""

_PASSING = frozenset({429, 455, 503})
_PASSING_BARE = frozenset({429})  # the others only with the envelope: an edge network's 503 proves nothing

_MEANINGS = {
    RefusalKind.REQUEST: "the service refused the request",
    RefusalKind.ACCOUNT: "the service refused the token or the account - check both",
    RefusalKind.CREDIT: "the account has no credits left - add some",
    RefusalKind.ADDRESS: "there is no such API at this address - check base_url",
}
_EDGE = (
    "the edge network in front of the service refused the request before the service saw it"
    " - it does so for some addresses and for some User-Agents, so try from another network"
)
_PROOF_OF_TASK = ("task_id", "status", "request", "response", "created_at")

Hide = Callable[[str], str]


def _hide_nothing(text: str) -> str:
    return text


def submit_body(request: GenerationRequest) -> bytes:
    """The body of ``POST /v1/generate``. Mode and ratio always (their defaults are stated nowhere); no empty images.

    Plain ASCII with JSON escapes, so that no text, not even half a character, fails to be encoded.
    """
    members: dict[str, object] = {"mode": request.mode, "prompt": request.prompt, "ratio": request.ratio}
    if request.images:
        members["images"] = list(request.images)
    return json.dumps(members).encode("ascii")


def classify_submit(
    status: int, headers: Mapping[str, str], body: bytes, complete: bool, hide: Hide = _hide_nothing
) -> SubmitOutcome:
    """What an answer to a POST means.

    ``status`` is that of a real response head, never that of an exception; ``complete`` is False where the body was
    cut off, timed out or exceeds 1 MiB; ``hide`` takes secrets out of texts.
    """
    answer = _Answer.read(headers, body, complete, hide)
    if 300 <= status <= 399:
        reason = f"HTTP {status}: a redirect, which is not followed for a paid request - check base_url"
        return Unknown(reason, answer.candidate, stops_run=True, limits=answer.limits)
    if 200 <= status <= 299:
        return _classify_2xx(status, answer)
    refusal = None if answer.candidate else answer.refusal(status)
    return refusal or answer.unknown(status)


def classify_status(
    asked: TaskId,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    complete: bool,
    hide: Hide = _hide_nothing,
) -> StatusOutcome:
    """What an answer to ``GET /v1/status`` about the task ``asked`` means; the arguments as in ``classify_submit``."""
    answer = _Answer.read(headers, body, complete, hide, lenient_numbers=True)
    code = status
    if 200 <= status <= 299:
        if not complete or answer.envelope is None:
            return answer.nothing(status)
        code = 200 if answer.code is None else answer.code
        if code == 200:
            return _classify_task(asked, answer)
    if 300 <= code <= 399:
        message = f"HTTP {code}: a redirect, which is not followed - check base_url"
        return Refused(RefusalKind.ADDRESS, message, ErrorClass.SERVICE, answer.limits)
    if code == 404:
        return NotFound(answer.message(code, "the service does not know this task"), answer.limits)
    if _REFUSALS.get(code) is RefusalKind.REQUEST:
        return answer.nothing(code)
    return answer.refusal(code) or answer.nothing(code)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer's headers and body, as far as they could be read; ``envelope`` is ``None`` where they could not."""

    envelope: Mapping[str, object] | None
    fault: str
    candidate: TaskId | None
    limits: Announcement
    after_s: float | None
    hide: Hide

    @classmethod
    def read(
        cls,
        headers: Mapping[str, str],
        body: bytes,
        complete: bool,
        hide: Hide,
        *,
        lenient_numbers: bool = False,
    ) -> "_Answer":
        encoding = next((value for name, value in headers.items() if name.lower() == "content-encoding"), "")
        plain, whole = inflated(body, encoding)
        envelope, fault = None, "" if complete and whole else "it was cut off"
        try:
            value = parsed(plain, lenient_numbers=lenient_numbers)
            envelope = value if isinstance(value, dict) and complete and whole else None
            fault = fault or ("" if envelope is not None else "it is not a JSON object")
        except MalformedError as error:
            fault = fault or str(error)
        limits, after_s = parse_announcement(headers), parse_retry_after(headers)
        return cls(envelope, fault, _candidate(envelope, plain, hide), limits, after_s, hide)

    @property
    def code(self) -> int | None:
        return None if self.envelope is None else fields.code_of(self.envelope.get("code"))

    @property
    def is_enveloped(self) -> bool:
        """Whether it is the API's own JSON (``code`` and a message), not that of something in between."""
        return self.envelope is not None and self.code is not None

    def task(self) -> Mapping[str, object]:
        """The members about the task: ``data``, or the envelope itself where that names a task.

        Without a task's name at the top level, a ``status`` there may as well be that of the call.
        """
        envelope = self.envelope or {}
        inner = envelope.get("data")
        if isinstance(inner, dict):
            return inner
        return envelope if envelope.get("task_id") is not None else {}

    def text(self) -> str:
        """The service's own message, "" where there is none."""
        for key in ("message", "msg", "error", "detail"):
            value = None if self.envelope is None else self.envelope.get(key)
            if isinstance(value, str) and value.strip():
                return self.clean(value)
        return ""

    def clean(self, text: str) -> str:
        # Hidden before it is cut: half a token is a token's half.
        return fields.cut(self.hide(fields.shown(text)))

    def message(self, code: int, meaning: str) -> str:
        text = self.text()
        return fields.cut(f"{meaning} (HTTP {code})" + (f": {text}" if text else ""))

    def refusal(self, code: int) -> Refused | Throttled | None:
        """The refusal that ``code`` proves, if it proves one."""
        if code in _PASSING and (self.is_enveloped or code in _PASSING_BARE):
            return Throttled(self.message(code, "the service asks to wait"), self.after_s, self.limits)
        kind = _REFUSALS.get(code)
        if kind is None:
            return None
        from_edge = code == 403 and self.envelope is None
        message = self.message(code, _EDGE if from_edge else _MEANINGS[kind])
        return Refused(kind, message, _class_of(kind, message), self.limits)

    def unknown(self, status: int) -> Unknown:
        told = f": {self.text()}" if self.text() else ""
        code = f", code {self.code}" if self.code not in {None, status} else ""
        fault = f", the body cannot be used: {self.fault}" if self.fault else ""
        reason = fields.cut(f"HTTP {status}{code}{fault}{told}")
        return Unknown(reason, self.candidate, limits=self.limits)

    def nothing(self, code: int) -> NothingLearned:
        return NothingLearned(self.unknown(code).reason, limits=self.limits)


def _candidate(envelope: Mapping[str, object] | None, plain: bytes, hide: Hide) -> TaskId | None:
    if envelope is None:
        found = fields.salvaged_task_id(plain)
    else:
        inner = envelope.get("data")
        places = (inner, envelope) if isinstance(inner, dict) else (envelope,)
        ids = (task_id_of(place.get("task_id")) for place in places)
        found = next((task_id for task_id in ids if task_id), None) or fields.salvaged_task_id(plain)
    # A server that echoes the token as an id must not get it into the state.
    return found if found is not None and hide(found) == found else None


def _classify_2xx(status: int, answer: _Answer) -> SubmitOutcome:
    if answer.envelope is None:
        return answer.unknown(status)
    if answer.code == 200:
        task_id = _accepted_id(answer)
        if task_id is not None:
            return Accepted(task_id, answer.limits)
        reason = f"HTTP {status}, the service accepted, but named no task that can be used"
        return Unknown(reason, answer.candidate, limits=answer.limits)
    refusal = None if answer.candidate or answer.code is None else answer.refusal(answer.code)
    return refusal or answer.unknown(status)


def _accepted_id(answer: _Answer) -> TaskId | None:
    """The id at one of its two places; ``None`` where they name different tasks, or one that cannot be used."""
    envelope = answer.envelope or {}
    inner = envelope.get("data")
    places = (inner, envelope) if isinstance(inner, dict) else (envelope,)
    given = [place["task_id"] for place in places if place.get("task_id") is not None]
    ids = {task_id_of(value) for value in given}
    return answer.candidate if ids == {answer.candidate} else None


def _class_of(kind: RefusalKind, message: str) -> ErrorClass:
    if kind is RefusalKind.REQUEST:
        found = fields.error_class_of(message)
        return found if found is ErrorClass.MODERATION else ErrorClass.VALIDATION
    classes = {RefusalKind.ACCOUNT: ErrorClass.AUTH, RefusalKind.CREDIT: ErrorClass.CREDIT}
    return classes.get(kind, ErrorClass.SERVICE)


def _classify_task(asked: TaskId, answer: _Answer) -> StatusOutcome:
    task = answer.task()
    if all(task.get(key) is None for key in _PROOF_OF_TASK):
        return NothingLearned("the answer says nothing about the task", limits=answer.limits)
    named = task.get("task_id")
    if named is not None and str(named) != asked:
        # A cache or a proxy mixed answers up: booked here, it would be another task's charge and files.
        return NothingLearned("the answer is about another task", limits=answer.limits)
    stage, word = fields.stage_of(task.get("status"))
    echo = fields.echo_of(task.get("request"), answer.hide)
    match stage:
        case Stage.RUNNING:
            return Running(echo=echo, limits=answer.limits)
        case Stage.UNHEARD:
            return Running(answer.hide(word), echo, answer.limits)
        case Stage.DONE:
            # A URL with the token in it would take the token to the CDN and into the state.
            urls = tuple(url for url in fields.urls_of(task.get("response")) if answer.hide(url) == url)
            return Completed(urls, fields.charged_of(task), echo, answer.limits)
        case Stage.FAILED:  # pragma: no branch - mypy proves that no other stage is left
            message = _failure_message(task, answer)
            return Failed(
                message, fields.error_class_of(message), fields.charged_of(task), echo, answer.limits
            )


def _failure_message(task: Mapping[str, object], answer: _Answer) -> str:
    for key in ("error_message", "error_msg", "error", "fail_reason"):
        value = task.get(key)
        if isinstance(value, str) and value.strip():
            return answer.clean(value)
    return "the service gave no reason"
