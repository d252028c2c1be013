"""An edited manifest: only what is new is paid for; what is there follows the manifest's names."""

from typing import Any

import pytest
from acceptance_support import PRICE, Desk, Service, tree_of

FOX = {"id": "fox", "text": "a fox in the snow"}
OWL = {"id": "owl", "text": "an owl at night"}
ELK = {"id": "elk", "text": "an elk in the fog"}


class Batch:
    """A batch of two prompts that has been made."""

    def __init__(self, desk: Desk, service: Service) -> None:
        self.desk, self.service = desk, service
        self.files = desk.root / "outputs/demo"
        assert self.run(FOX, OWL) == 0
        assert self.paths() == {"fox/normal_1x1/take-01.mp4", "owl/normal_1x1/take-01.mp4"}
        self.videos = tree_of(self.files)

    def run(self, *prompts: dict[str, Any], **keys: Any) -> int:
        """Run the manifest with these prompts now."""
        whole = {"prompts": prompts, "budget": {"credits": 10 * PRICE}, "base_url": self.service.base_url}
        return self.desk.run("run", self.desk.manifest(**whole | keys)).code

    def paths(self) -> set[str]:
        return set(tree_of(self.files))

    def metadata(self) -> list[str]:
        return [line.split('"')[3] for line in (self.files / "metadata.jsonl").read_text().splitlines()]


@pytest.fixture
def batch(desk: Desk, service: Service) -> Batch:
    return Batch(desk, service)


def test_another_name_order_or_comment_moves_files_and_costs_nothing(batch: Batch) -> None:
    fox, owl = "fox/normal_1x1/take-01.mp4", "owl/normal_1x1/take-01.mp4"
    assert batch.run(FOX | {"id": "renard"}, OWL) == 0
    renamed = {path.replace("fox/", "renard/"): video for path, video in batch.videos.items()}
    assert tree_of(batch.files) == renamed
    assert batch.metadata() == [path.replace("fox", "renard") for path in (fox, owl)]

    assert batch.run(OWL, FOX | {"id": "renard", "meta": {"sku": 7}}) == 0
    assert tree_of(batch.files) == renamed
    assert batch.metadata() == [path.replace("fox", "renard") for path in (owl, fox)]

    assert batch.run(FOX, OWL, order="shuffle") == 0
    assert tree_of(batch.files) == batch.videos

    assert batch.run(FOX | {"id": "owl"}, OWL | {"id": "fox"}) == 0
    assert tree_of(batch.files) == {fox: batch.videos[owl], owl: batch.videos[fox]}
    assert batch.service.accepted() == {FOX["text"]: 1, OWL["text"]: 1}


def test_a_removed_prompt_keeps_its_files_and_is_taken_back_for_nothing(batch: Batch) -> None:
    assert batch.run(FOX) == 0
    jobs = batch.desk.status()["jobs"]
    assert (jobs["done"], jobs["removed"], jobs["total"]) == (1, 1, 1)
    assert [(job["prompt_id"], job["removed"]) for job in batch.desk.jobs()] == [
        ("fox", False),
        ("owl", True),
    ]
    assert tree_of(batch.files) == batch.videos

    assert batch.run(FOX, OWL) == 0
    assert batch.desk.states() == {"done": 2}
    assert (tree_of(batch.files), batch.service.accepted().total()) == (batch.videos, 2)


def test_what_is_new_is_all_that_is_paid_for(batch: Batch) -> None:
    assert batch.run(FOX, OWL | {"takes": 2}) == 0
    assert batch.service.accepted() == {FOX["text"]: 1, OWL["text"]: 2}
    assert batch.paths() == set(batch.videos) | {"owl/normal_1x1/take-02.mp4"}

    assert batch.run(ELK, OWL | {"id": "uhu"}, ratios=["1:1", "3:2"]) == 0
    assert batch.service.accepted() == {FOX["text"]: 1, OWL["text"]: 3, ELK["text"]: 2}
    assert batch.paths() == {
        "fox/normal_1x1/take-01.mp4",
        "owl/normal_1x1/take-02.mp4",
        "uhu/normal_1x1/take-01.mp4",
        "uhu/normal_3x2/take-01.mp4",
        "elk/normal_1x1/take-01.mp4",
        "elk/normal_3x2/take-01.mp4",
    }


def test_a_new_job_that_needs_the_path_of_a_removed_one_gets_it(batch: Batch) -> None:
    assert batch.run(FOX, OWL | {"text": "an owl by day"}) == 0
    (removed,) = [job for job in batch.desk.jobs() if job["removed"]]
    aside = f"removed/{removed['job_id']}/take-01.mp4"
    assert batch.paths() == {*batch.videos, aside}
    assert tree_of(batch.files)[aside] == batch.videos["owl/normal_1x1/take-01.mp4"]
    assert batch.service.accepted().total() == 3


def test_what_is_removed_while_it_is_under_way_is_followed_to_its_end(desk: Desk, service: Service) -> None:
    keys: dict[str, Any] = {"budget": {"credits": 10 * PRICE}, "base_url": service.base_url}
    manifest = desk.manifest(prompts=[FOX, OWL], **keys)
    with desk.started("run", manifest, "--json") as process:
        for _ in range(2):
            process.wait_for("submitted")
        process.popen.kill()
        process.end()
    desk.manifest(prompts=[ELK], **keys)
    assert desk.run("run", manifest).code == 0
    assert service.accepted() == {one["text"]: 1 for one in (FOX, OWL, ELK)}
    assert len(tree_of(desk.root / "outputs/demo")) == 3
