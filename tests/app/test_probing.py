"""Looking into files, a page a transaction, until somebody wants it to end."""

import asyncio
import itertools
import signal

from runner.app import probing, running
from runner.app.comparison import Wishes
from runner.app.preflight import RunWishes
from runner.app.stopping import Interruption
from runner.app.workplace import Workplace
from runner.core.events import EventName
from runner.files.folder import Folder
from tests.app.bench import Bench


def look(bench: Bench, is_wanted=lambda: True) -> probing.Looked:
    with bench.writer() as writer, Folder(str(bench.tree)) as root:
        return asyncio.run(probing.look(writer, root, bench.batch().pk, is_wanted))


def looked_into(bench: Bench) -> int:
    return bench.rows("SELECT count(*) FROM media")[0][0]


def test_whoever_ends_it_keeps_what_was_found_so_far_and_the_next_look_goes_on(bench):
    for place in range(3):
        bench.done(place)
    asked = itertools.count()
    first = look(bench, lambda: next(asked) < 3)  # once for the page, once a file
    counted = looked_into(bench)
    second = look(bench)
    assert (first.seen, counted, second.seen, looked_into(bench)) == (2, 2, 1, 3)


def test_who_ends_it_before_it_begins_reads_nothing(bench):
    bench.done(0)
    assert (look(bench, lambda: False).seen, looked_into(bench)) == (0, 0)


def test_files_that_are_gone_or_longer_or_links_are_left_for_verify(bench):
    gone, longer, link = (bench.done(place)[0] for place in range(3))
    gone.unlink()
    longer.write_bytes(longer.read_bytes() + b"more")
    link.rename(bench.root / "elsewhere.mp4")
    link.symlink_to(bench.root / "elsewhere.mp4")
    assert (look(bench).seen, looked_into(bench)) == (0, 0)


def test_of_many_strange_files_some_are_named_and_the_others_counted(bench):
    files = [bench.done(0, files=5), bench.done(1, files=4)]
    for path in itertools.chain(*files):
        content = b"x" * path.stat().st_size
        path.write_bytes(content)
    notes = look(bench).notes()
    assert [note.partition(": ")[0] for note in notes] == ["9 files hold no picture that can be decoded here"]
    assert notes[0].endswith("; and 6 more")


def test_a_run_that_is_ended_while_it_looks_says_so_and_lists_its_tree(bench):
    for place in range(3):
        bench.done(place)
    interruption = Interruption()

    def tell(event):
        if event.name is EventName.STARTED:  # there is nothing to make, so the look comes next
            interruption.wished(signal.SIGINT)

    wanted = RunWishes(wishes=Wishes(examples=0), confirm=lambda _: True)
    finished = running.run(Workplace.at(None, sandbox=False), "demo.yaml", wanted, tell, interruption)
    said = "not all videos were looked into; the next run goes on with it"
    assert (finished.exit_code, finished.notes, looked_into(bench)) == (130, (said,), 0)
    assert len((bench.tree / "metadata.jsonl").read_text().splitlines()) == 3
