"""One of several processes that reserve from one budget: ``race_worker.py STATE NUMBER WORKERS``.

A batch's key on stdin starts a round; the answer is how many reservations this process was given.
"""

import sys

from store_support import state_of

from runner.store import attempts
from runner.store.database import open_for_writing
from runner.store.writer import DirectWriter


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


path, number, workers = state_of(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
writer = DirectWriter(open_for_writing(path))
say("ready")
for line in sys.stdin:
    batch_pk, first_job, jobs = map(int, line.split())
    mine = range(first_job + number, first_job + jobs, workers)
    given = [writer.write_now(attempts.reserve, batch_pk, job_pk, "now") for job_pk in mine]
    say(sum(one is not None for one in given))
writer.close()
