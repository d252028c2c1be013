"""The tables of outcomes, each row by the real engine, client, store and tree against a service on a raw socket.

A row is a letter (``P`` a POST, ``Q`` a status question, ``W`` a download) and its number in the reference of faults. It
has cases, whose names begin with it (``P17 FIN``), or tests of its own (``SHOWN``), or a reason why it is shown elsewhere
(``ELSEWHERE``). ``PROMISED`` leads from the contract's own lines to the rows. Whether all that is whole is itself a test.

Every case says, as one value: the class of each outcome, how many POSTs, questions and downloads reached the service,
each attempt with its credits, the state and the class of error of each job, the books, and the run's exit code.

    hurried      the event loop: real sockets, and time that passes only while nobody has anything to do
    service      the service, which does to the n-th request whatever a case says
    behaviours   what it may do: FIN, RST, silence, bytes, drips, answers
    scene        a case, how it is played, and the value that it comes to
"""

ROWS: dict[str, tuple[int, ...]] = {
    "P": tuple(range(1, 58)),
    "Q": (1, *range(3, 13), 15, 16, 18, 19, *range(21, 28), *range(29, 35)),
    "W": (1, *range(4, 24), 26, *range(28, 39)),
}
"""The rows that there are; the missing numbers are missing in the reference."""

SHOWN: dict[str, tuple[str, ...]] = {
    "P8": (
        "test_posts_unsent.py::test_a_certificate_that_nobody_vouches_for_stops_the_run_at_the_first_job",
    ),
    "P48": ("test_posts_answered.py::test_a_wait_is_as_long_as_the_service_says",),
    "P55": (
        "test_posts_unknown.py::test_an_acceptance_that_cannot_be_committed_ends_the_run_and_shows_the_id",
    ),
    "P56": ("test_posts_unknown.py::test_a_post_in_the_air_is_waited_for_when_the_run_is_interrupted",),
    "Q27": ("test_statuses.py::test_a_message_of_half_a_megabyte_is_cut_and_without_control_characters",),
    "Q32": ("test_statuses.py::test_a_question_asks_for_no_cached_answer_and_carries_the_token",),
    "W37": ("test_downloads.py::test_only_the_file_that_failed_is_fetched_again",),
}

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "P5": (
        "the client's pools have no bound, so that nobody waits for a place in one",
        "providers/test_client_answers.py::test_a_hundred_posts_at_once_do_not_wait_for_one_another",
    ),
    "P6": (
        "the time for a connection is a part of the time for the whole, so that it always ends first (P4, P7)",
        "providers/test_client_submit.py::test_a_stalled_connect_is_not_sent",
    ),
    "P57": (
        "loopback cannot be suspended alone; what is left of the row are P14 to P20, and the program as a process",
        "faults/test_several_processes.py::test_a_suspension_with_submissions_in_the_air_ends_in_what_the_service_says",
        "faults/test_network_cut.py::test_a_cut_under_a_submission_makes_it_unknown_and_the_others_go_on",
    ),
    "Q30": (
        "a machine that slept is a clock that jumped; each task has one worker, which asks one thing at a time",
        "faults/test_clock.py::test_a_clock_that_jumps_during_a_run_changes_nothing",
        "faults/test_several_processes.py::test_a_suspended_process_keeps_its_batch_and_finishes_it",
    ),
    "W20": (
        "the contract asks for no checksum of the service's; the bytes are checked by their structure (W9)",
    ),
    "W23": (
        "a name that changes its address needs a resolver of its own, which only the session takes",
        "files/test_addresses.py::test_the_refusal_names_the_address",
        "files/test_addresses.py::test_a_name_with_only_inner_addresses_is_refused",
    ),
    "W31": (
        "names are settled before anything is sent",
        "core/test_expansion_problems.py::test_two_jobs_with_one_path_name_the_field_that_is_missing",
        "core/test_expansion_problems.py::test_two_paths_that_only_case_tells_apart_are_refused",
        "core/test_layout.py::test_paths_that_are_one_file_on_some_system_share_a_key",
    ),
    "W32": (
        "names are settled before anything is sent",
        "core/test_layout.py::test_a_long_component_is_cut_and_says_what_it_was",
        "core/test_layout.py::test_a_deep_layout_keeps_within_the_length_of_a_path",
        "files/test_place.py::test_a_name_that_the_file_system_cannot_hold_is_a_conflict",
    ),
    "W33": (
        "names are settled before anything is sent",
        "core/test_layout.py::test_every_path_is_safe_on_three_systems",
    ),
    "W34": (
        "a command of its own looks after what is done",
        "app/test_verify.py::test_what_is_gone_cut_or_changed_is_named_and_nothing_is_touched",
        "app/test_verify.py::test_what_is_gone_is_fetched_again_free_of_charge",
    ),
    "W35": (
        "a process that is killed needs a process",
        "files/test_place.py::test_w35_a_crash_before_any_call_ends_in_the_same_tree_after_the_next_run",
        "faults/test_boundaries.py::test_a_kill_at_any_system_call_costs_nothing_twice_and_loses_nothing",
    ),
}
"""Rows that are not here: why, and the tests that show them."""

PROMISED: dict[str, str] = {
    "POST: hook not reached (DNS, refused, TLS, connect timeout, no route, pool timeout)": "P1 P2 P3 P4 P5 P6 P7 P9 P10",
    "POST: a bad certificate stops the run": "P8",
    "POST: 2xx, envelope code 200, a usable task id": "P33 P34",
    "POST: 2xx with anything else": "P26 P27 P28 P29 P30 P31 P32 P35 P36 P38 P40",
    "POST: a well-formed task id in the bytes is polled; known there = accepted": "P26 P27 P32 P39 P49",
    "POST: 400, 413, 415, 422, or 200 with such an envelope code": "P37 P44",
    "POST: 401, 403": "P45",
    "POST: 402, or such an envelope code": "P46",
    "POST: 404, 405": "P44",
    "POST: 429, 503 or 455 with the API's JSON envelope": "P37 P48",
    "POST: 3xx": "P42 P43",
    "POST: 500, 502, 503 without envelope, 504, 52x": "P49 P50 P51 P52 P53 P54",
    "POST: timeout, reset or EOF after sending": "P14 P15 P16 P17 P18 P19 P20 P21 P22 P23",
    "POST: Ctrl-C": "P13 P56",
    "POST: anything not listed; three in a row": "P24 P25 P31 P41 P47",
    "POST: found submitting at the start, or the state fails": "P11 P12 P13 P55",
    "status: words": "Q10 Q11",
    "status: response, and done without a URL": "Q15 Q16 Q33",
    "status: consumed_credits": "Q18 Q19 Q21 Q22 Q23 Q24 Q25 Q34",
    "status: created_at without a zone, error_message absent": "Q24 Q29",
    "status: GETs are repeated freely within the rate": "Q1 Q6 Q8",
    "status: 404": "Q3 Q4 Q8",
    "status: 401, 402, 403": "Q5 Q7",
    "status: the echo is compared": "Q9",
    "download: Range and If-Range, and what starts over": "W12 W13 W14 W15 W16 W17 W18",
    "download: accept only": "W5 W6 W7 W8 W9 W10 W11",
    "download: 403, 404, 410": "W1",
    "download: 5xx, resets, short bodies; eight tries; the next run": "W4 W5 W9 W22 W36 W37",
    "download: a full disk": "W26",
    "download: never clobber": "W28 W29 W30",
    "download: addresses": "W21 W23",
    "an unreachable service is waited for, 10 minutes at most": "P1 P2 Q1",
}
