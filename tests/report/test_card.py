"""The dataset card of a tree."""

from dataclasses import replace

import pytest
import yaml
from report_support import BATCH, counts_of, standing_of

from runner.core.model import JobState
from runner.core.outcomes import ErrorClass
from runner.core.records import Trouble
from runner.report.card import HEAD_LINES, Holding, Metadata, Origin, card, is_ours, origin_in, pattern_of
from runner.report.export_card import Exported, export_card
from runner.report.features import Kind

SHA256 = "ab" * 32
ORIGIN = Origin("spring.yaml", SHA256, "1.2.3", is_sandbox=False)
HOLDING = Holding(2, 700, {"**/*.mp4"}, Metadata({"prompt": Kind.TEXT}, "cd" * 32))
TROUBLES = [Trouble(JobState.FAILED, ErrorClass.MODERATION, 3, "the prompt 'a fox' is not allowed")]
STANDING = standing_of(counts_of(done=2, failed=3, removed=1))


def card_of(standing=STANDING, troubles=(), origin=ORIGIN, holding=HOLDING):
    return card(standing, troubles, origin, holding).decode()


def front_matter_of(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_the_front_matter_says_which_files_and_of_which_kinds():
    assert front_matter_of(card_of()) == {
        "configs": [
            {
                "config_name": "default",
                "description": f"metadata {'cd' * 32}",
                "data_files": [{"split": "train", "path": ["**/*.mp4", "metadata.jsonl"]}],
                "features": [{"name": "video", "dtype": "video"}, {"name": "prompt", "dtype": "string"}],
            }
        ]
    }


def test_a_tree_without_videos_names_no_files_that_a_loader_would_miss():
    empty = replace(HOLDING, files=0, patterns=set())
    assert (front_matter_of(card_of(holding=empty)), "no videos here yet" in card_of(holding=empty)) == (
        None,
        True,
    )


def test_it_says_where_the_videos_come_from_and_what_they_cost():
    lines = card_of(troubles=TROUBLES).splitlines()
    wanted = [
        "| manifest | `spring.yaml` |",
        f"| SHA-256 of the manifest | `{SHA256}` |",
        "| runner | 1.2.3 |",
        "| jobs | 5 |",
        "| jobs done | 2 |",
        "| jobs failed | 3 |",
        "| jobs removed from the manifest | 1 |",
        "| credits spent | 120 ($1.20) |",
        "| credits reserved | 80 ($0.80) |",
        "| of them with an unknown outcome | 40 ($0.40) |",
        "| failed | moderation | 3 |",
    ]
    assert [line for line in wanted if line not in lines] == []


def test_what_a_dead_process_left_counts_as_unknown():
    standing = standing_of(counts_of(submitting=2), unknown_extra=2, unknown_extra_credits=80)
    lines = card_of(standing).splitlines()
    assert {"| jobs unknown | 2 |", "| of them with an unknown outcome | 120 ($1.20) |"} <= set(lines)


def test_no_text_of_a_prompt_stands_in_it():
    assert "a fox" not in card_of(troubles=TROUBLES)


def test_a_name_is_no_markup_and_ends_no_table():
    standing = replace(STANDING, batch=replace(BATCH, name="spring"))
    text = card_of(standing, origin=replace(ORIGIN, manifest="a`|<b>\n---\nx.yaml"))
    assert "| manifest | `a'\\|<b>\\x0a---\\x0ax.yaml` |" in text.splitlines()


def test_a_sandbox_is_named():
    assert "stand-ins" in card_of(origin=replace(ORIGIN, is_sandbox=True))


def test_it_is_known_by_its_beginning_and_what_it_names_can_be_read_back():
    text = card_of()
    head = "".join(text.splitlines(keepends=True)[:HEAD_LINES]).encode()
    assert (is_ours(head), origin_in(text)) == (True, (SHA256, "1.2.3"))


@pytest.mark.parametrize("text", ["", "# My videos\n", "---\nconfigs: []\n---\n"])
def test_what_somebody_else_wrote_is_not_ours(text):
    assert (is_ours(text.encode()), origin_in(text)) == (False, (None, None))


def test_without_its_mark_it_is_somebody_elses():
    first, _, *rest = card_of().splitlines(keepends=True)
    assert not is_ours("".join([first, *rest]).encode())


def test_an_unknown_hash_is_said_to_be_unknown():
    text = card_of(origin=replace(ORIGIN, manifest_sha256=None))
    assert "| SHA-256 of the manifest | not known |" in text.splitlines()


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("take-01.mp4", "**/*.mp4"),
        ("a/b/take-01.mov", "**/*.mov"),
        ("__a/take-01.mp4", "**/__*/**/*.mp4"),
        ("__a/b/__c/take-01.mp4", "**/__*/**/__*/**/*.mp4"),
        ("a/__take.mp4", "**/*.mp4"),
    ],
)
def test_a_pattern_names_the_folders_that_the_library_leaves_out(path, pattern):
    assert pattern_of(path) == pattern


def test_the_card_of_an_export_leaves_the_licence_to_its_user():
    exported = Exported({"train": 900, "test": 200}, {"train": ["a"], "test": ["b"]}, "cd" * 32)
    text = export_card(STANDING, TROUBLES, ORIGIN, exported).decode()
    assert front_matter_of(text) == {
        "task_categories": ["text-to-video"],
        "size_categories": ["1K<n<10K"],
        "configs": [
            {
                "config_name": "default",
                "description": f"metadata {'cd' * 32}",
                "data_files": [{"split": "train", "path": ["a"]}, {"split": "test", "path": ["b"]}],
            }
        ],
    }
    assert {"# license:", "| train | 900 |", "| failed | moderation | 3 |"} <= set(text.splitlines())


def test_an_export_says_so_where_its_videos_are_stand_ins():
    exported = Exported({"train": 1}, {"train": ["a"]}, "cd" * 32)
    assert b"stand-ins" in export_card(STANDING, (), replace(ORIGIN, is_sandbox=True), exported)
