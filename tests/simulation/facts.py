"""What one process did and heard, for the rules that are about processes."""

FAILED_SYNC, DOUBT = "a failed sync", "a commit in doubt"
_OWN_TROUBLE = frozenset({FAILED_SYNC, DOUBT})


class Facts:
    """Moments are seconds of the virtual clock; ``None``: not so far."""

    def __init__(self):
        self.started_at = None  # its work on the batch, not its preparations
        self.owed = {}  # worker -> the acceptance that it must record before anything else
        self.read_ids = set()  # task ids that it read from answers to its submissions
        self.told_ids = set()  # task ids that a person got to see
        self.begun = set()  # attempts that it reserved
        self.asked_at = {}  # worker -> when it asked for its newest reservation
        self.requests = []
        self.stop_at = None  # when it heard that nobody should submit any more
        self.other_task_at = (
            None  # when it read a task id that, as the state will tell it, belongs to another job
        )
        self.is_silenced = False  # it heard that even asking is pointless
        self.is_in_doubt = False
        self.interrupted_at = None
        self.paused = (0.0, 0.0)
        self.window = (
            0.0,
            0,
            0.0,
        )  # until when, how many requests may leave until then, and when that was heard
        self.unknown_in_a_row = 0
        self.unreached_since = None
        self.stops = set()
        self.never_sent = 0
        self.submissions = 0  # that were not refused in passing, and left
        self.capped_since = None  # as many jobs as may have failed
        self.was_tight = False  # at some moment the budget had no room for one more

    @property
    def service_stops(self):
        """Why the service, and not this machine, ended submission."""
        return self.stops - _OWN_TROUBLE

    def stop(self, now, reason):
        """From now on nobody may submit."""
        self.stop_at = now if self.stop_at is None else self.stop_at
        self.stops.add(reason)
