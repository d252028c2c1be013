"""What is checked before anything is sent: whose batch it is, what it costs, whether it was confirmed, the token."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from runner.app import after_run, planning, reviewing, service
from runner.app.comparison import Wishes, pages
from runner.app.workplace import Workplace
from runner.core.advice import Invocation
from runner.core.bucket_url import is_url
from runner.core.counting import noun
from runner.core.errors import BudgetError, StateError, UsageError
from runner.core.expansion import expand
from runner.core.model import Job, JobId, Manifest
from runner.core.plan import Plan
from runner.core.records import Batch
from runner.core.retake import Retakes
from runner.files.depot import Depot
from runner.store import batches, enrolment, health
from runner.store.writer import Connection


@dataclass(frozen=True, slots=True)
class RunWishes:
    """What a person asks of a run beyond its manifest.

    ``confirm`` is called with the plan where no budget is in force; it returns whether to go on, or raises.
    ``sandbox_options`` are those of the embedded service. ``reviewed`` is the saved plan that the run must still be.
    ``canary`` and ``engine`` are what was said about canaries and about who downloads (``None``: nothing, so the
    manifest decides). ``allow_code`` says that the manifest's own code may run.
    """

    wishes: Wishes
    fit: bool = False
    deadline_s: float | None = None
    accept_base_url: bool = False
    confirm: Callable[[Plan], bool] = lambda _: False
    sandbox_options: str = ""
    reviewed: reviewing.Reviewed | None = None
    canary: bool | None = None
    allow_code: bool = False
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Preflight:
    """The checks of one run, with the batch's lock held."""

    workplace: Workplace
    manifest: Manifest
    wanted: RunWishes

    def checked_plan(self, output_dir: str) -> Plan:
        """The plan of a run that may go on.

        Raises ``UsageError`` for steps that cannot be carried out, another service, a stranger's name or directory, a lost state, a saved plan that no
        longer holds, or a missing confirmation, ``BudgetError`` where the cap does not allow it, and
        ``StateError`` for a state that is damaged.
        """
        after_run.refuse_steps(self.manifest, allow_code=self.wanted.allow_code)
        wishes = replace(self.wanted.wishes, examples=0)
        with self.workplace.reading() as connection:
            if connection is not None:
                self._refuse_unsound(connection)
            plan = planning.plan_with(connection, self.workplace, self.manifest, wishes)
            batch = None if connection is None else batches.by_name(connection, self.manifest.name)
            self._refuse_other_origin(batch)
            if self.wanted.reviewed is not None:
                reviewing.refuse_if_moved(self.wanted.reviewed, plan, self.manifest, self.workplace)
            if plan.diff.new and not plan.diff.is_begun:  # the tree was looked at when it was begun
                new = _unknown_to_state(self.manifest, connection, batch, plan.diff.retakes)
                with self._tree(output_dir) as root:
                    planning.refuse_lost_state(root, new, self._call)
        self._refuse_over_budget(plan)
        return plan

    @contextlib.contextmanager
    def _tree(self, output_dir: str) -> Iterator[Depot | None]:
        """The tree as it is, ``None`` where there is none."""
        if not is_url(output_dir) and not os.path.lexists(output_dir):
            yield None
            return
        with self.workplace.depot(output_dir, self.manifest.name, create=False) as root:
            yield root

    @property
    def _call(self) -> Invocation:
        return self.workplace.call(self.manifest.name, self.manifest.path)

    def _refuse_unsound(self, connection: Connection) -> None:
        """What is decided about money is decided from these rows."""
        faults = [*health.faults(connection), *health.wrong_books(connection)]
        if faults:
            raise StateError(
                f"the state {self.workplace.state} is damaged: {faults[0]}; keep the file, and put a backup in its "
                "place (`runner doctor` shows all that is wrong with it); nothing was sent"
            )

    def _refuse_other_origin(self, batch: Batch | None) -> None:
        if not self.wanted.accept_base_url:
            way_out = "If the service has moved, give --accept-base-url"
            service.refuse_other_origin(self.workplace, self.manifest, batch, way_out)

    def _refuse_over_budget(self, plan: Plan) -> None:
        if not plan.diff.may_submit:
            return
        jobs = f"{plan.diff.may_submit} {noun(plan.diff.may_submit, 'job needs', 'jobs need')}"
        fit = f"{plan.fit_jobs} {noun(plan.fit_jobs, 'fits', 'fit')}"
        if plan.account is not None and not plan.fits_account and not self.wanted.fit:
            raise BudgetError(
                f"{jobs} {plan.needed} credits, the account's cap of {plan.account.terms} leaves {plan.account.left}: "
                f"{fit}. Raise it (`{self._call.of_manifest('account')} --limit`), or take what fits with --fit; nothing was "
                "sent"
            )
        if plan.books.budget is None:
            if not self.wanted.confirm(plan):
                raise UsageError("not confirmed; nothing was sent")
        elif not plan.fits_budget and not self.wanted.fit:
            raise BudgetError(
                f"{jobs} {plan.needed} credits, the budget leaves {plan.books.left}: "
                f"{fit}. Raise it (--budget, or `budget` in {self.manifest.path}), or take what fits "
                "with --fit; nothing was sent"
            )

    def token(self, plan: Plan) -> str:
        """The token from its variable; any text where the service will not be asked.

        Raises ``UsageError`` without one, and where it, the proxy or the certificates cannot be used.
        """
        if not plan.diff.unfinished:
            return "none needed"
        token = service.token_of(self.workplace, self.manifest)
        service.refuse_unusable(self.manifest, token)
        return token


def _unknown_to_state(
    manifest: Manifest, connection: Connection | None, batch: Batch | None, wanted: Mapping[JobId, Retakes]
) -> Iterator[Job]:
    """The jobs of a manifest that the state does not have."""
    for page in pages(expand(manifest, None, wanted)):
        known: dict[JobId, enrolment.Known] = {}
        if connection is not None and batch is not None:
            known = enrolment.known(connection, batch.pk, [job.job_id for job in page])
        yield from (job for job in page if job.job_id not in known)
