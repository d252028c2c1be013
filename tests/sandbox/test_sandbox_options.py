from dataclasses import replace

import pytest

from runner.core.errors import UsageError
from runner.sandbox import FAULTS, ResetForm, SandboxOptions, option_names, parse_options, with_faults
from runner.sandbox.draws import Draws


def test_an_empty_text_is_the_defaults():
    assert parse_options(" ") == SandboxOptions()


def test_options_are_read_by_their_names_short_or_in_full():
    text = "latency=0.2, seed=7, post_dropped_after=5%, url_life=3, balance_credits=400, in_flight=none, retry_after=no, reset_form=epoch, token=t"
    assert parse_options(text) == SandboxOptions(
        latency_median_s=0.2,
        seed=7,
        post_dropped_after=0.05,
        url_life_s=3,
        balance_credits=400,
        in_flight=None,
        retry_after=False,
        reset_form=ResetForm.EPOCH,
        token="t",
    )


def test_faults_sets_every_fault_but_those_named_beside_it():
    assert parse_options("overcharge=0,faults=1%") == replace(
        with_faults(SandboxOptions(), 0.01), overcharge=0
    )


def test_with_faults_leaves_what_is_no_fault():
    options = with_faults(SandboxOptions(seed=3), 0.5)
    assert ({getattr(options, name) for name in FAULTS}, options.seed, options.two_files) == ({0.5}, 3, 0.3)


def test_every_option_can_be_written():
    defaults = SandboxOptions()
    text = ",".join(f"{name}={getattr(defaults, name)}" for name in option_names() if name != "faults")
    assert parse_options(text) == defaults


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latncy=1", "'latncy' is not an option of the sandbox - did you mean 'latency'?"),
        (
            "post_dropped=1",
            "'post_dropped' is not an option of the sandbox - did you mean 'post_dropped_after'?",
        ),
        ("seed", "sandbox option 'seed' has no value - write seed=VALUE"),
        ("latency=1,latency_median_s=2", "sandbox option latency_median_s is given twice"),
        ("seed=x", "sandbox option seed: 'x' is not a whole number"),
        ("retry_after=perhaps", "sandbox option retry_after: 'perhaps' is not yes or no"),
        ("reset_form=iso", "sandbox option reset_form: 'iso' is not one of delta, epoch, epoch_ms"),
        ("faults=many", "sandbox option faults: 'many' is not a share, as 0.01 or 1%"),
        ("post_500=3", "sandbox option post_500: 3.0 is not a share between 0 and 1 (or 0% and 100%)"),
        ("post_500=nan", "sandbox option post_500: nan is not a share between 0 and 1 (or 0% and 100%)"),
        ("window_s=0", "sandbox option window_s: 0.0 is not above 0"),
        ("latency=inf", "sandbox option latency_median_s: inf is not a number of 0 or more"),
        (
            "file_size=4294967296",
            "sandbox option file_size_bytes: 4294967296 is not below 4294967296, the most that an MP4 box holds",
        ),
    ],
)
def test_a_wrong_option_is_named_with_the_way_out(text, message):
    with pytest.raises(UsageError) as caught:
        parse_options(text)
    assert str(caught.value) == message


def test_draws_follow_from_seed_name_key_and_turn_alone():
    draws = Draws(7)
    assert draws.unit("post_500", "fox", 1) == Draws(7).unit("post_500", "fox", 1)
    others = [
        Draws(8).unit("post_500", "fox", 1),
        draws.unit("post_429", "fox", 1),
        draws.unit("post_500", "fox", 2),
    ]
    assert len({draws.unit("post_500", "fox", 1), *others}) == 4


def test_a_share_is_met_in_about_that_part_of_the_draws():
    struck = sum(Draws(1).hits(0.1, "post_500", f"fox {number}") for number in range(5000))
    assert 420 < struck < 580
