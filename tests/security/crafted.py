"""Answers as somebody would craft them who wants a job to be paid for twice, or nothing to be charged right.

All from one ``Random``. What an answer may mean is said by its ingredients here, and by a reading of JSON that shares
nothing with the classifiers.
"""

import gzip
import json
import re
import zlib
from dataclasses import dataclass, field
from random import Random

NO_FOR_NOW = frozenset({401, 402, 403, 404, 405, 429})
"""Statuses after which the contract lets the same job be sent again: nothing was accepted."""

NO_WITH_ENVELOPE = frozenset({455, 503})
_TASK = re.compile(r'"task_?id"\s*:\s*"[A-Za-z0-9._:-]{1,200}"', re.IGNORECASE)
_STATUSES = (
    *(200,) * 12,
    *(201, 202, 203, 204, 206, 207, 226, 300, 301, 302, 303, 304, 307, 308),
    *range(400, 432),
    *(
        451,
        455,
        455,
        499,
        500,
        501,
        502,
        503,
        503,
        504,
        505,
        507,
        511,
        520,
        521,
        522,
        523,
        524,
        525,
        526,
        530,
        599,
        999,
    ),
)
_CODES = (
    200,
    200,
    200,
    "200",
    0,
    1,
    400,
    401,
    402,
    403,
    404,
    405,
    413,
    422,
    429,
    455,
    500,
    503,
    -1,
    None,
    1e3,
    "x",
    True,
)
_WORDS = (
    "completed",
    "SUCCESS",
    "failed",
    "cancelled",
    "expired",
    "running",
    "pending",
    "moderating",
    "",
    "1",
    "-1",
    "0",
)
_CHARGES = (40, 40, 0, "40", "0", -1, 39, 80, 10**6, 10**12, 40.5, True, None, "4e1", [], float("nan"), "９")


@dataclass(frozen=True)
class Answer:
    """What a server said; ``complete`` is false where its body broke off."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @property
    def may_be_sent_again(self) -> bool:
        """Whether the contract lets a job that got this answer be sent once more."""
        text = self._inflated().decode("utf-8", "replace")
        if _TASK.search(text):
            return False
        code = _code_in(text) if self.complete else None
        if 200 <= self.status <= 299:
            return code in NO_FOR_NOW | NO_WITH_ENVELOPE
        return self.status in NO_FOR_NOW or (self.status in NO_WITH_ENVELOPE and code is not None)

    def _inflated(self) -> bytes:
        """Without a coating that shows itself, or that a header names."""
        for wbits in (31, 15) if self.headers.get("Content-Encoding") in {"gzip", "deflate"} else (31,):
            try:
                return zlib.decompressobj(wbits).decompress(self.body)
            except zlib.error:
                continue
        return self.body


@dataclass
class Crafter:
    """``is_stern``: no answer says that the same job may be sent again."""

    draw: Random
    is_stern: bool = False
    names: list[str] = field(default_factory=list)

    def submission(self) -> Answer:
        while True:
            status, code = (200, 200) if self.draw.random() < 0.3 else (self._pick(_STATUSES), ...)
            found = self._spoilt(status, self._envelope(self._task_data(), code))
            if not (self.is_stern and found.may_be_sent_again):
                return found

    def standing(self, task_id: str, prompt: str) -> Answer:
        pick = self._pick
        request = pick(
            ({"prompt": prompt, "mode": "normal"}, {"prompt": prompt.upper()}, json.dumps({"prompt": prompt}))
        )
        task: dict[str, object] = {
            "task_id": pick((task_id, task_id, task_id, "another", None)),
            "status": pick((*_WORDS, "completed", "completed", "failed", None, 7, [], {})),
            "consumed_credits": pick(_CHARGES),
            "request": pick((request, request, None, "x")),
            "response": pick((self._urls(), self._urls(), json.dumps(self._urls()), None, "", {}, 5)),
            "error_message": pick((None, "no", "\x1b[2J", "x" * 600, 5)),
        }
        for name in [each for each in task if self.draw.random() < 0.1]:
            del task[name]
        status = pick((*(200,) * 12, 202, 302, 400, 404, 429, 500, 502, 503))
        body = (
            task
            if self.draw.random() < 0.1
            else self._envelope(task, pick((200, 200, 200, 200, "200", 404, 500, None)))
        )
        return self._spoilt(status, body)

    def _task_data(self) -> object:
        name = f"task_{len(self.names)}_{self.draw.randrange(10**6)}"
        self.names.append(name)
        odd = ("", 7, None, [name], "a b", "a/b", "../x", "x" * 201, "\ud800", "a\n", True)
        name_of = (name, name, name, name, self._pick(self.names), self._pick(odd))
        key = self._pick(("task_id",) * 8 + ("taskId", "TASK_ID", "id", "task"))
        return self._pick(
            ({key: self._pick(name_of)}, {key: self._pick(name_of)}, {}, None, [], "x", [{key: name}])
        )

    def _envelope(self, content: object, code: object = ...) -> object:
        body: dict[str, object] = {
            "message": self._pick(("ok", "insufficient credits", "", None, "inappropriate"))
        }
        if self.draw.random() < 0.9:
            body["code"] = self._pick(_CODES) if code is ... else code
        if self.draw.random() < 0.9:
            body["data"] = content
        elif isinstance(content, dict):
            body |= content
        return self._pick((body, body, body, body, body, [body], None, "x", 5))

    def _urls(self) -> list[object]:
        return [
            self._pick(("https://cdn.example/1.mp4", {"url": "https://cdn.example/2.mp4"}, "javascript:x", 7))
        ]

    def _spoilt(self, status: int, content: object) -> Answer:
        body = json.dumps(content, ensure_ascii=self.draw.random() < 0.9).encode("utf-8", "surrogatepass")
        kind, complete = self.draw.random(), True
        if kind < 0.08:
            body, complete = body[: self.draw.randrange(len(body) + 1)], self.draw.random() < 0.3
        elif kind < 0.14:
            spoilt = bytearray(body)
            spoilt[self.draw.randrange(len(spoilt))] ^= 1 << self.draw.randrange(8)
            body = bytes(spoilt)
        elif kind < 0.2:
            frames = (
                b"",
                b"<html>%s</html>",
                b"\xef\xbb\xbf%s",
                b"%s%s",
                b" %s ",
                b"[%s",
                b"NaN%s",
                b"<b>Warning</b>%s",
            )
            frame = self._pick(frames)
            body = frame.replace(b"%s", body)
        elif kind < 0.24:
            body = self._pick((gzip.compress(body), zlib.compress(body), gzip.compress(body)[:-9]))
        return Answer(status, self._headers(), body, complete)

    def _headers(self) -> dict[str, str]:
        names = (
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "Retry-After",
            "RateLimit-Reset",
            "Date",
            "Content-Encoding",
        )
        values = (
            "0",
            "-1",
            "5",
            "1e9",
            "abc",
            "99999999999999",
            "Fri, 01 Jan 2100 00:00:00 GMT",
            "6m0s",
            "",
            "gzip",
            "nan",
        )
        return {name: self._pick(values) for name in names if self.draw.random() < 0.2}

    def _pick(self, choices):
        return self.draw.choice(choices)


def _code_in(text: str) -> int | None:
    """The envelope's code, as far as any reader of JSON would find one."""
    try:
        body = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    code = body.get("code") if isinstance(body, dict) else None
    if isinstance(code, str) and re.fullmatch("[0-9]+", code):
        return int(code)
    return code if type(code) is int else None
