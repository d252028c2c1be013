"""The process that calls a function of a manifest: ``function(input_path, output_dir)``, both of them ``pathlib.Path``."""

import importlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

_NICE = 10


def main() -> None:
    """Call it, and end with 1 and the error on the last line of stderr where it raises."""
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    os.nice(_NICE)
    asked = json.loads(sys.argv[2])
    del sys.argv[1:]
    sys.path.insert(0, asked["code_folder"])
    module, _, name = asked["function"].partition(":")
    function = getattr(importlib.import_module(module), name)
    function(Path(asked["input_path"]), Path(asked["output_dir"]))


def _end_with_the_asker() -> None:
    """The standard input ends where the asker does, however it ends."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)
