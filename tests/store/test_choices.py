"""A person's choices in the state."""

from store_support import LATER, NOW, job_of, shop_at

from runner.core.choice import NO_CHOICE, Choice, Flag
from runner.core.model import JobId
from runner.core.records import Media
from runner.store import choices, outputs, reads, records
from runner.store.records import Selection
from runner.store.schema import media


def shown(shop):
    return shop.do(lambda connection: list(records.records(connection, shop.pk, Selection())))


def test_a_choice_is_kept_with_its_time_and_changed_field_by_field(shop):
    shop.do(choices.choose, 2, {"flag": Flag.REJECT, "note": "blurred"}, NOW)
    shop.do(choices.choose, 1, {"again": True}, NOW)
    whole = shop.do(choices.choose, 2, {"rating": 2, "flag": None}, LATER)
    expected = Choice(None, 2, "blurred", again=False, chosen_at=LATER, revision=3)
    other = Choice(again=True, chosen_at=NOW, revision=2)
    assert (whole, [record.choice for record in shown(shop)]) == (expected, [other, expected, NO_CHOICE])


def test_what_is_newer_than_a_revision_is_found_in_its_own_batch_only(state):
    with shop_at(state, job_of(0), job_of(1)) as shop, shop_at(state, job_of(0), name="autumn") as other:
        for job_pk in (2, 1, 3):
            shop.do(choices.choose, job_pk, {"flag": Flag.KEEP}, NOW)
        found = [
            shop.do(choices.changed_since, each.pk, since) for each in (shop, other) for since in (0, 1, 3)
        ]
        assert (found, shop.do(choices.newest_revision)) == ([[1, 2], [1], [], [3], [3], []], 3)


def test_a_state_without_choices_has_revision_0(shop):
    assert shop.do(choices.newest_revision) == 0


def test_a_job_shows_what_was_found_in_its_files_while_they_are_those(shop):
    files = shop.do(reads.files_of, shop.fetching(0, "https://a", "https://b"))
    for one, sha256 in zip(files, ("aa", "other"), strict=True):
        shop.do(outputs.verified, one.pk, f"{one.position}.mp4", 7, sha256)
        row = {
            "file": one.pk,
            "sha256": "aa",
            "width": 480,
            "height": 720,
            "duration_s": 6.0,
            "codec": "h264",
        }
        shop.do(lambda connection, row=row: connection.execute(media.insert().values(row)) and None)
    assert [record.media for record in shown(shop)] == [
        {files[0].pk: Media(480, 720, 6.0, None, "h264")},
        {},
        {},
    ]


def test_a_job_shows_whether_another_was_made_instead(shop):
    shop.do(
        lambda connection: connection.exec_driver_sql("UPDATE job SET instead_of = 1 WHERE id = 3") and None
    )
    assert [record.is_remade for record in shown(shop)] == [True, False, False]


def test_jobs_can_be_chosen_by_their_rows(shop):
    chosen = Selection(pks=(3, 1))
    found = shop.do(lambda connection: list(records.records(connection, shop.pk, chosen)))
    assert [record.job.job_id for record in found] == [JobId(f"{rank:024x}") for rank in (0, 2)]
