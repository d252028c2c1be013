"""Takes that a person asked for beyond those of the manifest, as an expansion makes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_builder import entries, manifest_of, prompt_of

from runner.core.errors import ManifestError
from runner.core.expansion import expand
from runner.core.model import Order
from runner.core.retake import Retakes
from runner.core.variation import combination_id_of

FOX = combination_id_of("grokimagine", "a fox", (), "normal", "1:1")
OWL = combination_id_of("grokimagine", "an owl", (), "normal", "1:1")
PROMPTS = (prompt_of("a fox", prompt_id="fox"), prompt_of("an owl", prompt_id="owl"))


def made(manifest, retakes):
    """What an expansion makes: prompt, mode, take, rank, and what it is made instead of."""
    return [
        (job.prompt_id, job.mode, job.take, job.rank, job.instead_of)
        for job in expand(manifest, None, retakes)
    ]


def test_they_come_behind_all_others_with_a_path_and_a_rank_of_their_own():
    retakes = {OWL: Retakes(added=frozenset({2})), FOX: Retakes(again=(7,))}
    jobs = list(expand(manifest_of(*PROMPTS), None, retakes))
    assert [(job.path, job.rank, job.instead_of) for job in jobs] == [
        ("fox/normal_1x1/take-01", 0, None),
        ("owl/normal_1x1/take-01", 1, None),
        ("fox/normal_1x1/take-02", 2, 7),
        ("owl/normal_1x1/take-02", 3, None),
    ]


def test_a_new_take_is_none_that_the_manifest_the_state_or_another_retake_has():
    retakes = {FOX: Retakes(added=frozenset({3}), known=frozenset({1, 2, 3, 6}), again=(7, 9))}
    found = made(manifest_of(PROMPTS[0], takes=4), retakes)
    assert [(take, instead) for _, _, take, _, instead in found] == [
        (1, None),
        (2, None),
        (3, None),
        (4, None),
        (7, 7),
        (8, 9),
    ]


def test_a_combination_that_the_manifest_does_not_name_gets_none():
    retakes = {OWL: Retakes(added=frozenset({2}), again=(7,))}
    assert made(manifest_of(PROMPTS[0]), retakes) == [("fox", "normal", 1, 0, None)]


def test_what_the_manifest_excludes_is_not_made():
    manifest = manifest_of(PROMPTS[0], takes=1, exclude=entries("exclude", {"take": "2"}))
    assert [take for _, _, take, _, _ in made(manifest, {FOX: Retakes(added=frozenset({2, 3}))})] == [1, 3]
    assert [take for _, _, take, _, _ in made(manifest, {FOX: Retakes(again=(7,))})] == [1, 3]


@pytest.mark.parametrize("order", [Order.MANIFEST, Order.BREADTH])
def test_a_take_that_is_excluded_is_not_made_whatever_else_is_included(order):
    manifest = manifest_of(
        PROMPTS[0],
        takes=2,
        order=order,
        exclude=entries("exclude", {"take": "1"}, {"take": "5"}),
        include=entries("include", {"prompt": "fox", "mode": "normal", "ratio": "1:1", "take": "1"}),
    )
    assert sorted(take for _, _, take, _, _ in made(manifest, {FOX: Retakes(frozenset({4, 5}))})) == [1, 2, 4]


def test_an_excluded_take_of_an_included_combination_is_not_made():
    fun = combination_id_of("grokimagine", "a fox", (), "fun", "1:1")
    manifest = manifest_of(
        PROMPTS[0],
        exclude=entries("exclude", {"mode": "fun"}, {"mode": "fun", "take": "2"}),
        include=entries("include", {"prompt": "fox", "mode": "fun", "ratio": "1:1"}),
    )
    jobs = made(manifest, {fun: Retakes(frozenset({2, 3}))})
    assert [(mode, take) for _, mode, take, _, _ in jobs] == [("normal", 1), ("fun", 1), ("fun", 3)]


def test_an_included_combination_gets_its_retakes():
    fun = combination_id_of("grokimagine", "a fox", (), "fun", "1:1")
    manifest = manifest_of(
        PROMPTS[0], include=entries("include", {"prompt": "fox", "mode": "fun", "ratio": "1:1"})
    )
    assert made(manifest, {fun: Retakes(again=(7,))})[-1] == ("fox", "fun", 2, 2, 7)


def test_there_is_no_take_above_the_highest():
    assert len(made(manifest_of(PROMPTS[0]), {FOX: Retakes(known=frozenset({1000}), again=(7,))})) == 1


@pytest.mark.parametrize("order", Order)
def test_the_order_of_the_manifest_changes_nothing_but_the_rank(order):
    retakes = {FOX: Retakes(added=frozenset({3}), again=(7,))}
    jobs = list(expand(manifest_of(*PROMPTS, takes=2, order=order), None, retakes))
    ranks = [job.rank for job in jobs]
    assert {(job.prompt_id, job.take, job.instead_of) for job in jobs} == {
        ("fox", 1, None),
        ("fox", 2, None),
        ("fox", 3, None),
        ("fox", 4, 7),
        ("owl", 1, None),
        ("owl", 2, None),
    }
    assert ranks == (ranks if order is Order.SHUFFLE else list(range(6)))


def test_two_takes_with_one_path_are_told_at_plan_time():
    manifest = manifest_of(PROMPTS[0], layout="{prompt_id}")
    with pytest.raises(ManifestError, match="is also the path of a job"):
        list(expand(manifest, None, {FOX: Retakes(again=(7,))}))


@given(
    takes=st.integers(1, 4),
    added=st.frozensets(st.integers(1, 9)),
    known=st.frozensets(st.integers(1, 9)),
    again=st.lists(st.integers(1, 99), max_size=4, unique=True),
)
def test_no_take_is_made_twice_and_none_of_the_state_is_taken_for_new(takes, added, known, again):
    jobs = list(
        expand(manifest_of(PROMPTS[0], takes=takes), None, {FOX: Retakes(added, known, tuple(again))})
    )
    numbers = [job.take for job in jobs]
    new = {job.take for job in jobs if job.instead_of is not None}
    assert len(set(numbers)) == len(numbers)
    assert [job.instead_of for job in jobs if job.instead_of is not None] == again
    assert set(numbers) == {*range(1, takes + 1), *added, *new}
    assert not new & {*range(1, takes + 1), *added, *known}
