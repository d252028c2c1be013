"""What the service decides: an answer for each request, drawn, noted and, where it accepts, durable before it leaves."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from runner.sandbox.answers import Answer, refusal
from runner.sandbox.draws import Draws
from runner.sandbox.ledger import Ledger, LoggedRequest
from runner.sandbox.options import SandboxOptions
from runner.sandbox.rate import Window


@dataclass(slots=True)
class Service:
    """What all answers share. ``clock`` gives epoch seconds; everything else follows from ``options``."""

    options: SandboxOptions
    ledger: Ledger
    clock: Callable[[], float] = time.time
    draws: Draws = field(init=False)
    window: Window = field(init=False)

    def __post_init__(self) -> None:
        self.draws = Draws(self.options.seed)
        self.window = Window(self.options)

    def drawn(self, faults: tuple[str, ...], key: str, turn: int) -> str | None:
        """The first of these faults that strikes the ``turn``-th ask for ``key``, or ``None``."""
        return next((name for name in faults if self.strikes(name, key, turn)), None)

    def strikes(self, fault: str, key: str, turn: int = 0) -> bool:
        """Whether this one fault strikes."""
        return self.draws.hits(getattr(self.options, fault), fault, key, turn)

    def held_back(self, answer: Answer, key: str, turn: int) -> Answer:
        """The same answer, late where ``slow_answer`` strikes."""
        if not self.strikes("slow_answer", key, turn):
            return answer
        return replace(answer, delay_s=answer.delay_s + self.options.slow_answer_s)

    def note(self, kind: str, key: str, turn: int, decision: str) -> None:
        """Writes a request down; see ``LoggedRequest`` for the words."""
        self.ledger.note(LoggedRequest(kind, key, turn, decision, self.clock()))

    def turn_away(self, key: str, answer: Answer) -> Answer:
        """Notes a refusal that no fault drew.

        It stands apart from the rest: it depends on the order of arrival, which may not move the draws of the
        requests that are let in.
        """
        self.note("refused", key, self.ledger.turn("refused", key), str(answer.status))
        return answer

    def bad_request(self, key: str, message: str) -> Answer:
        """400, in the words of the reference's own example."""
        return self.turn_away(key, refusal(400, "INVALID_REQUEST", f"Invalid request: {message}"))

    def too_many(self, key: str, message: str, wait_s: float) -> Answer:
        """429, which passes in ``wait_s`` seconds."""
        headers = self.window.retry_after(wait_s)
        return self.turn_away(key, refusal(429, "RATE_LIMITED", message, headers))

    def no_such_path(self, key: str, status: int) -> Answer:
        """404 or 405 with an envelope."""
        known = HTTPStatus(status)
        return self.turn_away(key, refusal(status, known.name, known.phrase))
