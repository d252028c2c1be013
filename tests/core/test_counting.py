"""The noun behind a number."""

from runner.core.counting import noun


def test_a_noun_goes_with_its_number():
    told = [
        f"{number} {noun(number, 'job')}, {number} {noun(number, 'job is', 'jobs are')}"
        for number in range(3)
    ]
    assert told == ["0 jobs, 0 jobs are", "1 job, 1 job is", "2 jobs, 2 jobs are"]
