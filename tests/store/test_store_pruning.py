"""What the state says of the files of rejected jobs."""

from store_support import LATER, NOW, job_of, shop_at

from runner.core.choice import Flag
from runner.store import choices, outputs, pruning, reads


def done(shop, rank, *urls):
    attempt = shop.fetching(rank, *urls)
    for one in shop.do(reads.files_of, attempt):
        shop.do(outputs.verified, one.pk, f"{rank}-{one.position}.mp4", 7, "ab")
        shop.do(outputs.placed, one.pk)
    shop.do(outputs.finish, shop.job(rank).pk, NOW)


def paths(found):
    return [one.file.path for one in found]


def test_the_files_of_rejected_jobs_come_job_by_job(state):
    with shop_at(state, *map(job_of, range(4))) as shop, shop_at(state, job_of(9), name="autumn") as other:
        for rank in range(3):
            done(shop, rank, "https://a", "https://b")
        done(other, 9)
        for job_pk, flag in (
            (1, Flag.REJECT),
            (2, Flag.KEEP),
            (3, Flag.REJECT),
            (4, Flag.REJECT),
            (5, Flag.REJECT),
        ):
            shop.do(choices.choose, job_pk, {"flag": flag}, NOW)
        pages = [paths(shop.do(pruning.page, shop.pk, after, 1)) for after in (0, 1, 3)]
        assert pages == [["0-1.mp4", "0-2.mp4"], ["2-1.mp4", "2-2.mp4"], []]
        assert [shop.do(pruning.totals, each.pk) for each in (shop, other)] == [(2, 4, 28), (1, 1, 7)]


def test_only_what_is_done_and_rejected_at_this_moment_may_be_deleted(shop):
    done(shop, 0)
    answers = [shop.do(pruning.is_doomed, 1)]
    for flag in (Flag.REJECT, Flag.KEEP):
        shop.do(choices.choose, 1, {"flag": flag}, NOW)
        answers.append(shop.do(pruning.is_doomed, 1))
    shop.do(choices.choose, 2, {"flag": Flag.REJECT}, NOW)
    assert (answers, shop.do(pruning.is_doomed, 2)) == ([False, True, False], False)


def test_what_is_forgotten_leaves_the_job_done_and_paid_for(shop):
    done(shop, 0)
    shop.do(choices.choose, 1, {"flag": Flag.REJECT}, NOW)
    shop.do(pruning.forget, 1, LATER)
    (choice,) = shop.do(choices.of_jobs, [1]).values()
    assert (choice.pruned_at, choice.flag, choice.revision) == (LATER, Flag.REJECT, 2)
    assert (
        shop.states()[0],
        shop.books(),
        shop.do(reads.file_totals, shop.pk),
        shop.do(pruning.totals, shop.pk),
    ) == (
        "done",
        (40, 0, 0),
        (0, 0),
        (0, 0, 0),
    )
