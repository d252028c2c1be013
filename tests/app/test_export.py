"""What `runner export` writes, leaves out and refuses; what the real libraries make of it stands in tests/loading."""

import csv
import hashlib
import io
import json
import tarfile

import pytest

from runner.core.choice import Flag
from runner.store import choices
from tests.app.bench import NAME, NOW

TARS = ("--format", "webdataset")


@pytest.fixture
def made(bench):
    """Three done jobs, the second with two files."""
    for place in range(3):
        bench.done(place, files=2 if place == 1 else 1)
    return bench


def export(bench, *more, dest="set"):
    return bench.run("export", NAME, *TARS, "-o", dest, *more)


def members(path):
    with tarfile.open(path) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}


def whole(bench, dest="set"):
    return {path.name: path.read_bytes() for path in sorted((bench.root / dest).iterdir())}


def samples(bench, dest="set"):
    """The rows of all samples."""
    shards = sorted((bench.root / dest).glob("*.tar"))
    return [
        json.loads(content)
        for one in shards
        for name, content in members(one).items()
        if name.endswith("json")
    ]


def test_a_shard_holds_each_video_beside_its_row_and_its_prompt(made):
    done = export(made)
    assert (done.code, done.out.splitlines()[-1].startswith("demo: 4 videos (train 4;")) == (0, True)
    found = members(made.root / "set/train-000000.tar")
    keys = list(dict.fromkeys(name.split(".")[0] for name in found))
    assert list(found) == [f"{key}.{kind}" for key in keys for kind in ("mp4", "json", "txt")]
    for key in keys:
        row = json.loads(found[f"{key}.json"])
        assert hashlib.sha256(found[f"{key}.mp4"]).hexdigest() == row["sha256"]
        assert found[f"{key}.txt"].decode() == row["prompt"]


def test_the_index_names_each_shard_with_its_count_and_hash(made):
    export(made, "--shard-samples", "3")
    index = json.loads((made.root / "set/_index.json").read_text())
    files = {one.name: one.read_bytes() for one in (made.root / "set").glob("*.tar")}
    assert [(one["name"], one["samples"], one["bytes"], one["sha256"]) for one in index["shards"]] == [
        (name, count, len(files[name]), hashlib.sha256(files[name]).hexdigest())
        for name, count in (("train-000000.tar", 3), ("train-000001.tar", 1))
    ]


def test_the_same_input_gives_the_same_bytes(made):
    for dest in ("first", "second"):
        assert export(made, dest=dest).code == 0
    assert whole(made, "first") == whole(made, "second")


def test_a_shard_is_full_by_size_too(made):
    export(made, "--shard-size", "14kB")
    assert len(list((made.root / "set").glob("*.tar"))) == 4


def test_takes_of_one_prompt_are_never_in_two_splits(bench):
    bench.manifest(*[f"a fox in wood {number}" for number in range(8)], takes=3)
    bench.enrol()
    for place in range(24):
        bench.done(place)
    assert export(bench, "--split", "1/1", "--seed", "7").code == 0
    splits = {}
    for path in sorted((bench.root / "set").glob("*.tar")):
        for name, content in members(path).items():
            if name.endswith(".txt"):
                splits.setdefault(content, []).append(path.name.split("-")[0])
    assert {len(set(found)) for found in splits.values()} == {1}
    assert ({len(found) for found in splits.values()}, len(splits)) == ({3}, 8)


def test_a_split_that_nothing_falls_into_is_refused_and_leaves_nothing(made):
    done = export(made, "--split", "1000000/1")
    assert (done.code, "no prompt falls into 'test' with --seed 0" in done.err) == (2, True)
    assert not list(made.root.glob("set*"))


def test_choices_decide_what_goes_in(made):
    with made.writer() as writer:
        for place, fields in enumerate(
            ({"flag": Flag.KEEP, "rating": 5}, {"rating": 3}, {"flag": Flag.REJECT})
        ):
            writer.write_now(choices.choose, made.job(place).pk, fields, NOW)
    for number, (options, prompts) in enumerate(
        [(["--kept"], {"p0"}), (["--min-rating", "3"], {"p0", "p1"}), (["--min-rating", "4"], {"p0"})]
    ):
        assert export(made, *options, dest=f"set{number}").code == 0
        assert {row["prompt_id"] for row in samples(made, f"set{number}")} == prompts


def test_only_and_state_decide_what_goes_in(made):
    assert export(made, "--only", "prompt=p1", "--state", "done").code == 0
    assert [row["prompt_id"] for row in samples(made)] == ["p1", "p1"]


def test_nothing_that_matches_is_refused_and_leaves_nothing(made):
    done = export(made, "--state", "failed")
    assert (done.code, "demo has no files that match" in done.err) == (2, True)
    assert not list(made.root.glob("set*"))


