"""Saved plans: reviewed by a person or a rule, and held against the manifest and the state before anything is paid."""

from dataclasses import dataclass, replace
from shlex import quote

from runner import __version__
from runner.app import planning, service
from runner.app.comparison import Wishes
from runner.app.workplace import Workplace, load_manifest, stamp
from runner.core.errors import UsageError
from runner.core.model import Manifest
from runner.core.money import Budget
from runner.core.plan import Plan
from runner.core.saved_plan import SavedOptions, SavedPlan, Spending, is_plan, plan_in, text_of
from runner.core.snapshot import Snapshot, drift_between, snapshot_of
from runner.files.document import read_document, refuse_to_replace, write_document


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A saved plan that a run is to follow, and the file that it came from."""

    file: str
    plan: SavedPlan


@dataclass(frozen=True, slots=True)
class Given:
    """The options of a run as they were given again beside the plan; ``None`` or ``False`` where they were not."""

    only: dict[str, str] | None
    limit: int | None
    budget: Budget | None
    fit: bool


def refuse_to_save(file: str) -> None:
    """Raise ``UsageError`` if a plan cannot be saved there, because something else stands there."""
    refuse_to_replace(file, is_plan)


def plan_and_save(workplace: Workplace, path: str, wishes: Wishes, *, fit: bool, file: str) -> Plan:
    """The dry run, saved in ``file`` for a ``run --plan``; raises what ``planning.plan`` does, and ``UsageError``."""
    refuse_to_save(file)
    loaded = load_manifest(path)
    workplace.refuse_if_elsewhere(path)
    watched = replace(wishes, watch=True)
    with workplace.reading() as connection:
        plan = planning.plan_with(connection, workplace, loaded.manifest, watched, loaded.warnings)
    jobs = plan.fit_jobs if fit else plan.diff.may_submit
    budget = wishes.budget or Budget()
    saved = SavedPlan(
        made_at=stamp(),
        made_by=__version__,
        batch=plan.batch,
        manifest=path,
        sandbox=workplace.sandbox,
        options=SavedOptions(
            only=wishes.only,
            limit=wishes.limit,
            fit=fit,
            budget_credits=budget.credits,
            budget_usd=None if budget.usd is None else str(budget.usd),
        ),
        spends=Spending(jobs=jobs, credits=plan.price * jobs, usd=str(plan.quoted.usd_of(plan.price * jobs))),
        snapshot=_snapshot(plan, loaded.manifest, workplace),
    )
    write_document(file, text_of(saved).encode(), is_plan)
    return plan


def read(file: str) -> Reviewed:
    """The plan in a file; raises ``UsageError`` for anything else."""
    return Reviewed(file, plan_in(read_document(file), file))


def wishes_of(reviewed: Reviewed, given: Given, *, sandbox: bool) -> Wishes:
    """The wishes of the plan's run.

    Raises ``UsageError`` where an option was given again with another value, or the plan is of the sandbox and the run
    is not (or the other way round).
    """
    plan = reviewed.plan
    if plan.sandbox and not sandbox:
        raise UsageError(
            f"{reviewed.file}: a plan of the sandbox, which spends nothing real: run it with --sandbox, or plan again "
            "without; nothing was sent"
        )
    if sandbox and not plan.sandbox:
        raise UsageError(
            f"{reviewed.file}: a plan of the real service, not of the sandbox: run it without --sandbox, or plan again "
            "with it; nothing was sent"
        )
    options = plan.options
    others = {
        "--only": given.only is not None and given.only != options.only,
        "--limit": given.limit is not None and given.limit != options.limit,
        "--budget": given.budget is not None and given.budget != options.budget,
        "--fit": given.fit and not options.fit,
    }
    wrong = [name for name, is_other in others.items() if is_other]
    if wrong:
        raise UsageError(
            f"{reviewed.file}: made with another {' and '.join(wrong)} than is given here; leave it out, because the "
            "plan's own options hold, or plan again with it; nothing was sent"
        )
    return Wishes(options.budget, dict(options.only), options.limit, examples=0, watch=True)


def refuse_if_moved(reviewed: Reviewed, plan: Plan, manifest: Manifest, workplace: Workplace) -> None:
    """Raise ``UsageError``, which names the difference, if ``plan``, made now, is not the one that was reviewed.

    To be called with the batch's lock held, so that nothing moves afterwards.
    """
    saved = reviewed.plan
    if saved.batch != manifest.name:
        raise UsageError(
            f"{reviewed.file}: a plan of batch {saved.batch!r}, and {manifest.path} is {manifest.name!r}; "
            "name the manifest that it was made of, or leave it out; nothing was sent"
        )
    drift = drift_between(saved.snapshot, _snapshot(plan, manifest, workplace))
    lines = [f"  the manifest has changed: {each}" for each in drift.manifest]
    lines += [f"  the state has moved: {each}" for each in drift.state]
    if lines:
        sandbox = " --sandbox" if workplace.sandbox else ""
        raise UsageError(
            "\n".join(
                [
                    f"{reviewed.file}: not as it was planned at {saved.made_at}; nothing was sent",
                    *lines,
                    f"Plan again and look at it: runner plan {quote(manifest.path)}{sandbox} -o {quote(reviewed.file)}",
                ]
            )
        )


def _snapshot(plan: Plan, manifest: Manifest, workplace: Workplace) -> Snapshot:
    where = "the sandbox" if workplace.sandbox else service.origin_of(manifest)
    return snapshot_of(plan, manifest, where)
