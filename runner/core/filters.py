"""``--only mode=fun,prompt=animals``: which jobs are meant."""

from collections.abc import Mapping

from runner.core.errors import UsageError
from runner.core.model import Job
from runner.core.template import is_name

OWN_KEYS = ("prompt", "mode", "ratio", "take")


def parse_only(text: str | None) -> dict[str, str]:
    """The conditions, all of which must hold; empty for ``None``. Other keys than our own are a prompt's variables.

    Raises ``UsageError`` for what is not ``key=value,key=value``.
    """
    only: dict[str, str] = {}
    for item in (text or "").split(","):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not item.strip() and not text:
            continue
        if not equals or not key or not value or key in only:
            raise UsageError(f"--only {text!r}: write key=value,key=value, each key once; keys are {_keys()}")
        if key not in OWN_KEYS and not is_name(key):
            raise UsageError(f"--only {text!r}: {key!r} is not the name of a variable; keys are {_keys()}")
        if key == "take" and not value.isdecimal():
            raise UsageError(f"--only {text!r}: a take is a number, not {value!r}")
        only[key] = value
    return only


def matches(job: Job, only: Mapping[str, str]) -> bool:
    """Whether a job meets every condition."""
    own = {"prompt": job.prompt_id, "mode": job.mode, "ratio": job.ratio, "take": str(job.take)}
    return all(own.get(key, job.variables.get(key)) == value for key, value in only.items())


def _keys() -> str:
    return ", ".join(OWN_KEYS) + " and the prompt's variables"
