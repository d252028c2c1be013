"""What a run keeps of its canaries: what became of them, and who has to wait until they are back."""

import asyncio
from collections.abc import Mapping

from runner.core.canary import Kind, Loss, loss_of
from runner.core.records import StoredJob


class Canaries:
    """They are out until ``let_all_go``: whoever would be paid for again meanwhile waits for its turn."""

    def __init__(self) -> None:
        self._are_out = True
        self._losses: dict[int, Loss] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}

    @property
    def are_out(self) -> bool:
        """Whether they are not known to be back."""
        return self._are_out

    @property
    def waiting(self) -> Mapping[str, object]:
        """The jobs that wait for their turn, by id."""
        return self._waiting

    def note(self, job: StoredJob) -> None:
        """A job rests, or is overdue: without its file, it is a loss while the canaries are out."""
        loss = loss_of(job)
        if loss is None:
            self._losses.pop(job.pk, None)
        elif self._are_out and not job.removed:
            self._losses[job.pk] = loss

    def losses_of(self, kind: Kind) -> list[Loss]:
        """The canaries of a kind that came to nothing in this run, in the order in which they did."""
        return [loss for loss in self._losses.values() if loss.kind == kind]

    async def turn_of(self, job_id: str) -> None:
        """Wait until the canaries are back, or this job is to be one."""
        if not self._are_out:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[job_id] = turn
        try:
            await turn
        finally:
            self._waiting.pop(job_id, None)

    def send_out(self) -> None:
        """From now on nobody is paid for again unless it is his turn."""
        self._are_out = True

    def let_go(self, job_id: str) -> bool:
        """The turn of a job has come; ``False`` if it does not wait for it."""
        turn = self._waiting.pop(job_id, None)
        if turn is None:
            return False
        if not turn.done():
            turn.set_result(None)
        return True

    def let_all_go(self) -> None:
        """The canaries are back, or none was needed."""
        self._are_out = False
        for job_id in tuple(self._waiting):
            self.let_go(job_id)
