"""One of several coordinators that want the same batch: ``batch_racer.py STATE``.

A batch's name on stdin starts a round: whoever gets it submits its next pending job and keeps the batch until the next
line; the answer is ``held JOB`` or ``busy EXIT_CODE``.
"""

import sys

from store_support import NOW, held_shop, state_of

from runner.core.errors import BusyError
from runner.core.outcomes import TaskId
from runner.store import attempts


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def submit_next(shop):
    shop.do(attempts.recover, shop.pk)
    pk = shop.rows("SELECT min(id) FROM job WHERE batch = ? AND state = 'pending'", shop.pk)[0][0]
    attempt = shop.do(attempts.reserve, shop.pk, pk, NOW).attempt
    say(f"held {pk}")
    sys.stdin.readline()  # until then it is submitting: whoever is killed now leaves it so
    shop.do(attempts.accept, attempt, TaskId(f"t{pk}"))


state = state_of(sys.argv[1])
say("ready")
for line in sys.stdin:
    try:
        with held_shop(state, name=line.strip()) as one:
            submit_next(one)
        say("let go")
    except BusyError as error:
        say(f"busy {error.exit_code}")
