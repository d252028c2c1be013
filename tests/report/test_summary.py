"""Texts for people."""

from dataclasses import replace

from report_support import BATCH, ESCAPES, acts, counts_of, standing_of

from runner.report.summary import status_text


def test_a_status_in_a_few_lines():
    counts = counts_of(removed=2, done=3, failed=1, unknown=1)
    errors = [("0123456789abcdef01234567", "no luck")]
    assert status_text(standing_of(counts, running_pid=77), errors).splitlines() == [
        "spring: 5 jobs: 3 done, 1 failed, 1 unknown (2 more were removed from the manifest)",
        "  credits   120 spent ($1.20), 80 reserved (of which 40 unknown), of 1000, 800 left",
        "  files     3 (7.0 MB) in /o/spring",
        "  running   process 77",
        "  ! 0123456789ab  no luck",
    ]


def test_a_status_without_jobs_and_without_a_budget():
    standing = standing_of(counts_of(), batch=replace(BATCH, budget=None))
    assert status_text(standing).splitlines()[:2] == [
        "spring: 0 jobs: none yet",
        "  credits   120 spent ($1.20), 80 reserved (of which 40 unknown), no budget",
    ]


def test_nothing_that_others_wrote_acts_on_the_terminal():
    text = status_text(standing_of(batch=replace(BATCH, output_dir=ESCAPES)), [("0" * 24, ESCAPES)])
    assert (acts(text), len(text.splitlines())) == (False, 4)
