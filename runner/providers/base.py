"""What every provider of generations can do."""

from typing import Protocol

from runner.core.model import Capabilities
from runner.core.outcomes import GenerationRequest, Probe, StatusOutcome, SubmitOutcome, TaskId


class Provider(Protocol):
    """One account at one service.

    Whatever the service or the network does comes back as an outcome; no method raises for it. A cancelled call
    raises ``CancelledError``: a cancelled ``submit`` must be taken as *unknown*.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the service takes and documents."""

    async def submit(self, request: GenerationRequest) -> SubmitOutcome:
        """Ask once for one generation. This is the call that costs money; it is never repeated in here."""

    async def status(self, task_id: TaskId) -> StatusOutcome:
        """Ask where an accepted task stands; free."""

    async def probe(self) -> Probe:
        """Ask about a task that there is not: whether the service answers, and takes the token; free."""

    async def close(self) -> None:
        """Close every connection; the provider can be used again afterwards."""
