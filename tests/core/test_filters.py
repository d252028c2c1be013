"""``--only``."""

import pytest
from manifest_builder import manifest_of, prompt_of

from runner.core.errors import UsageError
from runner.core.expansion import expand
from runner.core.filters import matches, parse_only


@pytest.mark.parametrize(
    ("text", "only"),
    [
        (None, {}),
        ("", {}),
        ("mode=fun", {"mode": "fun"}),
        (" mode = fun , prompt=animals ", {"mode": "fun", "prompt": "animals"}),
        ("take=2", {"take": "2"}),
        ("animal=red fox", {"animal": "red fox"}),
        ("ratio=2:3", {"ratio": "2:3"}),
        ("sign=a=b", {"sign": "a=b"}),
    ],
)
def test_conditions_are_read_key_by_key(text, only):
    assert parse_only(text) == only


@pytest.mark.parametrize(
    "text", ["mode", "mode=", "=fun", "mode=fun,", ",", " ", "mode=fun,mode=spicy", "a=b,,c=d"]
)
def test_what_is_no_condition_is_refused_with_the_way_to_write_one(text):
    with pytest.raises(UsageError) as refused:
        parse_only(text)
    assert str(refused.value) == (
        f"--only {text!r}: write key=value,key=value, each key once; keys are prompt, mode, ratio, take and the prompt's"
        " variables"
    )


@pytest.mark.parametrize("key", ['a"b', "a b", "a.b", "$", "1a", "a'"])
def test_a_key_is_one_of_ours_or_a_name(key):
    with pytest.raises(UsageError, match="is not the name of a variable"):
        parse_only(f"{key}=1")


def test_a_take_is_a_number():
    with pytest.raises(UsageError, match="a take is a number, not 'two'"):
        parse_only("take=two")


JOBS = list(
    expand(
        manifest_of(
            prompt_of("a {animal}", prompt_id="animals"),
            prompt_of("a house", line=2, prompt_id="house"),
            variables={"animal": ("fox", "owl")},
            modes=("fun", "normal"),
            takes=2,
        )
    )
)


@pytest.mark.parametrize(
    ("only", "number"),
    [
        ({}, 12),
        ({"prompt": "house"}, 4),
        ({"mode": "fun"}, 6),
        ({"take": "2"}, 6),
        ({"animal": "fox"}, 4),
        ({"animal": "fox", "mode": "fun", "take": "1"}, 1),
        ({"ratio": "2:3"}, 0),
        ({"nothing": "x"}, 0),
    ],
)
def test_a_job_must_meet_every_condition(only, number):
    assert sum(matches(job, only) for job in JOBS) == number
