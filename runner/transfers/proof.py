"""Whether every worker has this program and sees this tree, shown before anything is paid.

The coordinator writes a nonce that each worker must read, and each worker one that the coordinator must read: a directory of
the same name on another disk passes neither.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from runner import __version__
from runner.core.errors import UsageError
from runner.files.handing import fresh_name
from runner.transfers.engine import CallFailedError, Engine, EngineLostError
from runner.transfers.meeting import NONCE_BYTES, Meeting, met

_SHOWN_MAX = 3
_NOTHING_SENT = "nothing was sent"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker, whose program has this ``version``, saw: the hash of ``ca_file``; or ``trouble`` in words.

    ``left`` is the name of the nonce that it wrote.
    """

    version: str
    left: str = ""
    ca_sha256: str | None = None
    trouble: str | None = None


async def prove(engine: Engine, tree: str, meeting: Meeting, ca_file: str | None) -> int:
    """Raise ``UsageError`` unless every worker that is there passes; how many they are."""
    _refuse_other_versions(await engine.versions())
    name, nonce = fresh_name("probe"), secrets.token_hex(NONCE_BYTES // 2)
    try:
        await asyncio.to_thread(meeting.write, name, nonce)
        answers = await engine.everywhere(look, tree, name, nonce, ca_file)
    except EngineLostError as error:
        raise UsageError(f"the workers could not be asked what they see: {error}; {_NOTHING_SENT}") from error
    except OSError as error:
        raise UsageError(f"{tree} cannot be written: {error.strerror}; {_NOTHING_SENT}") from error
    finally:
        await asyncio.to_thread(meeting.remove, name)
    if not answers:
        raise UsageError(f"no worker was left to be asked what it sees; run it again; {_NOTHING_SENT}")
    seen = _of_our_program(answers)
    ours = sha256_of(ca_file)
    faults = [
        f"the worker {worker} cannot be used: {fault}"
        for worker, one in seen.items()
        if (fault := await asyncio.to_thread(_fault, meeting, one, nonce, ours)) is not None
    ]
    if faults:
        more = f" (and {len(faults) - _SHOWN_MAX} more)" if len(faults) > _SHOWN_MAX else ""
        raise UsageError(f"{'; '.join(faults[:_SHOWN_MAX])}{more}. {meeting.must}; {_NOTHING_SENT}")
    return len(seen)


def look(tree: str, name: str, nonce: str, ca_file: str | None) -> Seen:
    """On a worker: read the coordinator's nonce, and leave it once more under a name of its own. Blocks; raises nothing."""
    try:
        with met(tree) as meeting:
            if meeting.read(name) != nonce:
                return Seen(__version__, trouble="it sees another file than this process wrote")
            left = fresh_name("probe")
            meeting.write(left, nonce)
            return Seen(__version__, left, sha256_of(ca_file))
    except UsageError as error:
        return Seen(__version__, trouble=str(error).partition(";")[0])
    except OSError as error:
        return Seen(__version__, trouble=f"it does not see what this process writes there: {error.strerror}")


def sha256_of(ca_file: str | None) -> str | None:
    """The hash of that file, ``None`` where it is not named or cannot be read."""
    if ca_file is None:
        return None
    try:
        return hashlib.sha256(Path(ca_file).read_bytes()).hexdigest()
    except OSError:
        return None


def _refuse_other_versions(versions: dict[str, dict[str, str]]) -> None:
    """What is pickled here is unpickled there."""
    ours = versions[""]
    for who, theirs in versions.items():
        for package, wanted in ours.items():
            if theirs[package] != wanted:
                raise _other(who, package, theirs[package], wanted)


def _of_our_program(answers: dict[str, Seen | CallFailedError]) -> dict[str, Seen]:
    """The rules of a download are those of one program: raises ``UsageError`` where another one answered, or none."""
    seen = {}
    for worker, answer in answers.items():
        if isinstance(answer, CallFailedError):
            raise UsageError(
                f"the worker {worker} cannot load runner {__version__} ({answer}): install it there, in the environment that "
                f"the worker runs in; {_NOTHING_SENT}"
            )
        if answer.version != __version__:
            raise _other(f"the worker {worker}", "runner", answer.version, __version__)
        seen[worker] = answer
    return seen


def _other(who: str, package: str, found: str, wanted: str) -> UsageError:
    return UsageError(
        f"{who} has {package} {found}, this process {wanted}: they must be the same; {_NOTHING_SENT}"
    )


def _fault(meeting: Meeting, seen: Seen, nonce: str, ca_sha256: str | None) -> str | None:
    if seen.trouble is not None:
        return seen.trouble
    try:
        found = meeting.read(seen.left)
    except OSError:
        return "what it writes is not seen here"
    finally:
        meeting.remove(seen.left)
    if found != nonce:
        return "what it writes is not seen here"
    return None if seen.ca_sha256 == ca_sha256 else "it does not have the same provider.ca_file"
