"""What a worker does: fetch a few files into the tree's ``.partial``. It has to import nothing of any engine.

The same call may be made twice, at once or one after the other, by workers of which one was taken for dead: so each works
under a name of its own (``handing.fresh_name``), and who asked takes over one of them.
"""

import asyncio
import platform
from dataclasses import dataclass

from runner import __version__
from runner.core.errors import UsageError
from runner.files.addresses import AddressPolicy
from runner.files.download import FetchRequest, fetch
from runner.files.handing import Handed, fresh_name, handed
from runner.files.outcomes import Broken, Content, Fetched, FetchOutcome, PlaceOutcome
from runner.files.root import OutputRoot
from runner.files.session import open_session


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all files of a run. ``ca_file`` and ``tree`` are paths that the worker sees as well; or a bucket's URL.

    ``at_once`` is how many of them one call receives at once, ``held_bytes_max`` what each may hold in memory.
    """

    version: str
    tree: str
    policy: AddressPolicy
    ca_file: str | None
    proxy: str | None
    at_once: int
    held_bytes_max: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file: ``partial`` is its name under ``.partial`` for whoever asked."""

    url: str
    partial: str


@dataclass(frozen=True, slots=True)
class Placing:
    """A file that waits in a bucket as ``handed``, and that is to get the final key ``path``: its content is committed."""

    partial: str
    path: str
    content: Content
    handed: Handed


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one: after ``Fetched``, ``handed`` is what has to be taken over."""

    outcome: FetchOutcome | PlaceOutcome
    handed: Handed | None = None


def fetch_all(terms: Terms, wanted: tuple[Wanted, ...]) -> tuple[Answer, ...]:
    """Fetch them all, in a loop of its own; the answers in their order. Blocks, and raises nothing for servers and disks."""
    if (other := other_program(terms)) is not None:
        return tuple(Answer(other) for _ in wanted)
    try:
        with OutputRoot(terms.tree, create=False) as root:
            return asyncio.run(_fetched(terms, root, wanted))
    except UsageError as error:
        return tuple(Answer(Broken(f"at the worker {platform.node()}: {error}")) for _ in wanted)


def other_program(terms: Terms) -> Broken | None:
    """Why this process may not do what they say, if so."""
    if terms.version == __version__:
        return None
    return Broken(f"the worker {platform.node()} has runner {__version__} instead of {terms.version}")


async def _fetched(terms: Terms, root: OutputRoot, wanted: tuple[Wanted, ...]) -> tuple[Answer, ...]:
    turns = asyncio.Semaphore(terms.at_once)
    async with open_session(terms.policy, ca_file=terms.ca_file, proxy=terms.proxy) as session:

        async def one(file: Wanted) -> Answer:
            name = fresh_name(file.partial)
            request = FetchRequest(file.url, name, terms.policy, held_bytes_max=terms.held_bytes_max)
            async with turns:
                outcome = await fetch(session, root, request)
            if isinstance(outcome, Fetched):
                return Answer(outcome, await asyncio.to_thread(handed, root, name))
            await asyncio.to_thread(_forget, root, name)
            return Answer(outcome)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(file)) for file in wanted]
    return tuple(task.result() for task in tasks)


def _forget(root: OutputRoot, name: str) -> None:
    """Nobody would find it again under this name."""
    try:
        root.remove_partial(name)
    except OSError:
        return
