"""The prompts of a batch."""

from store_support import job_of, shop_at

from runner.store import prompts


def test_prompts_come_in_the_order_of_their_first_jobs_and_with_all_of_theirs(state):
    ids = ("owl", "fox", "owl", "bear", "fox")
    jobs = [job_of(rank, prompt_id=one) for rank, one in enumerate(ids)]
    with shop_at(state, *jobs) as shop, shop_at(state, job_of(0, prompt_id="fox"), name="autumn"):
        shop.enrol(*jobs[:3], jobs[4])  # the bear is removed
        known = shop.do(prompts.prompt_ids, shop.pk)
        found = shop.do(prompts.jobs_of, shop.pk, ["fox", "owl", "bear"])
        by_row = dict(shop.rows("SELECT id, rank FROM job"))
    ranks = {one: [by_row[pk] for pk in pks] for one, pks in found.items()}
    assert (known, ranks) == (["owl", "fox"], {"fox": [1, 4], "owl": [0, 2], "bear": []})
