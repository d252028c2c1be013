"""The budget: refused before anything is sent, or spent to its last credit and not one further."""

import itertools
from collections.abc import Callable
from random import Random

from acceptance_support import LIMITS, PRICE, Desk, Service

PROMPTS = [f"scene {n}" for n in range(1, 7)]
WHOLE = PRICE * len(PROMPTS)


def test_a_budget_one_credit_short_is_refused_before_anything_is_sent(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"credits": WHOLE - 1}, base_url=service.base_url)
    refused = desk.run("run", manifest)
    assert (refused.code, "--fit" in refused.err) == (3, True)
    assert desk.run("plan", manifest).code == 3
    assert desk.run("run", manifest, "--budget", str(WHOLE - 1), "--yes").code == 3
    assert service.requests() == []


def test_fit_sends_exactly_what_fits_however_often_it_is_repeated(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"credits": WHOLE - 1}, base_url=service.base_url)
    runs = [desk.make(manifest, "--fit") for _ in range(4)]
    assert [run.code for run in runs] == [0] * 4
    assert service.accepted() == dict.fromkeys(PROMPTS[:-1], 1)
    left = {"budget": WHOLE - 1, "spent": WHOLE - PRICE, "reserved": 0, "unknown": 0, "left": PRICE - 1}
    assert [run.books for run in runs] == [left] * 4

    assert desk.make(manifest, "--budget", str(WHOLE)).code == 0, "one credit more buys the last job"
    assert service.accepted() == dict.fromkeys(PROMPTS, 1)


def test_dollars_are_a_budget_too(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"usd": 0.8}, base_url=service.base_url)
    assert desk.run("run", manifest).code == 3
    assert desk.run("run", manifest, "--fit").code == 0
    assert service.accepted() == dict.fromkeys(PROMPTS[:2], 1)


def test_a_run_that_is_killed_again_and_again_stays_within_the_budget(
    desk: Desk, serve: Callable[..., Service]
) -> None:
    service = serve("latency=0.1,post_dropped_after=0.1,seed=3")
    budget, random = PRICE * 9, Random(4)
    prompts = [f"scene {n}" for n in range(20)]
    manifest = desk.manifest(prompts=prompts, budget={"credits": budget}, base_url=service.base_url)
    for _ in range(3):
        with desk.started("run", manifest, "--fit", "--json") as process:
            list(itertools.islice(process.events(), random.randint(1, 5)))
            process.popen.kill()
    runs = [desk.make(manifest, "--fit") for _ in range(2)]
    assert {run.code for run in runs} <= {0, 4}
    books = runs[-1].books
    assert sum(service.accepted().values()) * PRICE <= books["spent"] + books["reserved"] == budget
    assert set(service.accepted().values()) == {1}


def test_a_charge_above_the_price_narrows_what_fits(desk: Desk, serve: Callable[..., Service]) -> None:
    service = serve("latency=0,two_files=0,overcharge=1")
    manifest = desk.manifest(
        prompts=PROMPTS,
        budget={"credits": WHOLE},
        limits=LIMITS | {"in_flight": 1},
        base_url=service.base_url,
    )
    ended = desk.make(manifest)
    assert (ended.code, ended.books["spent"], service.accepted().total()) == (3, WHOLE, 3)
    assert desk.run("run", manifest, "--fit").code == 0
    assert service.accepted().total() == 3
