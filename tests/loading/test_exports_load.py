"""Each form of an export with the real library of its readers; the videos themselves are compared byte by byte."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.loading.trees import TEXTS, Desk

pytestmark = pytest.mark.libraries

READER = Path(__file__).with_name("shard_reader.py")
FORMS = {"hf": (), "webdataset": (), "parquet": (), "embedded": ("--embed",)}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A tree whose paths are traps, and whose ``meta`` is null in one split and dates in another."""
    made = Desk(tmp_path_factory.mktemp("exports"))
    made.run()
    return made


def export(desk: Desk, form: str, dest: str, *more: str) -> str:
    name = "parquet" if form == "embedded" else form
    words = ["--sandbox", "--format", name, "-o", dest, *FORMS.get(form, ()), *more]
    return desk.runner("export", "traps", *words)


def expected(desk: Desk) -> dict[str, str]:
    """The text that each video was made from, by its SHA-256."""
    return {row["sha256"]: TEXTS[row["prompt_id"]] for row in desk.metadata}


@pytest.mark.parametrize("form", [*FORMS, "csv", "jsonl"])
def test_an_export_is_loaded_back_with_its_own_library(desk, form):
    said = export(desk, form, f"verified-{form}", "--split", "0.6/0.4", "--seed", "7", "--verify-load")
    assert f"loaded back: {len(desk.metadata)} videos" in said


@pytest.mark.parametrize("form", FORMS)
def test_datasets_finds_the_right_prompt_for_each_video_and_no_prompt_in_two_splits(desk, load, form):
    export(desk, form, f"split-{form}", "--split", "0.6/0.4", "--seed", "7")
    loaded = load(desk.root / f"split-{form}")
    rows = {split: [row.get("json", row) for row in found] for split, found in loaded.splits.items()}
    assert (loaded.error, set(rows)) == (None, {"train", "test"})
    assert {row["sha256"]: row["prompt"] for found in rows.values() for row in found} == expected(desk)
    assert sum(map(len, rows.values())) == len(desk.metadata)
    prompts = [{row["prompt"] for row in found} for found in rows.values()]
    assert not set.intersection(*prompts)


def test_hf_holds_the_videos_under_names_that_no_tool_mistakes(desk, load):
    export(desk, "hf", "hashed")
    (found,) = load(desk.root / "hashed").splits.values()
    for row in found:
        path = Path(row["video"]["path"])
        assert (path.stem, hashlib.sha256(path.read_bytes()).hexdigest()) == (row["sha256"], row["sha256"])
    assert {path.name for path in (desk.root / "hashed").iterdir()} == {"README.md", "train"}


def test_parquet_has_typed_columns_and_the_bytes_where_they_were_asked_for(desk):
    from pyarrow import parquet

    export(desk, "embedded", "bytes")
    table = parquet.read_table(desk.root / "bytes/train-000000.parquet")
    assert (str(table.schema.field("take").type), str(table.schema.field("removed").type)) == (
        "int64",
        "bool",
    )
    assert str(table.schema.field("meta").type) == "struct<folder: string, shot: int64>"
    found = {hashlib.sha256(row["video"]["bytes"]).hexdigest(): row["prompt"] for row in table.to_pylist()}
    assert found == expected(desk)


def test_parquet_names_the_videos_beside_it(desk):
    from pyarrow import parquet

    export(desk, "parquet", "beside", "--link")
    rows = parquet.read_table(desk.root / "beside/train-000000.parquet").to_pylist()
    paths = {row["sha256"]: desk.root / "beside" / row["file_name"] for row in rows}
    assert {digest: hashlib.sha256(path.read_bytes()).hexdigest() for digest, path in paths.items()} == {
        digest: digest for digest in expected(desk)
    }
    assert {path.stat().st_nlink for path in paths.values()} == {2}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """2,000 videos of a sandbox run, or some more: one task in five makes two."""
    made = Desk(tmp_path_factory.mktemp("many"))
    prompts = [
        {"id": f"p{number}", "text": f"a fox in wood {number}", "meta": {"folder": "x"}}
        for number in range(85)
    ]
    made.run(
        prompts=prompts,
        takes=20,
        service="latency=0.01,in_flight=none,window_requests=1000000000",
        budget={"credits": 100_000},
        output={"layout": "{prompt_id}/{take}"},
        limits={"in_flight": 100, "requests_per_minute": 100_000},
    )
    assert len(made.metadata) >= 2000
    return made


def bytes_of(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


def test_shards_of_2000_videos_are_the_same_twice_and_after_a_kill_in_the_middle(many):
    options = ("--shard-size", "2MB", "--split", "0.9/0.1", "--seed", "7")
    for dest in ("first", "second"):
        export(many, "webdataset", dest, *options)
    whole = bytes_of(many.root / "first")
    assert (len(whole) > 10, bytes_of(many.root / "second")) == (True, whole)
    finished = killed(many, "third", *options)
    assert 0 < len(finished) < len(whole) - 2
    export(many, "webdataset", "third", *options)
    assert bytes_of(many.root / "third") == whole
    assert {
        path.name: path.stat().st_ino for path in (many.root / "third").glob("*.tar")
    }.items() >= finished.items()


def killed(desk: Desk, dest: str, *options: str) -> dict[str, int]:
    """Kill an export once three shards have their names; the shards that have, with their inodes."""
    words = ["export", "traps", "--sandbox", "--format", "webdataset", "-o", dest, *options]
    building = desk.root / f"{dest}.partial"
    with subprocess.Popen(
        [sys.executable, "-m", "runner", *words], cwd=desk.root, env=desk.environment
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(building.glob("*.tar"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return {path.name: path.stat().st_ino for path in building.glob("*.tar")}


def test_webdataset_reads_the_shards_at_more_than_500_samples_a_second(many):
    export(many, "webdataset", "read", "--shard-size", "5MB")
    shards = sorted((many.root / "read").glob("*.tar"))
    read = subprocess.run(
        [sys.executable, READER, *shards], env=many.environment, capture_output=True, check=True, timeout=120
    )
    answer = json.loads(read.stdout)
    assert [(key.split("-")[0], sha256, text) for key, sha256, _, text in answer["samples"]] == [
        (row["job_id"], row["sha256"], row["prompt"]) for row in many.metadata
    ]
    assert {json.dumps(sorted(row)) for _, _, row, _ in answer["samples"]} == {
        json.dumps(sorted(many.metadata[0]))
    }
    assert len(answer["samples"]) / answer["seconds"] > 500