def test_a_file_that_is_gone_is_left_out_and_named(made):
    next(made.tree.rglob("take-01.mp4")).unlink()
    done = export(made)
    assert (done.code, "1 file is gone or changed and left out" in done.err, len(samples(made))) == (
        1,
        True,
        3,
    )


def test_a_damaged_file_stops_it_and_once_repaired_the_same_command_goes_on(made):
    path = made.tree / "p2/take-01.mp4"
    content = path.read_bytes()
    path.write_bytes(b"x" * len(content))
    done = export(made, "--shard-samples", "1")
    assert (done.code, "does not hold what is recorded of it" in done.err) == (1, True)
    first = made.root / "set.partial/train-000000.tar"
    kept = first.stat()
    path.write_bytes(content)
    assert export(made, "--shard-samples", "1").code == 0
    assert (made.root / "set/train-000000.tar").stat().st_ino == kept.st_ino  # not written again
    assert len(samples(made)) == 4


def test_a_directory_that_is_there_is_not_touched(made):
    (made.root / "set").mkdir()
    (made.root / "set/mine").write_bytes(b"mine")
    assert (export(made).code, whole(made)) == (2, {"mine": b"mine"})


@pytest.mark.parametrize(
    ("dest", "why"),
    [
        (f"outputs/{NAME}/set", "it is in the output directory of demo"),
        (f"outputs/{NAME}", "it is in the output directory of demo"),
        ("ftp://host/set", "is no storage that is known"),
    ],
)
def test_a_place_that_an_export_has_no_business_in_is_refused(made, dest, why):
    before = sorted(made.root.rglob("*.mp4"))
    done = export(made, dest=dest)
    assert (done.code, why in done.err, sorted(made.root.rglob("*.mp4"))) == (2, True, before)
    assert not (made.root / "s3:").exists()


def test_files_of_several_kinds_do_not_share_a_shard(made):
    with made.writer() as writer:
        path = made.tree / "p0/take-01.mp4"
        path.rename(path.with_suffix(".webm"))
        writer.write_now(
            lambda connection: connection.exec_driver_sql(
                "UPDATE file SET path = 'p0/take-01.webm' WHERE path = 'p0/take-01.mp4'"
            )
        )
    done = export(made)
    assert (done.code, "there are .mp4, .webm files" in done.err) == (2, True)
    assert not list(made.root.glob("set*"))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--split", "x"], "write shares above 0"),
        (["--shard-size", "big"], "is no size"),
        (["--only", "mode"], "write key=value"),
        (["--min-rating", "9"], "9 is not in the range"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(made, options, why):
    done = export(made, *options)
    assert (done.code, why in done.err, list(made.root.glob("set*"))) == (2, True, [])


def test_programs_are_told_what_was_written(made):
    (told,) = export(made, "--json").objects()
    size = sum(path.stat().st_size for path in made.tree.rglob("*.mp4"))
    assert told == {
        "batch": NAME,
        "path": str(made.root / "set"),
        "files": {"train": 4},
        "bytes": size,
        "missing": 0,
        "loaded": None,
        "stopped": None,
    }


def test_the_state_and_the_tree_are_only_read(made):
    before = {path: path.stat().st_mtime_ns for path in made.tree.rglob("*")}
    export(made)
    assert {path: path.stat().st_mtime_ns for path in made.tree.rglob("*")} == before


def exported(bench, form, *more):
    assert bench.run("export", NAME, "--format", form, "-o", form, *more).code == 0
    found = (path for path in (bench.root / form).rglob("*") if path.is_file())
    return {path.relative_to(bench.root / form).as_posix(): path.read_bytes() for path in found}


def test_lines_of_json_stand_beside_the_videos_under_their_paths(made):
    found = exported(made, "jsonl", "--verify-load")
    rows = [json.loads(line) for line in found.pop("videos.jsonl").splitlines()]
    assert {row["file_name"]: row["sha256"] for row in rows} == {
        name: hashlib.sha256(content).hexdigest() for name, content in found.items()
    }
    assert set(found) == {f"videos/{path.relative_to(made.tree)}" for path in made.tree.rglob("*.mp4")}


def test_a_spreadsheet_a_split_stands_beside_the_videos(bench):
    bench.manifest(*[f'=a "fox" in wood {number}' for number in range(8)])
    bench.enrol()
    for place in range(8):
        bench.done(place)
    found = exported(bench, "csv", "--split", "1/1", "--seed", "7", "--link", "--verify-load")
    tables = {name: found[name].decode("utf-8-sig") for name in ("train.csv", "test.csv")}
    rows = [row for text in tables.values() for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert {row["prompt"] for row in rows} == {f'\'=a "fox" in wood {number}' for number in range(8)}
    assert {row["file_name"] for row in rows} == set(found) - set(tables)
    assert {path.stat().st_nlink for path in bench.tree.rglob("*.mp4")} == {2}
