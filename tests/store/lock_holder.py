"""A process that holds a batch's lock until its stdin ends; says ``held`` once it has it, or how it was refused."""

import sys
import time

from store_support import state_of

from runner.core.errors import RunnerError
from runner.store.locks import holding


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


began = time.monotonic()
try:
    with holding(state_of(sys.argv[1]), sys.argv[2]):
        say("held")
        sys.stdin.read()
except RunnerError as error:
    say(f"{error.exit_code} {time.monotonic() - began:.2f} {error}")
