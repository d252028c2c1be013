"""Bugs in what is done in which order: submitting, following, fetching, stopping."""

from tests.seeded.edits import Bug, bug

ATTEMPTS = "runner/store/attempts.py"
SUBMISSION = "runner/engine/submission.py"
FOLLOWING = "runner/engine/following.py"
FETCHING = "runner/engine/fetching.py"
GUARDS = "runner/engine/guards.py"
HALT = "runner/engine/halt.py"
RUN = "runner/engine/run.py"
WORK = "runner/engine/work.py"

RESERVE = "    reservation = await ctx.record(\n        attempts.reserve,"
SEND = "        outcome = await ctx.ports.provider.submit(request)\n"

ENGINE_BUGS: tuple[Bug, ...] = (
    # -- submitting --------------------------------------------------------------------------------------------------
    bug(
        "the-post-leaves-before-there-is-an-intent-row",
        "tests/simulation/test_simulation_seeds.py::test_no_seed_breaks_a_promise",
        (SUBMISSION, SEND, "        _ = request\n"),
        (
            SUBMISSION,
            RESERVE,
            "    early = GenerationRequest(job.prompt, job.mode, job.ratio, job.images)\n"
            "    outcome = await ctx.ports.provider.submit(early)\n" + RESERVE,
        ),
    ),
    bug(
        "submitting-is-marked-after-the-post",
        "tests/simulation/test_simulation_seeds.py::test_no_seed_breaks_a_promise",
        (
            ATTEMPTS,
            "    move(connection, job_pk, Event.RESERVED, error=None, error_class=None, overdue=0)\n    return",
            "    return",
        ),
        (
            SUBMISSION,
            SEND,
            SEND + "        await ctx.record(attempts.move, job.pk, attempts.Event.RESERVED)\n",
        ),
    ),
    bug(
        "the-post-leaves-without-a-reservation",
        "tests/engine/test_run_bounds.py::test_without_room_from_the_start_nothing_is_sent",
        (SUBMISSION, "    if reservation is None:\n", "    if reservation is None and False:\n"),
    ),
    bug(
        "an-unknown-submission-is-repeated",
        "tests/engine/test_post_outcomes.py::test_what_proves_nothing_is_held_and_not_repeated",
        (
            WORK,
            "self._job.state is JobState.UNKNOWN and retries.on_unknown is OnUnknown.RESUBMIT",
            "self._job.state is JobState.UNKNOWN",
        ),
    ),
    bug(
        "an-unknown-submission-of-an-earlier-run-is-repeated",
        "tests/engine/test_run_resume.py::test_what_a_dead_process_was_submitting_is_unknown_before_anything_else_happens",
        (
            RUN,
            "            if ctx.orders.retries.on_unknown is OnUnknown.RESUBMIT:\n",
            "            if OnUnknown:\n",
        ),
    ),
    bug(
        "recovery-is-left-out",
        "tests/engine/test_run_resume.py::test_what_a_dead_process_was_submitting_is_unknown_before_anything_else_happens",
        (RUN, "            await ctx.record(attempts.recover, ctx.orders.batch_pk)\n", ""),
    ),
    bug(
        "a-candidate-that-is-not-shown-to-be-ours-is-taken",
        "tests/engine/test_post_outcomes.py::test_a_task_id_that_is_not_shown_to_be_ours_leaves_the_job_unknown",
        (
            SUBMISSION,
            "not echo_agrees(outcome.echo, job.prompt, job.mode) or outcome.echo.prompt is None",
            "not echo_agrees(outcome.echo, job.prompt, job.mode)",
        ),
    ),
    bug(
        "a-paid-id-that-cannot-be-recorded-is-shown-to-nobody",
        "tests/engine/test_run_stopping.py::test_the_task_ids_in_hand_are_told_when_they_cannot_be_recorded",
        (SUBMISSION, "            task_id=outcome.task_id,\n", ""),
    ),
    bug(
        "more-tasks-run-at-once-than-allowed",
        "tests/engine/test_slots.py::test_whatever_comes_goes_and_gives_up_the_bound_holds_and_nothing_is_lost",
        (
            "runner/engine/slots.py",
            "if self.taken < self.capacity and not self._waiting:",
            "if self.taken <= self.capacity and not self._waiting:",
        ),
    ),
    bug(
        "a-cap-that-the-service-does-not-name-is-hammered",
        "tests/engine/test_run_bounds.py::test_a_cap_on_running_tasks_that_the_service_does_not_name_is_left_alone",
        (SUBMISSION, "            ctx.slots.refused(ctx.now(), sent_at)\n", ""),
    ),
    bug(
        "jobs-that-found-no-room-are-forgotten-when-there-is-some",
        "tests/engine/test_run_resume.py::test_earlier_tasks_that_fail_for_nothing_after_one_that_cost_are_all_paid_for_again_as_far_as_they_fit",
        (RUN, "            begun = set()  # their workers are done, and some may have found no room\n", ""),
    ),
    bug(
        "an-overdue-canary-goes-again-beside-the-next",
        "tests/engine/test_run_canaries.py::test_an_overdue_canary_that_is_paid_for_again_waits_for_the_one_that_followed_it",
        (
            WORK,
            "        self._is_submitted_here = False\n        self.caught_up.set()\n",
            "        self.caught_up.set()\n",
        ),
    ),
    bug(
        "a-canary-goes-beside-what-an-earlier-run-paid-for",
        "tests/engine/test_run_canaries.py::test_canaries_go_on_where_an_interruption_ended_them",
        (GUARDS, "            await ctx.idle()\n            await _prove", "            await _prove"),
    ),
    bug(
        "what-is-paid-for-again-passes-the-canary",
        "tests/engine/test_run_canaries.py::test_an_earlier_task_that_is_paid_for_again_is_the_canary_itself",
        (
            "runner/engine/canaries.py",
            "        if not self._are_out:\n            return\n        turn:",
            "        if True:\n            return\n        turn:",
        ),
    ),
    bug(
        "after-an-invalid-canary-the-next-one-goes",
        "tests/engine/test_run_canaries.py::test_a_canary_that_is_refused_as_invalid_ends_submission_and_says_that_it_was_free",
        (
            "runner/core/canary.py",
            "    if any(loss.is_hopeless for loss in losses):\n",
            "    if not losses:\n",
        ),
    ),
    bug(
        "more-tasks-run-at-once-than-may-fail",
        "tests/engine/test_run_bounds.py::test_a_batch_that_fails_from_the_start_stops_exactly_at_its_share",
        (
            HALT,
            "        return math.inf if most is None else",
            "        return math.inf if most is None or True else",
        ),
    ),
    bug(
        "retry-by-class-puts-back-other-classes-too",
        "tests/acceptance/test_acceptance_guards.py::test_what_moderation_refused_may_be_left_out_and_is_counted_where_it_is_not",
        (
            "runner/app/retrying.py",
            "        return not self.classes or job.error_class in self.classes\n",
            "        return True\n",
        ),
    ),
    # -- stopping ----------------------------------------------------------------------------------------------------
    bug(
        "a-question-leaves-after-one-was-refused",
        "tests/engine/test_status_outcomes.py::test_nobody_asks_any_more_once_a_question_was_refused",
        (
            "runner/engine/context.py",
            "        if self.halt.stopped.is_set():  # since its turn came\n",
            "        if False:  # since its turn came\n",
        ),
    ),
    bug(
        "a-run-does-not-stop-after-three-unknown-outcomes",
        "tests/engine/test_halt.py::test_three_unknown_outcomes_in_a_row_stop_submission",
        (HALT, "UNKNOWN_IN_A_ROW = 3\n", "UNKNOWN_IN_A_ROW = 1000\n"),
    ),
    bug(
        "the-breaker-counts-polls",
        "tests/engine/test_status_outcomes.py::test_an_answer_that_says_nothing_changes_nothing_and_is_asked_for_again",
        (
            FOLLOWING,
            "                self._polls += reached\n",
            "                self._polls += reached\n                self._ctx.halt.post_answered(unknown=True)\n",
        ),
    ),
    bug(
        "a-signal-cancels-the-posts-in-the-air",
        "tests/engine/test_run_stopping.py::test_a_signal_waits_for_the_submissions_in_the_air_so_that_none_becomes_unknown",
        (RUN, "for worker in ctx.workers - ctx.in_air:", "for worker in ctx.workers:"),
    ),
    bug(
        "exit-0-although-outcomes-are-unknown",
        "tests/core/test_ending.py::test_each_cause_has_its_exit_code",
        ("runner/core/ending.py", "(self.undecided > 0, EXIT_UNDECIDED)", "(False, EXIT_UNDECIDED)"),
    ),
    # -- following ---------------------------------------------------------------------------------------------------
    bug(
        "an-unknown-word-fails-a-paid-task",
        "tests/engine/test_status_outcomes.py::test_every_other_word_and_none_is_still_running",
        (
            FOLLOWING,
            "            case Running(word=word):\n",
            (
                "            case Running(word=str()):\n"
                '                return await self._failed(Failed("unknown word"))\n'
                "            case Running(word=word):\n"
            ),
        ),
    ),
    bug(
        "a-poll-without-an-answer-fails-a-paid-task",
        "tests/engine/test_status_outcomes.py::test_an_answer_that_says_nothing_changes_nothing_and_is_asked_for_again",
        (
            FOLLOWING,
            "            case NothingLearned(reached=reached):\n",
            (
                '            case NothingLearned():\n                return await self._failed(Failed("no answer"))\n'
                "            case NothingLearned(reached=reached):\n"
            ),
        ),
    ),
    bug(
        "an-echo-of-another-request-is-accepted",
        "tests/core/test_steps.py::test_an_echo_is_ours_unless_it_shows_something_else",
        ("runner/core/steps.py", "return (echo.prompt is None or", "return (True or"),
    ),
    bug(
        "a-passing-refusal-holds-nobody-up",
        "tests/core/test_pacing.py::test_a_429_stops_both_kinds_for_as_long_as_it_says",
        (
            "runner/core/pacing.py",
            "        self._pause(now, asked or max(drawn, _THROTTLE_LEAST_S))\n",
            "        _ = drawn\n",
        ),
    ),
    bug(
        "more-requests-leave-than-the-rate-allows",
        "tests/core/test_pacing.py::test_the_full_rate_is_used_and_never_exceeded",
        (
            "runner/core/pacing.py",
            "        return max(even, self._times[0] + self._seconds - now)\n",
            "        return even - 1.0\n",
        ),
    ),
    # -- fetching ----------------------------------------------------------------------------------------------------
    bug(
        "a-file-is-named-before-its-hash-is-committed",
        "tests/engine/test_download_outcomes.py::test_a_file_is_verified_before_it_is_placed_and_the_job_done_after",
        (
            FETCHING,
            "        return await self.ctx.record(outputs.verified,",
            (
                "        await self.ctx.ports.files.place(self._partial, path, content)\n"
                "        return await self.ctx.record(outputs.verified,"
            ),
        ),
    ),
    bug(
        "a-url-that-has-run-out-is-tried-again-without-asking-for-a-fresh-one",
        "tests/engine/test_download_outcomes.py::test_a_url_that_is_not_valid_any_more_is_replaced_by_a_fresh_one",
        (
            FETCHING,
            '(HTTP {status})"\n                    await self._renew(tries)\n',
            '(HTTP {status})"\n                    await self.ctx.back_off(tries)\n',
        ),
    ),
    bug(
        "a-job-is-done-with-the-first-of-its-files",
        "tests/engine/test_status_outcomes.py::test_several_files_are_all_fetched_and_numbered",
        (
            FETCHING,
            '(file for file in files if file.state != "placed"), None)',
            '(file for file in files[:1] if file.state != "placed"), None)',
        ),
    ),
)
