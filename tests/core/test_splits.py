"""Which split a prompt belongs to."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.errors import UsageError
from runner.core.splits import Splits, parse_splits

PROMPTS = [f"a fox in wood {number}" for number in range(4000)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, ("train",)),
        ("1", ("train",)),
        ("0.9/0.1", ("train", "test")),
        (" 8 / 1 / 1 ", ("train", "validation", "test")),
        ("train=0.9/mine_2=.1", ("train", "mine_2")),
        ("a=1/b=1/c=1/d=1", ("a", "b", "c", "d")),
    ],
)
def test_splits_have_names(text: str | None, names: tuple[str, ...]) -> None:
    assert parse_splits(text, 7).names == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write shares above 0"),
        ("0.9/0", "write shares above 0"),
        ("0.9,0.1", "write shares above 0"),
        ("-1/2", "write shares above 0"),
        ("Test=1/b=1", "write shares above 0"),
        ("nan/1", "write shares above 0"),
        ("1/1/1/1", "give every split a name"),
        ("train=1/1", "give every split a name"),
        ("a=1/a=2", "two splits have one name"),
    ],
)
def test_what_is_no_split_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_splits(text, 0)


def test_shares_are_met_on_average() -> None:
    splits = parse_splits("0.9/0.1", 7)
    counts = Counter(splits.of(prompt) for prompt in PROMPTS)
    assert 340 < counts["test"] < 460
    assert counts.total() == len(PROMPTS)


def test_another_seed_deals_anew_and_the_same_one_does_not() -> None:
    dealt = [tuple(parse_splits("1/1", seed).of(prompt) for prompt in PROMPTS[:64]) for seed in (7, 7, 8)]
    assert (dealt[0] == dealt[1], dealt[0] == dealt[2]) == (True, False)


@given(prompt=st.text(), seed=st.integers())
def test_every_prompt_has_a_split(prompt: str, seed: int) -> None:
    assert parse_splits("1/1/1", seed).of(prompt) in {"train", "validation", "test"}


def test_one_split_takes_all_without_a_draw() -> None:
    assert Splits().of("a fox") == "train"
