"""S35: a state that somebody hands over is ours and whole, or it is refused before a credit is spent."""

import random
import sqlite3
from contextlib import closing

import pytest

from .support import Program, answer, manifest

FOXES = [{"id": f"fox{number}", "text": f"a fox, number {number}"} for number in range(6)]
BUDGET = 160

TAMPERED = {
    "a trigger that lifts the cap": (
        "CREATE TRIGGER evil AFTER INSERT ON attempt BEGIN UPDATE batch SET budget = 1000000; END",
        "trigger evil",
    ),
    "a trigger that forgets what is held": (
        "CREATE TRIGGER evil AFTER UPDATE ON attempt BEGIN UPDATE batch SET reserved = 0, spent = 0; END",
        "trigger evil",
    ),
    "a view": ("CREATE VIEW evil AS SELECT * FROM job", "view evil"),
    "a table": ("CREATE TABLE evil (x)", "table evil"),
    "an index": ("CREATE INDEX evil ON job (prompt_id)", "index evil"),
    "a view in the place of a table": (
        "ALTER TABLE job RENAME TO other; CREATE VIEW job AS SELECT * FROM other",
        "table job",
    ),
    "the guard against a second payment gone": ("DROP INDEX attempt_live", "index attempt_live"),
    "the books' own triggers gone": ("DROP TRIGGER attempt_booked", "trigger attempt_booked"),
    "a column more": ("ALTER TABLE batch ADD COLUMN evil TEXT", "table batch"),
    "a column less": ("ALTER TABLE job DROP COLUMN completed_at", "table job"),
}


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory) -> bytes:
    """The state of a batch of six jobs with a budget for four; nothing was submitted yet."""
    program = Program(tmp_path_factory.mktemp("enrolled"))
    program.write(manifest("http://127.0.0.1:9", FOXES, budget={"credits": BUDGET}))
    assert program.run("run", "m.yaml", "--fit", "--limit", "0").code == 0
    return (program.folder / "state" / "runner.db").read_bytes()


@pytest.fixture
def planned(enrolled, program, service):
    """That state, and its manifest with a service that is there."""
    program.write(manifest(service.url, FOXES, budget={"credits": BUDGET}))
    state = program.folder / "state" / "runner.db"
    state.parent.mkdir(mode=0o700)
    state.write_bytes(enrolled)
    return state


def change(path, script: str) -> None:
    with closing(sqlite3.connect(path)) as state:
        state.executescript(script)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_state_with_another_schema_is_refused_and_the_difference_is_named(name, program, service, planned):
    script, named = TAMPERED[name]
    change(planned, script)
    code, said = program.ask("run", "m.yaml", "--fit")
    assert (code, named in said, "Traceback" in said, service.requests) == (74, True, False, [])


def test_readers_refuse_it_too(program, planned):
    change(planned, TAMPERED["a view in the place of a table"][0])
    asked = [program.ask(*words) for words in (["status"], ["jobs", "b"], ["plan", "m.yaml"])]
    assert [(code, "table job" in said) for code, said in asked] == [(74, True)] * 3


def test_statistics_that_sqlite_itself_keeps_are_no_difference(program, planned):
    change(planned, "ANALYZE")
    assert program.ask("status")[0] == 0


