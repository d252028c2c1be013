"""Rare situations that a run of many seeds must have met, or what it proves is less than it says."""

EVERY = frozenset(
    [
        *(f"a crash at: {point}" for point in ("commit", "committed", "post leaves", "post answered")),
        *(
            f"a crash at: {point}"
            for point in ("status asked", "status answered", "download asked", "place asked")
        ),
        *(f"a crash at: disk {step}" for step in ("create", "write", "sync", "link", "remove", "mkdir")),
        "a crash in the recovery from a crash",
        "a power cut",
        "the state was opened again as a killed process left it",
        "a submission became unknown",
        "a commit raised and lost",
        "a commit raised but durable",
        "a commit cannot be written",
        "a post was answered with Accepted: accepted",
        "a post was answered with Accepted: repeated id",
        "a post was answered with NotSent: not sent",
        "a post was answered with NotSent: bad certificate",
        *(
            f"a post was answered with Refused: {kind}"
            for kind in ("refused", "account", "credit", "address")
        ),
        "a post was answered with Throttled: throttled",
        "a post was answered with Throttled: over the limit",
        "a post was answered with Throttled: too many tasks",
        *(
            f"a post was answered with Unknown: {word}"
            for word in ("candidate", "wrong candidate", "other's candidate")
        ),
        *(
            f"a post was answered with Unknown: {word}"
            for word in ("lost after", "lost before", "late error", "hangs")
        ),
        "a post was answered with Unknown: redirected",
        *(f"a question was answered with {kind}" for kind in ("Running", "Completed", "Failed", "NotFound")),
        *(f"a question was answered with {kind}" for kind in ("NothingLearned", "Throttled", "Refused")),
        "the breaker opened",
        "nobody reached the service for 10 minutes",
        "too many failures ended submission",
        "a canary went ahead",
        "a canary of a second kind went ahead",
        "lost canaries ended submission",
        "the budget was used to the last credit",
        "the books were above the budget",
        "a reservation at more than the quoted price",
        "a task that completed was booked for more than was held",
        "a task that completed was booked for less than was held",
        "a task that failed was booked for less than was held",
        "a task that failed was booked for what was held",
        *(f"a {who} paid again for a job that was unknown" for who in ("person", "policy")),
        *(f"a {who} paid again for a job that was failed" for who in ("person", "policy")),
        "a failed task was completed after all",
        "a task was overdue: None",
        "a task was overdue: lost",
        "a task was overdue: service",
        "a removed job was finished",
        "several jobs moved in one commit",
        "a URL had run out",
        "a download went on where it was",
        *(f"a small download gave {outcome}" for outcome in ("Fetched", "Broken", "DiskFull", "DiskFailed")),
        *(f"a large download gave {outcome}" for outcome in ("Fetched", "Broken", "DiskFull")),
        *(f"the disk failed at {step}" for step in ("create", "mkdir", "write", "sync", "link", "remove")),
        *(f"placing gave {outcome}" for outcome in ("Placed", "AlreadyThere", "Absent", "Conflict")),
        *(f"placing gave {outcome}" for outcome in ("DiskFull", "DiskFailed")),
        "somebody else took a name just before it was given",
        "a person deleted a partial file",
        "a job came while others were worked",
        "the manifest was edited while jobs came",
        "a second process was refused",
        "a signal came",
        "the wall clock jumped",
        *(f"exit {code}" for code in (0, 1, 2, 3, 4, 5, 70, 74, 129, 130, 143)),
    ]
)


def missing(seen):
    """What never happened, sorted."""
    return sorted(EVERY - set(seen))
