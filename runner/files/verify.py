"""Comparing a file with what the state says about it."""

import asyncio

from runner.files.disk import Kind
from runner.files.outcomes import CheckOutcome, Content, Damaged, Intact, Missing
from runner.files.root import OutputRoot


async def check_file(root: OutputRoot, path: str, content: Content) -> CheckOutcome:
    """Whether the file at ``path`` still holds ``content``; it is read in a thread, if its length is right.

    An unreadable file is ``Damaged`` with the system's reason. Raises ``ValueError`` for a path outside the root.
    """
    return await asyncio.to_thread(compared, root, path, content)


def compared(root: OutputRoot, path: str, content: Content) -> CheckOutcome:
    """``check_file`` without a thread of its own; blocks."""
    try:
        found = root.stat(path)
        if found is None:
            return Missing()
        if found.kind is not Kind.FILE:
            return Damaged("not a regular file")
        if found.size_bytes != content.size_bytes:
            return Damaged(f"{found.size_bytes} bytes instead of {content.size_bytes}")
        held = root.hash_file(path)
    except OSError as error:
        return Damaged(f"cannot be read: {error.strerror}")
    if held is None:
        return Missing()
    return Intact() if held == content else Damaged(f"SHA-256 is {held.sha256} instead of {content.sha256}")