OTHERS = {
    "another application's": "PRAGMA application_id = 1",
    "a newer program's": "PRAGMA user_version = 99",
    "books that are not the sums of their attempts": "UPDATE batch SET spent = 40",
    "a word that nobody wrote": "PRAGMA ignore_check_constraints = ON; UPDATE job SET state = 'pendinh'",
    "a number below nothing": "PRAGMA ignore_check_constraints = ON; UPDATE batch SET spent = -4000",
    "a job of no batch": "PRAGMA foreign_keys = OFF; UPDATE job SET batch = 7 WHERE id = 1",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_state_than_ours_is_refused_unchanged(name, program, service, planned):
    change(planned, OTHERS[name])
    before = planned.read_bytes()
    code, said = program.ask("run", "m.yaml", "--fit")
    assert (code, service.requests, planned.read_bytes() == before, "Traceback" in said) == (
        74,
        [],
        True,
        False,
    )


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_state_is_refused_unchanged(content, program, service):
    program.write(manifest(service.url))
    (program.folder / "other.db").write_bytes(content)
    code, _ = program.ask("--state", "sqlite:///other.db", "run", "m.yaml")
    assert (code, service.requests, (program.folder / "other.db").read_bytes()) == (74, [], content)


@pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.faults)])
def test_flipped_bytes_end_in_no_traceback_and_buy_nothing_twice(rounds, program, service, planned):
    """Whatever a damaged state makes of it: declared ends, and at most one POST a job."""
    service.on_post = lambda _asked: answer(400, b'{"code": 400, "message": "no"}')
    whole, draw = planned.read_bytes(), random.Random(7)
    used = [at for at, byte in enumerate(whole) if byte]
    odd = []
    for _ in range(rounds):
        damaged = bytearray(whole)
        for at in draw.sample(used, draw.choice((1, 5, 50))):
            damaged[at] ^= 1 << draw.randrange(8)
        planned.write_bytes(damaged)
        before = len(service.posts)
        done = program.run("run", "m.yaml", "--fit")
        ended = [(done.code, done.said), program.ask("status"), program.ask("jobs", "b")]
        odd += [end for end in ended if end[0] not in {0, 1, 2, 3, 70, 74} or "Traceback" in end[1]]
        assert len(service.posts) - before <= len(FOXES)
        for beside in ("runner.db-wal", "runner.db-shm"):
            (planned.parent / beside).unlink(missing_ok=True)
    assert odd == []


def test_a_state_that_was_cut_short_is_refused(program, service, planned):
    planned.write_bytes(planned.read_bytes()[: planned.stat().st_size // 2])
    code, said = program.ask("run", "m.yaml", "--fit")
    assert (code, service.requests, "Traceback" in said) == (74, [], False)


PATHS = {
    "a job's path": "UPDATE job SET path = '../../escaped'",
    "an absolute path": "UPDATE job SET path = '/tmp/escaped-by-a-test'",
    "a job's name": "UPDATE job SET job_id = '../../escaped' || id",
    "the batch's name": "UPDATE batch SET name = '../../../escaped'",
}


@pytest.mark.parametrize("name", PATHS)
def test_what_stands_in_a_state_is_no_way_out_of_the_tree(name, program, service, planned, tmp_path):
    change(planned, PATHS[name])
    for words in (["run", "m.yaml", "--fit"], ["status", "m.yaml"], ["verify", "m.yaml", "--repair"]):
        program.ask(*words)
    outside = [str(path) for path in tmp_path.rglob("*") if "escaped" in path.name]
    assert outside == []


def test_what_stands_in_a_state_acts_on_no_terminal(program, planned):
    change(
        planned,
        "UPDATE batch SET name = 'b' || char(27) || ']0;evil' || char(7), output_dir = char(155) || '31m';"
        "UPDATE job SET path = char(27) || '[2J', mode = char(8238), prompt_id = char(13), error = char(27)",
    )
    batch = "b\x1b]0;evil\x07"
    shown = [program.ask(*words)[1] for words in (["status"], ["jobs", batch], ["jobs", batch, "--json"])]
    odd = {
        char
        for text in shown
        for char in text
        if char != "\n" and (not char.isprintable() or char == "\u202e")
    }
    assert (odd, "evil" in shown[0], "\\x1b[2J" in shown[1], "\\u202e" in shown[2]) == (
        set(),
        True,
        True,
        True,
    )


FILTERS = [
    "mode=x' OR '1'='1",
    'a"b=1',
    "a'b=1",
    "$.x=1",
    "a]b=1",
    "take=1; DROP TABLE job",
    "a\\=1",
    "--=1",
    "prompt=%",
    "a" * 5000 + "=1",
]


@pytest.mark.parametrize("only", FILTERS)
def test_a_filter_is_a_value_and_no_statement(only, program, service):
    """It fits no job, or is refused; nothing of it is looked at as SQL or as a path of JSON."""
    text = manifest(service.url, ["a fox {a}"], variables={"a": ["x"]}, name="c", budget={"credits": 40})
    program.write(text)
    # From here on the state is asked, and not the manifest.
    assert program.ask("run", "m.yaml", "--limit", "0")[0] == 0
    code, said = program.ask("run", "m.yaml", "--fit", "--only", only)
    listed, _ = program.ask("jobs", "c", "--prompt", only)
    assert (code in {0, 2}, listed, service.requests, "Traceback" in said) == (True, 0, [], False), said
