"""What somebody wishes in the review while a run begins."""

from runner.app import enrolling, planning
from runner.app.comparison import Wishes, fingerprint
from runner.app.workplace import Workplace, load_manifest


def test_what_is_queued_after_the_plan_waits_for_the_next_run(bench):
    for place in range(3):
        bench.done(place)
    bench.choose(0, again=True)
    manifest, workplace = load_manifest("demo.yaml").manifest, Workplace.at(None, sandbox=False)
    with workplace.reading() as connection:
        plan = planning.plan_with(connection, workplace, manifest, Wishes(examples=0))
    bench.choose(1, again=True)
    with bench.writer() as writer:
        batch = enrolling.open_batch(writer, manifest, plan, workplace.output_dir(manifest))
        for _ in enrolling.enrol(writer, manifest, batch, plan.diff.retakes, fingerprint(manifest)):
            pass
    queued = bench.rows("SELECT job FROM choice WHERE again = 1")
    added = bench.rows("SELECT instead_of FROM job WHERE instead_of IS NOT NULL")
    assert (plan.needed, added, queued) == (40, [(1,)], [(2,)])
    assert bench.run("run", "demo.yaml").code == 0
    assert (bench.books(), len(bench.asked("generate"))) == ((200, 0, 0), 2)
