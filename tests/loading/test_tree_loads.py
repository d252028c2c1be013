"""The tree is a dataset as it stands: each trap of ``datasets`` 5.2 that was measured, with the library itself.

Videos are loaded undecoded (path and bytes): the library decodes with torchcodec alone, which needs torch.
"""

import shutil
from pathlib import Path

import pytest

from runner.report.card import config, front_matter
from runner.report.features import declared
from runner.report.metadata import Columns, lines
from tests.loading.trees import TEXTS, Desk
from tests.report.report_support import file_of, record_of

pytestmark = pytest.mark.libraries


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("made"))
    desk.run()
    return desk


@pytest.fixture
def desk(made: Desk, tmp_path: Path) -> Desk:
    """A copy of its own, state and all."""
    shutil.copytree(made.root, tmp_path / "desk")
    return Desk(tmp_path / "desk")


def expected(desk: Desk) -> dict[str, str]:
    """The prompt that each video was made from, by its path."""
    return {str(desk.tree / row["file_name"]): TEXTS[row["prompt_id"]] for row in desk.metadata}


def test_a_tree_loads_with_the_right_prompt_for_each_video_whatever_its_paths_are_called(desk, load):
    loaded = load(desk.tree)
    assert (loaded.error, loaded.texts) == (None, expected(desk))
    assert len(loaded.texts) >= 10
    assert {path for path in loaded.texts if not Path(path).is_file()} == set()


def test_without_its_card_names_make_splits_and_the_metadata_is_lost(desk, load):
    (desk.tree / "README.md").unlink()
    loaded = load(desk.tree)
    assert set(loaded.splits) == {"train", "test"}
    assert {tuple(row) for rows in loaded.splits.values() for row in rows} == {("video",)}


def test_the_videofolder_loader_with_a_directory_meets_the_same_trap(desk, load):
    assert set(load("videofolder", data_dir=str(desk.tree)).splits) == {"train", "test"}


def test_the_videofolder_loader_can_be_used_where_no_path_names_a_split(tmp_path, load):
    desk = Desk(tmp_path)
    desk.run(output={"layout": "{job_id}"})
    assert load("videofolder", data_dir=str(desk.tree)).texts == expected(desk)


def test_texts_beside_the_videos_are_not_read_instead(desk, load):
    for number in range(40):
        (desk.tree / f"note-{number}.txt").write_text("mine", encoding="utf-8")
        (desk.tree / "test" / f"note-{number}.json").write_text('{"mine": 1}', encoding="utf-8")
    assert load(desk.tree).texts == expected(desk)
    (desk.tree / "README.md").unlink()
    assert "video" not in load(desk.tree).kinds


def test_a_metadata_csv_of_somebody_else_does_no_harm(desk, load):
    (desk.tree / "metadata.csv").write_text("file_name,mine\ntest/x.mp4,1\n", encoding="utf-8")
    assert load(desk.tree).texts == expected(desk)


def test_what_the_runner_keeps_beside_the_videos_does_no_harm(desk, load):
    video = next(desk.tree.rglob("take-01.mp4"), None) or next(desk.tree.rglob("*.mp4"))
    (desk.tree / "index.html").write_text("<html></html>", encoding="utf-8")
    (desk.tree / "removed/0123").mkdir(parents=True)
    shutil.copy(video, desk.tree / "removed/0123/test.mp4")
    shutil.copy(video, desk.tree / ".partial/left.mp4")
    assert load(desk.tree).texts == expected(desk)


STEPS = ["probe", "thumbnail", {"frames": {"every": "500ms"}}, {"transcode": {"height": 64}}]


def test_what_steps_make_does_no_harm(desk, load):
    desk.run(steps=STEPS)
    videos = {path for path in desk.tree.rglob("*.mp4") if "derived" in path.parts}
    assert (load(desk.tree).texts, len(videos)) == (expected(desk), len(desk.metadata))


def test_what_steps_make_does_no_harm_to_the_videofolder_loader(tmp_path, load):
    desk = Desk(tmp_path)
    desk.run(output={"layout": "{job_id}"}, steps=STEPS)
    assert load("videofolder", data_dir=str(desk.tree)).texts == expected(desk)


def test_a_video_without_a_row_is_left_out(desk, load):
    shutil.copy(next(desk.tree.rglob("*.mp4")), desk.tree / "mine.mp4")
    assert load(desk.tree).texts == expected(desk)


def test_a_video_that_is_gone_has_no_row_after_the_next_run(desk, load):
    gone = desk.tree / desk.metadata[0]["file_name"]
    gone.unlink()
    assert str(gone) in load(desk.tree).texts  # and it would break when it is decoded
    desk.run(code=1)
    loaded = load(desk.tree)
    assert loaded.texts == expected(desk)
    assert str(gone) not in loaded.texts


def test_what_the_library_keeps_of_an_earlier_run_or_of_a_namesake_is_not_given_again(tmp_path, load):
    """Its cache is named after the card's block and the directory's own name, and after nothing else."""
    desks = [Desk(tmp_path / name) for name in ("first", "second")]
    for number, desk in enumerate(desks):
        desk.root.mkdir()
        desk.run(prompts=[{"id": "fox", "text": f"a fox {number}", "meta": {"folder": "x"}}], takes=1)
        assert set(load(desk.tree).texts.values()) == {f"a fox {number}"}


def many_rows(where: Path) -> Columns:
    """More rows than the library guesses from (10 MB); what is null in all of them stands in the last one."""
    few = record_of(prompt_id="few", meta={"shot": None}, variables={}, files=(file_of(1),))
    last = record_of(
        prompt_id="last",
        meta={"shot": 7, "place": "a wood"},
        variables={"animal": "fox"},
        files=(file_of(1),),
    )
    columns = Columns()
    records = [few] * 27_000 + [last]
    for record in records:
        columns.note(record)
    (where / "p").mkdir(parents=True)
    (where / "p/take-01-1.mp4").write_bytes(b"")
    (where / "metadata.jsonl").write_bytes(
        b"".join(lines(((one, list(one.files)) for one in records), columns))
    )
    assert (where / "metadata.jsonl").stat().st_size > 11_000_000
    return columns


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_key_that_is_null_in_the_first_rows_loads_because_its_kind_is_declared(tmp_path, load, is_declared):
    columns = many_rows(tmp_path / "tree")
    features = declared(columns.features()) if is_declared else []
    block = config({"train": ["**/*.mp4", "metadata.jsonl"]}, "0" * 64, features)
    text = f"---\n{front_matter({'configs': [block]})}---\n"
    (tmp_path / "tree/README.md").write_text(text, encoding="utf-8")
    loaded = load(tmp_path / "tree", last=1)
    if is_declared:
        last = loaded.splits["train"][-1]
        assert (last["meta"], last["variables"]) == ({"place": "a wood", "shot": 7}, {"animal": "fox"})
    else:
        assert loaded.error is not None


def test_a_key_whose_texts_are_all_dates_reads_as_the_library_writes_moments(tmp_path, load):
    """A limit of the library, and the docs say so: it makes moments of them before it looks at the declared kind."""
    desk = Desk(tmp_path)
    desk.run(prompts=[{"id": "fox", "text": "a fox", "meta": {"folder": "x", "shot_on": "2026-01-02"}}])
    loaded = load(desk.tree)
    assert {row["meta"]["shot_on"] for row in loaded.splits["train"]} == {"2026-01-02 00:00:00"}
