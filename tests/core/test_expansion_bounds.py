"""The bounds that keep an expansion in memory: beyond them it forgets hints, never jobs and never problems."""

import pytest
from manifest_builder import CAPABILITIES, LAYOUT, entries, manifest_of, prompt_of

from runner.core.errors import ManifestError
from runner.core.expansion import expand, survey
from runner.core.fingerprint import Fingerprints
from runner.core.layout import LayoutError, parse_layout
from runner.core.model import Order
from runner.core.request_check import text_warning


def problems_of(manifest):
    with pytest.raises(ManifestError) as caught:
        survey(manifest)
    return [(problem.place.line, problem.message, problem.hint) for problem in caught.value.problems]


def test_takes_to_the_last_one_come_breadth_first():
    manifest = manifest_of(prompt_of("a fox"), prompt_of("an owl", line=2), takes=1000, order=Order.BREADTH)
    takes = [job.take for job in expand(manifest)]
    assert takes == [take for take in range(1, 1001) for _ in range(2)]


def test_names_beyond_a_thousand_are_used_and_only_not_suggested():
    prompts = [prompt_of(f"fox {n}", line=n, meta={f"key{n:05}": "x"}) for n in range(1, 1202)]
    layout = LAYOUT + "-{key01201}"
    manifest = manifest_of(*prompts, layout=layout, ratios=("1:1",))
    unused = manifest_of(*prompts, layout=LAYOUT + "-{key99999}")
    ((_, message, _),) = problems_of(unused)
    assert sum(1 for _ in expand(manifest)) == 1201
    assert "key99999" in message


def test_ids_beyond_ten_thousand_can_be_named_and_only_are_not_suggested():
    prompts = [prompt_of(f"fox {n}", line=n, prompt_id=f"id{n}") for n in range(1, 10_003)]
    known = manifest_of(*prompts, exclude=entries("exclude", {"prompt": "id10002"}))
    unknown = manifest_of(*prompts, include=entries("include", {"prompt": "no-such-id", "take": "2"}))
    assert sum(1 for _ in expand(known)) == 10_001
    ((line, message, _),) = problems_of(unknown)
    assert (line, "no-such-id" in message) == (20, True)


def test_prompts_beside_two_of_one_id_are_not_blamed():
    twins = (
        prompt_of("a", 1, prompt_id="x"),
        prompt_of("b", 2, prompt_id="y"),
        prompt_of("c", 3, prompt_id="x"),
    )
    found = problems_of(manifest_of(*twins, prompt_of("no id", 4)))
    assert [(line, message) for line, message, _ in found if "already that" in message] == [
        (3, "the id 'x' is already that of prompts[0] at m.yaml:1:1")
    ]


@pytest.mark.parametrize("limit", [0, 1, 5, 99])
def test_repeated_texts_are_found_up_to_a_limit(limit):
    prints = Fingerprints()
    for text in [f"text {n % 50}" for n in range(99)]:
        prints.add(text)
    found = prints.repeated(limit)
    assert (len(found), found <= {hash(f"text {n}") for n in range(49)}) == (min(limit, 49), True)


@pytest.mark.parametrize(("chars", "warned"), [(2000, False), (2001, True)])
def test_a_text_is_warned_of_above_the_advised_length(chars, warned):
    warning = text_warning("x" * chars, {}, prompt_of("x"), CAPABILITIES)
    assert (warning is not None) is warned


def test_a_layout_without_end_is_refused():
    with pytest.raises(LayoutError, match="2001 characters; a layout has at most 2000"):
        parse_layout("a" * 2001, extra_fields=None)
