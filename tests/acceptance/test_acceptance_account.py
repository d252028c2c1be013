"""The account or the service stops a run: what is paid for is finished, the rest waits, and the books are right."""

from collections.abc import Callable

from acceptance_support import PRICE, Desk, Service, tree_of

PROMPTS = [f"scene {n}" for n in range(6)]
WHOLE = {"credits": 6 * PRICE}


def test_a_token_that_is_not_let_in_ends_the_run(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("token=another-one")
    manifest = desk.manifest(prompts=PROMPTS, budget=WHOLE, base_url=service.base_url)
    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (5, {"pending": 6})
    books = ended.books
    assert (books["spent"], books["reserved"], books["left"]) == (0, 0, 6 * PRICE)
    assert {request.decision for request in service.requests()} == {"401"}
    assert "another-one" not in ended.err


def test_an_empty_account_ends_the_run_when_the_paid_ones_are_done(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve(f"latency=0.3,two_files=0,balance={3 * PRICE + 1}")
    manifest = desk.manifest(prompts=PROMPTS, budget=WHOLE, base_url=service.base_url)
    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (5, {"done": 3, "pending": 3})
    assert (ended.books["spent"], ended.books["reserved"]) == (3 * PRICE, 0)
    assert len(tree_of(desk.root / "outputs/demo")) == 3


def test_three_unknown_outcomes_in_a_row_end_the_run(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("post_dropped_after=1")
    manifest = desk.manifest(
        prompts=PROMPTS,
        budget=WHOLE,
        limits={"requests_per_minute": 6000, "in_flight": 1},
        base_url=service.base_url,
    )
    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (5, {"unknown": 3, "pending": 3})
    books = ended.books
    assert (books["spent"], books["reserved"], books["unknown"]) == (0, 3 * PRICE, 3 * PRICE)
    assert service.accepted() == dict.fromkeys(PROMPTS[:3], 1)

    ended = desk.make(manifest)
    assert (ended.code, ended.states) == (5, {"unknown": 6})
    assert (desk.run("run", manifest).code, service.accepted()) == (4, dict.fromkeys(PROMPTS, 1))


def test_refused_prompts_cost_nothing_and_the_others_go_on(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("latency=0.1,two_files=0,moderation=0.5,seed=2")
    manifest = desk.manifest(prompts=PROMPTS, budget=WHOLE, base_url=service.base_url)
    ended = desk.make(manifest)
    failed = [job for job in desk.jobs() if job["state"] == "failed"]
    assert {job["error_class"] for job in failed} == {"moderation"}
    assert (ended.code, ended.books["spent"]) == (1, PRICE * (6 - len(failed)))
    assert desk.run("run", manifest).code == 1
    assert service.accepted() == dict.fromkeys(PROMPTS, 1)


def test_a_wrong_address_ends_the_run(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget=WHOLE, base_url=service.base_url + "/elsewhere")
    ended = desk.make(manifest)
    assert (ended.code, ended.states, service.accepted().total()) == (5, {"pending": 6}, 0)
