import pytest

from runner.core.outcomes import Completed, ErrorClass, Failed, NotFound, Running
from runner.core.second_look import Verdict, verdict_of

WITH_FILE, WITHOUT = Completed(("https://cdn/1.mp4",)), Completed(())


@pytest.mark.parametrize(
    ("told", "error_class", "is_ours", "verdict"),
    [
        (WITH_FILE, ErrorClass.SERVICE, True, Verdict.FETCH),
        (WITH_FILE, ErrorClass.NO_OUTPUT, True, Verdict.FETCH),
        (WITH_FILE, ErrorClass.SERVICE, False, Verdict.WAIT),
        (WITHOUT, ErrorClass.SERVICE, True, Verdict.WAIT),
        (WITHOUT, None, True, Verdict.WAIT),
        (WITHOUT, ErrorClass.NO_OUTPUT, True, Verdict.AGAIN),
        (WITHOUT, ErrorClass.NO_OUTPUT, False, Verdict.WAIT),
        (Running(), ErrorClass.SERVICE, True, Verdict.FOLLOW),
        (Running("pondering"), ErrorClass.SERVICE, True, Verdict.FOLLOW),
        (Running(), ErrorClass.SERVICE, False, Verdict.WAIT),
        (Failed("no luck"), ErrorClass.SERVICE, True, Verdict.AGAIN),
        (Failed("no luck"), ErrorClass.SERVICE, False, Verdict.WAIT),
        (NotFound("gone"), ErrorClass.SERVICE, True, Verdict.AGAIN),
        (NotFound("gone"), ErrorClass.NO_OUTPUT, False, Verdict.AGAIN),
    ],
)
def test_a_second_look_means(told, error_class, is_ours, verdict):
    assert verdict_of(told, error_class, is_ours=is_ours) is verdict


def test_of_several_tasks_the_one_that_saves_the_most_counts():
    assert min(Verdict.AGAIN, Verdict.WAIT, Verdict.FOLLOW, Verdict.FETCH) is Verdict.FETCH
    assert min(Verdict.AGAIN, Verdict.WAIT, Verdict.FOLLOW) is Verdict.FOLLOW
    assert min(Verdict.AGAIN, Verdict.WAIT) is Verdict.WAIT
