"""Runs that would buy everything again are told, and buy nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_support import PRICE, Desk, Service, tree_of

from runner.sandbox import parse_options, running_in_thread

PROMPTS = [{"id": "fox", "text": "a fox"}, {"id": "owl", "text": "an owl"}]


class Bought:
    """A batch that has been made, once for all the tests here: each leaves it as it found it."""

    def __init__(self, desk: Desk, service: Service) -> None:
        self.desk, self.service = desk, service
        self.terms = {"budget": {"credits": 10 * PRICE}, "base_url": service.base_url}
        self.manifest = desk.manifest(prompts=PROMPTS, **self.terms)
        assert desk.run("run", self.manifest).code == 0
        self.output = desk.root / "outputs/demo"
        self.tree = tree_of(self.output)
        self.requests = service.requests()

    def check_nothing_happened(self) -> None:
        """Nothing was asked of the service, and no video came, went or changed."""
        assert self.service.requests() == self.requests
        assert tree_of(self.output) == self.tree


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bought]:
    root = tmp_path_factory.mktemp("strays")
    (root / "home").mkdir()
    ledger = root / "service.db"
    with running_in_thread(parse_options("latency=0.1,two_files=0"), ledger) as base_url:
        yield Bought(Desk(root / "work", root / "home"), Service(base_url, ledger))


def test_a_run_from_another_directory_is_told_where_the_state_is(bought: Bought) -> None:
    desk = bought.desk
    elsewhere = desk.root / "sub/elsewhere"
    elsewhere.mkdir(parents=True)
    for command in ("run", "plan"):
        told = desk.run(command, "../../demo.yaml", cwd=elsewhere)
        assert (told.code, str(desk.root / "state/runner.db") in told.err) == (2, True)
    assert list(elsewhere.iterdir()) == []
    bought.check_nothing_happened()


def test_a_lost_state_beside_a_full_tree_names_adopt(bought: Bought) -> None:
    state, aside = bought.desk.root / "state", bought.desk.root / "lost"
    state.rename(aside)
    told = bought.desk.run("run", bought.manifest)
    assert (told.code, "runner adopt" in told.err) == (2, True)
    bought.check_nothing_happened()
    _put_back(state, aside)


def test_a_strangers_manifest_of_the_same_name_is_refused(bought: Bought) -> None:
    other = bought.desk.manifest("other.yaml", prompts=["a whale"], **bought.terms)
    for command in ("run", "plan"):
        told = bought.desk.run(command, other)
        assert (told.code, "demo.yaml" in told.err) == (2, True)
    bought.check_nothing_happened()


def test_the_output_directory_of_another_batch_is_refused(bought: Bought) -> None:
    output = {"dir": "outputs/demo"}
    other = bought.desk.manifest(
        "other.yaml", name="other", prompts=["a whale"], output=output, **bought.terms
    )
    told = bought.desk.run("run", other)
    assert (told.code, "'demo'" in told.err) == (2, True)
    bought.check_nothing_happened()


def test_a_deleted_file_is_reported_and_not_bought_again(bought: Bought) -> None:
    path, aside = bought.output / "fox/normal_1x1/take-01.mp4", bought.desk.root / "deleted.mp4"
    path.rename(aside)
    for _ in range(2):
        told = bought.desk.run("run", bought.manifest)
        assert (told.code, "verify demo --repair" in told.err) == (1, True)
        assert not path.exists()
    rows = (bought.output / "metadata.jsonl").read_text().splitlines()
    assert [row.split('"')[3] for row in rows] == ["owl/normal_1x1/take-01.mp4"]
    aside.rename(path)
    assert bought.desk.run("run", bought.manifest).code == 0, "a person may put it back"
    bought.check_nothing_happened()


def test_a_moved_manifest_with_the_same_jobs_is_the_same_batch(bought: Bought) -> None:
    manifest, moved = bought.desk.root / "demo.yaml", bought.desk.root / "moved.yaml"
    manifest.rename(moved)
    assert bought.desk.run("run", "moved.yaml").code == 0
    moved.rename(manifest)
    bought.check_nothing_happened()


def test_a_file_of_somebody_else_is_never_overwritten(desk: Desk, service: Service) -> None:
    manifest = desk.manifest(prompts=PROMPTS, budget={"credits": 10 * PRICE}, base_url=service.base_url)
    path = desk.root / "outputs/demo/fox/normal_1x1/take-01.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a holiday video")
    ended = desk.run("run", manifest)
    assert (ended.code, path.read_bytes()) == (1, b"a holiday video")
    path.unlink()
    assert desk.run("run", manifest).code == 0
    assert service.accepted() == {"a fox": 1, "an owl": 1}


def _put_back(state: Path, aside: Path) -> None:
    for path in state.rglob("*") if state.exists() else ():
        assert path.suffix in {".locks", ".lock"}, "a refused run made no state"
        path.rename(aside.parent / f"refused-{path.name}")
    if state.exists():
        state.rmdir()
    aside.rename(state)
