"""The GrokImagine service's API as a real HTTP server on loopback: for tries without a token, and for tests.

It is written from the reference alone and may not import ``runner.providers``, or one misunderstanding would pass both
sides. What goes wrong is by option (``SandboxOptions``), drawn from the seed and the request, never from the order of
arrival; what was accepted stands in a ``Ledger`` that outlasts a kill, so that a test can ask what was really paid.

    async with Sandbox(SandboxOptions(latency_median_s=0, post_dropped_after=0.1)) as sandbox:
        ...  # talk to sandbox.base_url
    sandbox.ledger.tasks_by_body()
"""

from runner.sandbox.ledger import Ledger, LoggedRequest
from runner.sandbox.option_text import option_names, parse_options
from runner.sandbox.options import FAULTS, ResetForm, SandboxOptions, with_faults
from runner.sandbox.server import Sandbox, running_in_thread, serve_forever
from runner.sandbox.tasks import Submission, Task, TaskOutcome

__all__ = [
    "FAULTS",
    "Ledger",
    "LoggedRequest",
    "ResetForm",
    "Sandbox",
    "SandboxOptions",
    "Submission",
    "Task",
    "TaskOutcome",
    "option_names",
    "parse_options",
    "running_in_thread",
    "serve_forever",
    "with_faults",
]
