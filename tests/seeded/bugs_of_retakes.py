"""Bugs about what is made again, and about what is deleted."""

from tests.seeded.edits import Bug, bug

DDL = "runner/store/ddl.py"
ENROLMENT = "runner/store/enrolment.py"
RETAKES = "runner/store/retakes.py"
RETAKE = "runner/core/retake.py"
COMPARISON = "runner/app/comparison.py"
ENROLLING = "runner/app/enrolling.py"
PRUNING = "runner/app/pruning.py"
REMAKING_CODE = "runner/app/remaking.py"
EXPANSION = "runner/core/expansion.py"
STORE_PRUNING = "runner/store/pruning.py"
REMAKING = "tests/app/test_remaking.py::"
TROUBLE = "tests/app/test_retakes_in_trouble.py::"
PRUNED = "tests/app/test_pruning.py::"

RETAKE_BUGS: tuple[Bug, ...] = (
    bug(
        "a-rejected-job-may-be-replaced-twice",
        "tests/store/test_retakes.py::test_the_state_itself_refuses_a_second_take_instead_of_one_job",
        (DDL, "CREATE UNIQUE INDEX job_instead_of", "CREATE INDEX job_instead_of"),
    ),
    bug(
        "a-wish-that-was-fulfilled-stays",
        f"{REMAKING}test_a_queued_job_is_planned_and_run_alike_and_its_wish_is_fulfilled",
        (ENROLMENT, "            choices.fulfil(connection, one.instead_of)\n", ""),
        (ENROLLING, "            choices.fulfil(connection, job_pk)\n", "            pass\n"),
    ),
    bug(
        "what-was-made-again-is-offered-again",
        f"{REMAKING}test_asked_again_there_is_nothing_more_to_do",
        (RETAKES, "        ~exists().where(other.c.instead_of == job.c.id),\n", ""),
    ),
    bug(
        "the-plan-knows-nothing-of-what-is-queued",
        f"{REMAKING}test_a_queued_job_is_planned_and_run_alike_and_its_wish_is_fulfilled",
        (
            COMPARISON,
            "        if self._batch is None or any(one.again for one in wanted.values()):\n",
            "        if self._batch is None:\n",
        ),
        (COMPARISON, "pages(expand(manifest, self.notes, wanted))", "pages(expand(manifest, self.notes))"),
    ),
    bug(
        "an-added-take-is-removed-by-the-next-edit",
        f"{REMAKING}test_an_edited_manifest_keeps_the_takes_that_a_person_added[another order]",
        (
            RETAKE,
            "            for take in sorted(retakes.added - met.named):\n",
            "            for take in ():\n",
        ),
    ),
    bug(
        "a-new-take-has-the-number-of-one-that-is-there",
        "tests/core/test_retake.py::test_a_new_take_is_none_that_the_manifest_the_state_or_another_retake_has",
        (RETAKE, "met.named | retakes.added | retakes.known", "met.named"),
    ),
    bug(
        "what-is-wished-after-the-plan-is-paid-for-unpriced",
        "tests/app/test_late_wishes.py::test_what_is_queued_after_the_plan_waits_for_the_next_run",
        (
            ENROLLING,
            "        if not self._again and",
            "        self.wanted = writer.write_now(retakes.wanted, self.batch)\n        if not self._again and",
        ),
    ),
    bug(
        "what-is-kept-is-pruned",
        "tests/store/test_store_pruning.py::test_the_files_of_rejected_jobs_come_job_by_job",
        (STORE_PRUNING, "        choice.c.flag == Flag.REJECT,\n", "        choice.c.flag.is_not(None),\n"),
    ),
    bug(
        "a-file-that-somebody-changed-is-pruned",
        f"{PRUNED}test_a_file_that_somebody_changed_is_left_with_all_of_its_job",
        (PRUNING, "    if isinstance(checked.outcome, Damaged):\n", "    if False:\n"),
    ),
    bug(
        "an-edit-while-a-run-begins-removes-added-takes",
        f"{TROUBLE}test_an_edit_while_a_finished_run_begins_removes_no_added_take",
        (
            COMPARISON,
            "            retakes=wanted,\n        )\n\n    def _total_of_begun",
            "        )\n\n    def _total_of_begun",
        ),
    ),
    bug(
        "what-is-wished-no-more-is-paid-for",
        f"{TROUBLE}test_what_is_no_longer_wished_when_it_would_be_taken_in_is_not_paid_for",
        (ENROLLING, "    if originals:\n", "    if False:\n"),
    ),
    bug(
        "what-is-kept-after-all-is-pruned",
        f"{TROUBLE}test_what_is_kept_after_all_while_others_are_being_deleted_stays",
        (PRUNING, "    if not pruning.is_doomed(connection, job_pk):\n", "    if False:\n"),
    ),
    bug(
        "a-removed-job-keeps-the-path-of-a-new-take",
        f"{TROUBLE}test_a_new_take_whose_path_a_removed_one_has_gets_it_and_both_files_are_kept",
        (
            REMAKING_CODE,
            "    batches.mark_tree(connection, batch.pk, stale=True)\n",
            "",
        ),
    ),
    bug(
        "to-prune-forgets-that-files-are-still-to-move",
        f"{TROUBLE}test_what_tidies_in_between_leaves_the_removed_one_to_give_way",
        (PRUNING, " and not batch.tree_stale:\n", ":\n"),
    ),
    bug(
        "a-number-far-above-the-others-is-given-again",
        "tests/store/test_retakes.py::test_takes_are_known_as_far_as_all_that_is_queued_could_reach",
        (RETAKES, " and start > max(found, default=0) + len(jobs)", ""),
    ),
    bug(
        "an-excluded-take-of-what-is-included-is-paid-for",
        "tests/core/test_retake.py::test_an_excluded_take_of_an_included_combination_is_not_made",
        (EXPANSION, "self._exclusions.of_takes(outline.prompt_id, addition.values)", "()"),
    ),
    bug(
        "what-is-edited-while-a-person-is-asked-is-paid-for",
        "tests/app/test_edited_meanwhile.py::test_what_was_not_priced_is_not_paid_for_and_the_next_run_makes_all_of_it",
        (ENROLLING, "    if comparison.fingerprint(manifest) != texts:\n", "    if False:\n"),
    ),
    bug(
        "a-lost-state-forgets-the-takes-that-were-added",
        "tests/app/test_regaining.py::test_the_takes_that_were_made_again_are_taken_over_and_not_paid_for_again",
        ("runner/app/adopting.py", ".takes(texts)", ""),
    ),
)
