"""A finished manifest run again: no request, and nothing in the tree is written."""

from acceptance_support import PRICE, Desk, Service, everything_in


def test_a_second_run_asks_nothing_and_writes_nothing(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(
        prompts=["a fox", "an owl"],
        ratios=["1:1", "2:3"],
        budget={"credits": 4 * PRICE},
        base_url=service.base_url,
    )
    assert desk.run("run", manifest).code == 0
    requests, tree = service.requests(), everything_in(desk.root / "outputs")
    assert len([path for path in tree if path.endswith(".mp4")]) == 4
    again = desk.make(manifest)
    assert (again.code, again.states, service.requests()) == (0, {"done": 4}, requests)
    assert everything_in(desk.root / "outputs") == tree
    assert desk.run("run", manifest, without_token=True).code == 0, "nobody is asked, so no token is needed"


def test_the_sandbox_leaves_a_finished_tree_alone_too(desk: Desk) -> None:
    manifest = desk.manifest(prompts=["a fox"], budget={"credits": PRICE})
    first = desk.run("run", manifest, "--sandbox", "--sandbox-options", "latency=0.1")
    tree = everything_in(desk.root / "outputs")
    second = desk.run("run", manifest, "--sandbox", without_token=True)
    assert (first.code, second.code) == (0, 0)
    assert everything_in(desk.root / "outputs") == tree
    assert not (desk.root / "state/runner.db").exists()
