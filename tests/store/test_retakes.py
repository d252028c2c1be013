"""Takes that a person asked for, in the state."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from store_support import LATER, NOW, job_of, shop_at

from runner.core.choice import Flag
from runner.core.retake import Retakes
from runner.core.variation import combination_id_of, job_id_of
from runner.store import choices, enrolment, outputs, retakes
from runner.store.reads import all_jobs_query, to_job


def one_of(number, take=1, **fields):
    """A take of the combination of that number, under its real id."""
    job = job_of(number * 100 + take, prompt=f"a fox, number {number}", take=take, **fields)
    return replace(job, job_id=job_id_of("grokimagine", job.prompt, job.images, job.mode, job.ratio, take))


def combination(number):
    return combination_id_of("grokimagine", f"a fox, number {number}", (), "normal", "1:1")


@pytest.fixture
def shop(state):
    """Two takes of one combination and one of another, all done."""
    with shop_at(state, one_of(0), one_of(0, take=2), one_of(1)) as opened:
        for job_pk in (1, 2, 3):
            done(opened, job_pk)
        yield opened


def done(shop, job_pk):
    shop.do(
        lambda connection: (
            connection.exec_driver_sql(f"UPDATE job SET state = 'fetching' WHERE id = {job_pk}") and None
        )
    )
    shop.do(outputs.finish, job_pk, NOW)


def pks(found):
    return [one.pk for one in found]


def retakes_of_all(connection):
    return [to_job(row) for row in connection.execute(all_jobs_query())]


def take_in(shop, *jobs):
    shop.do(enrolment.enrol, shop.pk, jobs, 1)


def test_without_a_wish_there_is_none(shop):
    assert shop.do(retakes.wanted, shop.batch()) == {}


def test_what_is_queued_comes_with_the_takes_that_there_are(shop):
    for job_pk in (2, 3, 1):
        shop.do(choices.choose, job_pk, {"again": True}, NOW)
    assert shop.do(retakes.wanted, shop.batch()) == {
        combination(0): Retakes(known=frozenset({1, 2}), again=(1, 2)),
        combination(1): Retakes(known=frozenset({1}), again=(3,)),
    }


def test_a_new_take_is_marked_and_its_wish_is_fulfilled_at_once(shop):
    shop.do(choices.choose, 1, {"again": True, "rating": 2}, NOW)
    take_in(shop, one_of(0, take=3, instead_of=1))
    (choice,) = shop.do(choices.of_jobs, [1]).values()
    assert (choice.again, choice.rating, choice.revision) == (False, 2, 2)
    assert shop.do(retakes.wanted, shop.batch()) == {combination(0): Retakes(frozenset({3}))}
    assert shop.rows("SELECT id, instead_of FROM job WHERE instead_of IS NOT NULL") == [(4, 1)]


def test_the_state_itself_refuses_a_second_take_instead_of_one_job(shop):
    take_in(shop, one_of(0, take=3, instead_of=1))
    before = shop.dump()
    with pytest.raises(IntegrityError):
        take_in(shop, one_of(0, take=4, instead_of=1))
    assert shop.dump() == before


def test_what_was_made_again_is_offered_no_more(shop):
    for job_pk in (1, 2, 3):
        shop.do(choices.choose, job_pk, {"flag": Flag.REJECT, "again": True}, NOW)
    take_in(shop, one_of(0, take=3, instead_of=2))
    assert (pks(shop.do(retakes.rejected, shop.pk)), pks(shop.do(retakes.queued, shop.pk))) == (
        [1, 3],
        [1, 3],
    )


@pytest.mark.parametrize("sql", ["state = 'failed'", "removed = 1"])
def test_only_what_is_done_and_still_named_is_offered(shop, sql):
    shop.do(choices.choose, 1, {"flag": Flag.REJECT, "again": True}, NOW)
    shop.do(lambda connection: connection.exec_driver_sql(f"UPDATE job SET {sql} WHERE id = 1") and None)
    assert (shop.do(retakes.rejected, shop.pk), shop.do(retakes.queued, shop.pk)) == ([], [])


def test_of_a_page_of_jobs_those_that_another_take_was_made_of_are_told(shop):
    take_in(shop, one_of(0, take=3, instead_of=2))
    assert (shop.do(retakes.remade, [1, 2, 3]), shop.do(retakes.remade, [1])) == ({2}, set())


def test_another_batch_has_wishes_of_its_own(shop, state):
    with shop_at(state, one_of(0), name="autumn") as other:
        done(other, 4)
        shop.do(choices.choose, 4, {"flag": Flag.REJECT, "again": True}, NOW)
        shop.do(choices.choose, 1, {"flag": Flag.KEEP}, NOW)
        take_in(shop, one_of(0, take=3, instead_of=1))
        assert (shop.do(retakes.wanted, shop.batch()), shop.do(retakes.rejected, shop.pk)) == (
            {combination(0): Retakes(frozenset({3}))},
            [],
        )
        assert shop.do(retakes.wanted, other.batch()) == {
            combination(0): Retakes(known=frozenset({1}), again=(4,))
        }


def test_takes_are_known_beyond_the_first_that_are_looked_up(shop):
    take_in(shop, *(one_of(1, take=take) for take in range(2, 20)))
    shop.do(choices.choose, 3, {"again": True}, NOW)
    assert shop.do(retakes.wanted, shop.batch()) == {
        combination(1): Retakes(known=frozenset(range(1, 20)), again=(3,))
    }


def test_a_wish_that_cannot_be_fulfilled_is_gone_and_the_rest_of_the_choice_stays(shop):
    shop.do(choices.choose, 1, {"flag": Flag.KEEP, "again": True}, NOW)
    shop.do(choices.choose, 2, {"flag": Flag.KEEP}, LATER)
    shop.do(choices.fulfil, 1)
    shop.do(choices.fulfil, 2)
    shop.do(choices.fulfil, 3)
    left = shop.do(choices.of_jobs, [1, 2, 3])
    assert {pk: (one.flag, one.again, one.revision) for pk, one in left.items()} == {
        1: (Flag.KEEP, False, 3),
        2: (Flag.KEEP, False, 2),
    }


def test_from_what_the_jobs_come_can_be_noted(shop):
    shop.do(enrolment.reprint, shop.pk, "new")
    assert shop.batch().fingerprint == "new"


@pytest.mark.sqlite
def test_wishes_are_found_by_their_index(shop):
    plan = shop.rows("EXPLAIN QUERY PLAN SELECT job FROM choice WHERE again = 1")
    assert "choice_again" in plan[0][3]


def test_takes_are_known_as_far_as_all_that_is_queued_could_reach(shop):
    take_in(shop, *(one_of(1, take=take) for take in (*range(2, 33), 50)))
    originals = [one for one in shop.do(retakes_of_all) if one.pk >= 3]
    assert shop.do(retakes.instead_of, shop.batch(), originals)[combination(1)].known == {*range(1, 33), 50}
