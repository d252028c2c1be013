"""The whole loop at the command line: make, choose, make again, hand over what was kept."""

from tests.app.bench import NAME, Bench


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.mp4"))


def test_of_twelve_three_are_rejected_made_again_and_only_what_is_kept_is_handed_over(bench: Bench):
    bench.manifest(*(f"a paper boat, number {number}" for number in range(12)), budget={"credits": 15 * 40})
    assert (bench.run("run", "demo.yaml").code, len(bench.asked("generate"))) == (0, 12)
    by_path = {
        row[0]: place
        for place, row in enumerate(bench.rows("SELECT path FROM job WHERE removed = 0 ORDER BY rank"))
    }
    for place in (1, 4, 7):
        bench.choose(by_path[f"p{place}/take-01"], flag="reject")
    for place in (0, 2):
        bench.choose(by_path[f"p{place}/take-01"], flag="keep")
    offered = bench.run("retry", NAME, "--rejected")
    assert (offered.code, len(bench.asked("generate"))) == (0, 12)
    assert "a run pays up to 120 credits ($1.20) for them" in offered.out
    before = names(bench.tree)
    assert (bench.run("run", "demo.yaml").code, bench.books()) == (0, (600, 0, 0))
    assert sorted({*names(bench.tree)} - {*before}) == ["p1/take-02.mp4", "p4/take-02.mp4", "p7/take-02.mp4"]
    requests = bench.asked("generate"), bench.asked("status")
    assert bench.run("run", "demo.yaml").code == 0
    assert (len(requests[0]), (bench.asked("generate"), bench.asked("status"))) == (15, requests)
    assert bench.run("export", NAME, "--format", "jsonl", "-o", "kept", "--kept").code == 0
    assert ["/".join(name.split("/")[-2:]) for name in names(bench.root / "kept")] == [
        "p0/take-01.mp4",
        "p2/take-01.mp4",
    ]
