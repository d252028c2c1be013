"""What a call is limited to: how many, which, until when."""

from collections.abc import Callable

from acceptance_support import LIMITS, PRICE, Desk, Service

PROMPTS = [{"id": "fox", "text": "a fox"}, {"id": "owl", "text": "an owl"}, {"id": "elk", "text": "an elk"}]


def test_limit_one_makes_one_at_a_time(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"credits": 3 * PRICE}, base_url=service.base_url)
    for made in (1, 2):
        ended = desk.make(manifest, "--limit", "1")
        assert (ended.code, ended.states) == (0, {"done": made, "pending": 3 - made})
        assert service.accepted().total() == made


def test_only_makes_what_matches(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(
        prompts=PROMPTS, modes=["normal", "fun"], budget={"credits": 6 * PRICE}, base_url=service.base_url
    )
    ended = desk.make(manifest, "--only", "mode=fun,prompt=owl")
    assert (ended.code, ended.states) == (0, {"done": 1, "pending": 5})
    assert [(task.submission.prompt, task.submission.mode) for task in service.tasks()] == [("an owl", "fun")]
    assert desk.run("run", manifest, "--only", "fun").code == 2
    assert service.accepted().total() == 1


def test_the_budget_is_held_against_what_this_call_may_submit(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"credits": 2 * PRICE}, base_url=service.base_url)
    assert desk.run("run", manifest).code == 3
    assert desk.run("run", manifest, "--limit", "2").code == 0
    assert desk.run("run", manifest, "--only", "prompt=elk").code == 3
    assert service.accepted().total() == 2


def test_a_deadline_stops_submitting_and_finishes_what_runs(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=2.5,spread=0,two_files=0")
    manifest = desk.manifest(
        prompts=PROMPTS,
        budget={"credits": 3 * PRICE},
        limits=LIMITS | {"in_flight": 1},
        base_url=service.base_url,
    )
    ended = desk.make(manifest, "--deadline", "1.5s")
    assert (ended.code, ended.states) == (0, {"done": 1, "pending": 2})


def test_a_deadline_or_a_limit_does_not_wait_for_the_hours_next_submission(
    desk: Desk, service: Service
) -> None:
    manifest = desk.manifest(
        prompts=PROMPTS,
        budget={"credits": 3 * PRICE},
        limits=LIMITS | {"submissions_per_hour": 1},
        base_url=service.base_url,
    )
    for limited in (("--limit", "1"), ("--deadline", "1s")):
        ended = desk.make(manifest, *limited)
        assert (ended.code, ended.took_s < 15, ended.states) == (0, True, {"done": 1, "pending": 2})
    assert service.accepted().total() == 1, "the hour holds across runs"


def test_jobs_in_flight_never_exceed_the_limit(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("latency=0.3,two_files=0,in_flight=2")
    manifest = desk.manifest(
        prompts=[f"scene {n}" for n in range(6)],
        budget={"credits": 6 * PRICE},
        limits=LIMITS | {"in_flight": 2},
        base_url=service.base_url,
    )
    assert desk.run("run", manifest).code == 0
    assert [one for one in service.requests() if one.decision == "429"] == []
