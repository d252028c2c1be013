"""What runs learn of a service is there for the next ones."""

from store_support import job_of, shop_at

from runner.store import learned

ORIGIN = "https://service.example"


def test_what_was_kept_for_a_service_is_found_for_it_and_no_other(state):
    with shop_at(state, job_of(0)) as shop:
        shop.do(learned.keep_task_times, ORIGIN, {"normal": [0.5, 1.0], "fun with images": [2.0]})
        shop.do(learned.keep_task_times, None, {"normal": [9.0]})
        found = [shop.do(learned.task_times, origin) for origin in (ORIGIN, None, "https://other.example")]
    assert found == [{"normal": [0.5, 1.0], "fun with images": [2.0]}, {"normal": [9.0]}, {}]


def test_what_is_kept_again_replaces_its_kind_alone(state):
    with shop_at(state, job_of(0)) as shop:
        shop.do(learned.keep_task_times, ORIGIN, {"normal": [1.0], "fun": [2.0]})
        shop.do(learned.keep_task_times, ORIGIN, {"normal": [3.0]})
        assert shop.do(learned.task_times, ORIGIN) == {"normal": [3.0], "fun": [2.0]}
