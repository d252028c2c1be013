"""What runs in a worker of Ray's. It is shipped by value, so that it can say where ``runner`` itself is missing.

It imports only what Python brings.
"""

import asyncio
import os
import pickle
import platform
import sys


class Hand:
    """One process of a node that makes calls. Its methods are coroutines: it answers while it makes one."""

    async def make(self, call: bytes) -> tuple[bool, bytes | str]:
        """Whether the call returned, and its pickled value, or else why not."""
        return await asyncio.to_thread(self._made, call)

    async def described(self) -> tuple[str, dict[str, str]]:
        """Who this is, for people, and what it is made of."""
        import ray  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - an extra

        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{platform.node()} (process {os.getpid()})", {"python": python, "ray": str(ray.__version__)}

    async def stay(self) -> None:
        """Never returns: whoever awaits it learns of the end of this process."""
        await asyncio.Event().wait()

    def _made(self, call: bytes) -> tuple[bool, bytes | str]:
        try:
            function, arguments = pickle.loads(call)  # noqa: S301 - whoever can call this can run anything here
            return True, pickle.dumps(function(*arguments))
        except Exception as error:  # noqa: BLE001 - whatever a function raises
            first_line = str(error).strip().partition("\n")[0][:200]
            return False, f"{type(error).__name__}: {first_line}"
