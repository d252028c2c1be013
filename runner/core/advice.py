"""What a person can do about a failure, by its class: one sentence, and the command that goes on."""

import shlex
from dataclasses import dataclass

from runner.core.outcomes import ErrorClass


@dataclass(frozen=True, slots=True)
class Invocation:
    """How a person calls the runner about one batch.

    ``manifest`` is its path as a person would type it. ``state`` is the ``--state`` in force, ``None`` for the default.
    """

    batch: str
    manifest: str
    sandbox: bool = False
    state: str | None = None

    def of_batch(self, command: str, *more: str) -> str:
        """A command that takes the batch's name, as it is typed into a shell."""
        return self._typed(command, self.batch, *more)

    def of_manifest(self, command: str, *more: str) -> str:
        """A command that takes the manifest, as it is typed into a shell."""
        return self._typed(command, self.manifest, *more)

    def of_plan(self, file: str) -> str:
        """The run of a saved plan, as it is typed into a shell."""
        return self._typed("run", "--plan", file)

    def _typed(self, *words: str) -> str:
        before = [] if self.state is None else ["--state", self.state]
        behind = ["--sandbox"] if self.sandbox else []
        return shlex.join(["runner", *before, *words, *behind])


@dataclass(frozen=True, slots=True)
class Advice:
    """``sentence`` says what to do before ``command`` can help."""

    sentence: str
    command: str


def advise(error_class: ErrorClass, call: Invocation, *, has_failed: bool = True) -> Advice:
    """What to do about jobs of this class.

    ``has_failed``: they rest as failed. Else they are pending, at work or waiting for their files, and the next run goes
    on with them without paying again. Nothing advised here spends without asking but ``runner run`` within its budget.
    """
    if not has_failed and (found := _unfinished(error_class, call)) is not None:
        return found
    again = call.of_batch("retry", "--class", error_class.value)
    match error_class:
        case ErrorClass.AUTH:
            sentence = "The service refuses the token or the account: put a valid token in its place, then pay again."
            return Advice(sentence, again)
        case ErrorClass.CREDIT:
            return Advice("The account has no credits left: add some, then pay again.", again)
        case ErrorClass.VALIDATION:
            sentence = (
                "The service does not take the request: correct the prompt, image, mode or ratio in the manifest; "
                "what is changed is a new job."
            )
            return Advice(sentence, call.of_manifest("run"))
        case ErrorClass.MODERATION:
            sentence = "Moderation refused it and would again: word the prompt differently or leave it out."
            return Advice(sentence, call.of_manifest("run"))
        case ErrorClass.SERVICE:
            sentence = "The service failed the task, and another try may succeed: it is paid for again."
            return Advice(sentence, again)
        case ErrorClass.UNKNOWN:
            return _unknown(call)
        case ErrorClass.LOST:
            return Advice("The result is lost for good, and its credits count as spent: pay again.", again)
        case ErrorClass.NO_OUTPUT:
            sentence = (
                "The task ended without a file: it is asked about once more, and only then paid for again."
            )
            return Advice(sentence, again)
        case (
            ErrorClass.DOWNLOAD | ErrorClass.DISK
        ):  # pragma: no branch - mypy proves that no other class is left
            sentence = (
                "It is paid for, but its files are gone: they are asked for again before anything is paid."
            )
            return Advice(sentence, again)


def _unfinished(error_class: ErrorClass, call: Invocation) -> Advice | None:
    """Advice for jobs that are not at their end; ``None`` where the class alone decides."""
    go_on = call.of_manifest("run")
    match error_class:
        case ErrorClass.AUTH:
            sentence = (
                "The service refuses the token or the account: put a valid token in its place and go on."
            )
            return Advice(sentence, go_on)
        case ErrorClass.CREDIT:
            return Advice("The account has no credits left: add some and go on.", go_on)
        case ErrorClass.SERVICE:
            sentence = "The task shows another request than its job's: confirm it if it is right after all."
            return Advice(sentence, call.of_batch("resolve", "--task-id", "JOB=TASK"))
        case ErrorClass.LOST:
            sentence = (
                "The service does not know the task any more: each run asks about it again, free of charge."
            )
            return Advice(sentence, go_on)
        case ErrorClass.DOWNLOAD:
            return Advice(
                "It is paid for and not downloaded yet: the next run goes on, free of charge.", go_on
            )
        case ErrorClass.DISK:
            sentence = (
                "The output could not be written: make room or clear the way, and go on, free of charge."
            )
            return Advice(sentence, go_on)
        # no branch: mypy proves that no other class is left
        case (
            ErrorClass.VALIDATION | ErrorClass.MODERATION | ErrorClass.UNKNOWN | ErrorClass.NO_OUTPUT
        ):  # pragma: no branch - mypy proves that no other class is left
            return None


def _unknown(call: Invocation) -> Advice:
    sentence = (
        "Look for the task at the service: name it if it is there, else decide with --resubmit (pay again) or "
        "--accept-loss."
    )
    return Advice(sentence, call.of_batch("resolve", "--task-id", "JOB=TASK"))
