"""A batch's row: its terms, its cap, and the ways to find it."""

from decimal import Decimal

import pytest
from store_support import LATER, NOW, PRICE, shop_at, terms_of

from runner.core.money import Credits, Price
from runner.core.records import Batch
from runner.store import batches

FRESH = Batch(
    pk=1,
    name="spring",
    manifest="/m/spring.yaml",
    provider="grokimagine",
    output_dir="/o/spring",
    api_origin=None,
    price=PRICE,
    highest_charge=Credits(0),
    budget=None,
    manifest_budget=None,
    spent=Credits(0),
    reserved=Credits(0),
    unknown=Credits(0),
    generation=0,
    fingerprint=None,
    tree_stale=False,
    updated_at=NOW,
)


@pytest.fixture
def empty(state):
    with shop_at(state) as opened:
        yield opened


def test_a_fresh_batch_has_empty_books_and_no_cap(empty):
    assert (empty.batch(), FRESH.reservation_price, FRESH.left) == (FRESH, 40, None)


def test_a_batch_that_is_opened_again_takes_the_new_terms_and_keeps_its_books_and_cap(shop):
    shop.running(0)
    price = Price(Credits(50), Decimal("0.5"))
    again = shop.do(batches.open_batch, terms_of(price=price, manifest="/m/b.yaml", output_dir="/x"), LATER)
    kept = (again.pk, again.budget, again.reserved, again.generation, again.fingerprint)
    new = (again.price, again.manifest, again.output_dir, again.updated_at, again.reservation_price)
    assert (kept, new) == ((1, 4000, 40, 1, "print"), (price, "/m/b.yaml", "/x", LATER, 50))


def test_a_cap_is_put_in_force_and_taken_away(empty):
    empty.do(batches.set_budget, 1, Credits(100), "100 credits")
    capped = empty.batch()
    empty.do(batches.set_budget, 1, None, "")
    free = empty.batch()
    assert [(each.budget, each.manifest_budget, each.left) for each in (capped, free)] == [
        (100, "100 credits", 100),
        (None, "", None),
    ]


def test_a_batch_is_found_by_its_name_its_manifest_and_its_directory(empty):
    finds = (
        (batches.by_name, "spring"),
        (batches.by_manifest, "/m/spring.yaml"),
        (batches.by_output_dir, "/o/spring"),
    )
    assert [empty.do(find, key) for find, key in finds] == [FRESH] * 3
    assert [empty.do(find, key + "x") for find, key in finds] == [None] * 3


def test_the_batch_that_a_manifest_ran_last_is_found(empty):
    empty.do(batches.open_batch, terms_of("winter", manifest="/m/spring.yaml"), NOW)
    assert empty.do(batches.by_manifest, "/m/spring.yaml").name == "winter"


def test_all_batches_come_by_name(empty):
    for name in ("winter", "autumn"):
        empty.do(batches.open_batch, terms_of(name), NOW)
    assert [batch.name for batch in empty.do(batches.every)] == ["autumn", "spring", "winter"]


def test_it_is_noted_when_a_batch_was_worked_on_and_whether_its_tree_may_be_stale(empty):
    empty.do(batches.touch, 1, LATER)
    empty.do(batches.mark_tree, 1, stale=True)
    stale = empty.batch()
    empty.do(batches.mark_tree, 1, stale=False)
    assert (stale.updated_at, stale.tree_stale, empty.batch().tree_stale) == (LATER, True, False)
