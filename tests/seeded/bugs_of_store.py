"""Bugs in the books, the database, its writer and the locks."""

from tests.seeded.edits import Bug, bug

ATTEMPTS = "runner/store/attempts.py"
DATABASE = "runner/store/state_file.py"
WRITER = "runner/store/writer.py"
LOCKS = "runner/store/locks.py"
SCHEMA = "runner/store/ddl.py"
SUBMISSION = "runner/engine/submission.py"

GUARD = "(batch.c.budget.is_(None)) | (batch.c.spent + batch.c.reserved + _PRICE <= batch.c.budget),"

STORE_BUGS: tuple[Bug, ...] = (
    # -- the budget --------------------------------------------------------------------------------------------------
    bug(
        "the-budget-guard-forgets-what-is-reserved",
        "tests/store/test_attempts.py::test_a_reservation_that_does_not_fit_changes_nothing",
        (ATTEMPTS, "batch.c.spent + batch.c.reserved + _PRICE <=", "batch.c.spent + _PRICE <="),
    ),
    bug(
        "the-budget-guard-forgets-what-is-spent",
        "tests/store/test_attempts.py::test_what_was_spent_counts_against_the_budget",
        (ATTEMPTS, "batch.c.spent + batch.c.reserved + _PRICE <=", "batch.c.reserved + _PRICE <="),
    ),
    bug(
        "the-budget-guard-lets-one-job-too-many-through",
        "tests/store/test_attempts.py::test_a_reservation_that_does_not_fit_changes_nothing",
        (ATTEMPTS, "batch.c.spent + batch.c.reserved + _PRICE <=", "batch.c.spent + batch.c.reserved <"),
    ),
    bug(
        "the-budget-is-checked-outside-the-transaction-that-spends",
        "tests/simulation/test_simulation_seeds.py::test_no_seed_breaks_a_promise",
        (ATTEMPTS, GUARD, ""),
        (SUBMISSION, "import attempts\n", "import attempts, batches\n"),
        (
            SUBMISSION,
            "    reservation = await ctx.record(\n        attempts.reserve,",
            (
                "    books = await ctx.record(batches.by_pk, ctx.orders.batch_pk)\n"
                "    if books.left is not None and books.left < books.reservation_price:\n"
                "        ctx.halt.budget_reached()\n"
                "        return None\n"
                "    reservation = await ctx.record(\n        attempts.reserve,"
            ),
        ),
    ),
    bug(
        "an-overcharge-does-not-raise-the-price",
        "tests/store/test_attempts.py::test_after_an_overcharge_reservations_hold_the_highest_price_seen",
        (
            ATTEMPTS,
            "_PRICE = larger_of(batch.c.price_credits, batch.c.highest_charge)",
            "_PRICE = batch.c.price_credits",
        ),
    ),
    # -- the books ---------------------------------------------------------------------------------------------------
    bug(
        "an-unknown-outcome-releases-its-credits",
        "tests/store/test_attempts.py::test_what_nobody_can_say_keeps_its_credits_reserved_and_is_shown_as_unknown",
        (
            ATTEMPTS,
            "AttemptOutcome.UNKNOWN, note=reason, candidate",
            "AttemptOutcome.UNKNOWN, credits=0, note=reason, candidate",
        ),
    ),
    bug(
        "an-unknown-outcome-is-pending-again",
        "tests/store/test_attempts.py::test_what_nobody_can_say_keeps_its_credits_reserved_and_is_shown_as_unknown",
        (
            ATTEMPTS,
            "move(connection, job_pk, Event.LOST_SIGHT, error=reason",
            "move(connection, job_pk, Event.RETURNED, error=reason",
        ),
    ),
    bug(
        "recovery-takes-a-dead-submission-for-unsent",
        "tests/store/test_attempts.py::test_what_a_dead_process_was_submitting_is_unknown_afterwards",
        (
            ATTEMPTS,
            "state=after(JobState.SUBMITTING, Event.LOST_SIGHT)",
            "state=after(JobState.SUBMITTING, Event.RETURNED)",
        ),
        (
            ATTEMPTS,
            "values(outcome=AttemptOutcome.UNKNOWN, note=reason)",
            "values(outcome=AttemptOutcome.NOT_SENT, credits=0, note=reason)",
        ),
    ),
    bug(
        "recovery-forgets-the-attempt-of-a-dead-submission",
        "tests/store/test_attempts.py::test_what_a_dead_process_was_submitting_is_unknown_afterwards",
        (
            ATTEMPTS,
            "    connection.execute(update(attempt).where(*stale).values(outcome=AttemptOutcome.UNKNOWN, note=reason))\n",
            "    _ = stale\n",
        ),
    ),
    bug(
        "a-failure-is-taken-for-refunded",
        "tests/store/test_attempts.py::test_a_failed_task_is_spent_unless_nothing_was_reported_as_charged",
        (
            ATTEMPTS,
            "booked = value_of(connection, attempt.c.credits, attempt_pk) if charged is None else charged",
            "booked = 0 if charged is None else charged",
        ),
    ),
    bug(
        "a-success-for-0-credits-frees-the-budget",
        "tests/store/test_attempts.py::test_a_finished_task_is_spent_at_what_was_reported_or_at_its_price",
        (
            ATTEMPTS,
            "AttemptOutcome.COMPLETED, charged or None, None, now)",
            "AttemptOutcome.COMPLETED, charged, None, now)",
        ),
    ),
    bug(
        "a-task-may-belong-to-two-attempts",
        "tests/store/test_attempts.py::test_a_task_of_another_attempt_is_refused_and_nothing_changes",
        (ATTEMPTS, "    if known is not None:\n", "    if known is not None and False:\n"),
        (SCHEMA, "CREATE UNIQUE INDEX attempt_task ON", "CREATE INDEX attempt_task ON"),
    ),
    bug(
        "two-live-attempts-are-allowed",
        "tests/store/test_state_schema.py::test_a_second_live_attempt_for_a_job_is_refused",
        (SCHEMA, "CREATE UNIQUE INDEX attempt_live ON", "CREATE INDEX attempt_live ON"),
    ),
    bug(
        "a-second-task-is-attached-to-an-attempt-of-another-batch",
        "tests/store/test_decisions.py::test_a_task_of_another_batch_is_not_attached",
        ("runner/store/decisions.py", "    _refuse_second_owner(connection, task_id, one)\n", ""),
    ),
    # -- the database ------------------------------------------------------------------------------------------------
    bug(
        "a-transaction-begins-with-plain-begin",
        "tests/store/test_state_opening.py::test_a_transaction_begins_by_taking_the_right_to_write",
        (DATABASE, 'begin="BEGIN IMMEDIATE"', 'begin="BEGIN"'),
    ),
    bug(
        "commits-are-not-synced",
        "tests/store/test_state_opening.py::test_what_guards_money_is_written_ahead_and_synced",
        (DATABASE, '"PRAGMA synchronous = FULL"', '"PRAGMA synchronous = NORMAL"'),
        (DATABASE, "synchronous != 2", "synchronous != 1"),
    ),
    bug(
        "the-journal-is-that-of-sqlites-defaults",
        "tests/store/test_state_opening.py::test_what_guards_money_is_written_ahead_and_synced",
        (DATABASE, '"PRAGMA journal_mode = WAL"', '"PRAGMA journal_mode = DELETE"'),
        (DATABASE, 'journal != "wal"', 'journal != "delete"'),
    ),
    bug(
        "any-schema-is-taken-for-ours",
        "tests/security/test_state_files.py::test_a_state_with_another_schema_is_refused_and_the_difference_is_named",
        ("runner/store/migrations.py", "    if odd:\n", "    if odd and False:\n"),
    ),
    # -- the writer --------------------------------------------------------------------------------------------------
    bug(
        "the-writer-goes-on-after-a-failed-commit",
        "tests/store/test_writer_failures.py::test_when_there_is_no_room_every_caller_of_the_transaction_and_all_later_ones_are_told",
        (
            WRITER,
            "                self._doubt = error\n        if self._doubt is not None:\n            _answer(group, [self._doubt] * len(group))",
            "                _answer(group, [error] * len(group))",
        ),
    ),
    bug(
        "a-commit-that-failed-is-taken-for-done",
        "tests/store/test_writer_failures.py::test_when_there_is_no_room_every_caller_of_the_transaction_and_all_later_ones_are_told",
        (
            WRITER,
            '        raise StateError(f"the state cannot be written: {said(_first_reason(error))}") from error\n',
            "        return [None for _ in changes]\n",
        ),
    ),
    bug(
        "an-answer-is-handed-out-before-its-commit",
        "tests/store/test_writer.py::test_nothing_is_answered_before_its_commit",
        (
            WRITER,
            "_answer(group, run_in_one_transaction(self._connection, [asked.change for asked in group]))",
            "run_in_one_transaction(self._connection, [_early(asked) for asked in group])",
        ),
        (
            WRITER,
            "def _answer(",
            (
                "def _early(asked: _Asked) -> Callable[[Connection], Any]:\n"
                "    def change(connection: Connection) -> None:\n"
                "        _answer([asked], [asked.change(connection)])\n\n"
                "    return change\n\n\n"
                "def _answer("
            ),
        ),
    ),
    bug(
        "a-change-that-raises-undoes-its-neighbours",
        "tests/store/test_writer.py::test_a_change_that_raises_undoes_only_itself",
        (
            WRITER,
            "    except Exception as error:  # noqa: BLE001  # handed to the caller, whose change alone is undone\n        return error",
            "    except ZeroDivisionError as error:\n        return error",
        ),
        (
            WRITER,
            "        if _is_about_the_file(error):\n            raise\n        return error",
            "        raise",
        ),
    ),
    # -- one actor ---------------------------------------------------------------------------------------------------
    bug(
        "the-lock-is-never-taken",
        "tests/store/test_locks.py::test_a_second_process_is_refused_within_a_second_and_told_who_is_at_work",
        (LOCKS, "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB"),
    ),
    bug(
        "a-lock-on-a-deleted-file-counts",
        "tests/store/test_locks.py::test_a_lock_whose_file_was_deleted_meanwhile_is_no_lock",
        (LOCKS, "        if _is_still(path, descriptor):\n", "        if descriptor:\n"),
    ),
    bug(
        "the-lock-file-is-deleted-by-its-holder",
        "tests/store/test_locks.py::test_the_lock_is_free_after_its_holder_is_done_and_its_file_stays",
        (
            LOCKS,
            "            os.ftruncate(descriptor, 0)\n        os.close(descriptor)",
            "            path.unlink()\n        os.close(descriptor)",
        ),
    ),
    bug(
        "a-lock-expires-under-a-suspended-holder",
        "tests/store/test_locks.py::test_a_suspended_holder_keeps_the_lock",
        (
            LOCKS,
            "            if time.monotonic() > give_up_at:\n",
            (
                "            if time.time() - path.stat().st_mtime > 0.25:\n"
                "                path.unlink()\n"
                "                continue\n"
                "            if time.monotonic() > give_up_at:\n"
            ),
        ),
    ),
)
