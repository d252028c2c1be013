"""Two of what must be one: a given prompt id, a job, a path; found by a second look, only after a suspicion."""

from collections.abc import Iterable, Sequence

from runner.core.errors import Place, Problem
from runner.core.layout import collision_key
from runner.core.model import Combination, Job, Manifest, Prompt
from runner.core.notes import Notes

Sourced = tuple[Job, Prompt | Combination]
"""A job and the entry that asks for it."""


def note_twin_ids(manifest: Manifest, suspects: frozenset[int], notes: Notes) -> None:
    """Note the prompts that are given an id that an earlier one has; ``suspects`` are hashes of ids."""
    if not suspects:
        return
    first: dict[str, Prompt] = {}
    for prompt in manifest.prompts():
        if prompt.prompt_id is None or hash(prompt.prompt_id) not in suspects:
            continue
        earlier = first.setdefault(prompt.prompt_id, prompt)
        if earlier is not prompt:
            message = f"the id '{prompt.prompt_id}' is already that of {_at(earlier)}"
            notes.problem(Problem(prompt.place, prompt.path, message, "ids are unique; give it another one"))


def note_twin_jobs(
    jobs: Iterable[Sourced],
    suspects: tuple[frozenset[int], frozenset[int]],
    fields: Sequence[str],
    notes: Notes,
) -> None:
    """Note the pairs of entries that ask for one job, and those whose jobs want one path; each pair once.

    ``suspects`` are hashes of job ids, and hashes of the collision keys of paths; ``fields`` are the layout's.
    """
    ids, paths = suspects
    first_with_id: dict[str, Sourced] = {}
    first_with_path: dict[str, Sourced] = {}
    noted: set[tuple[Place, Place]] = set()
    for job, source in jobs:
        problem, other = None, (job, source)
        if hash(job.job_id) in ids:
            other = first_with_id.setdefault(job.job_id, other)
            problem = _twin_job(job, source, other)
        key = collision_key(job.path)
        if other[0] is job and hash(key) in paths:
            other = first_with_path.setdefault(key, other)
            problem = _twin_path(job, source, other, fields)
        pair = (source.place, other[1].place)
        if problem is not None and other[0] is not job and pair not in noted:
            noted.add(pair)
            notes.problem(problem)


def _twin_job(job: Job, source: Prompt | Combination, other: Sourced) -> Problem:
    if isinstance(source, Combination):
        message = f"{_at(other[1])} asks for this job already ({_described(job)})"
        return Problem(source.place, source.path, message, "drop it here, or name another `take`")
    message = f"asks for the same job as {_at(other[1])} ({_described(job)})"
    return Problem(source.place, source.path, message, "set `takes` to generate one text more than once")


def _twin_path(job: Job, source: Prompt | Combination, other: Sourced, fields: Sequence[str]) -> Problem:
    message = f"'{job.path}' is also the path of a job of {_at(other[1])}"
    if job.path != other[0].path:
        message = f"'{job.path}' is the same file as '{other[0].path}' of {_at(other[1])} on some systems"
    missing = _telling_field(job, other[0], fields)
    return Problem(
        source.place, source.path, message, f"add {{{missing}}} to output.layout" + _or_an_id(job, other[0])
    )


def _telling_field(job: Job, other: Job, fields: Sequence[str]) -> str:
    """A field that the layout lacks and in which the two jobs differ; ``job_id`` always does."""
    telling = [
        ("prompt_id", job.prompt_id != other.prompt_id),
        ("variant", job.variables != other.variables and job.prompt_id == other.prompt_id),
        ("mode", job.mode != other.mode),
        ("ratio", job.ratio != other.ratio),
        ("take", job.take != other.take),
    ]
    return next((name for name, differs in telling if differs and name not in fields), "job_id")


def _or_an_id(job: Job, other: Job) -> str:
    return ", or give each prompt an `id` of its own" if job.prompt_id == other.prompt_id else ""


def _described(job: Job) -> str:
    return f"mode {job.mode}, ratio {job.ratio}, take {job.take}"


def _at(source: Prompt | Combination) -> str:
    return f"{source.path} at {source.place}" if source.path else str(source.place)
