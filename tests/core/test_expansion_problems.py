from collections.abc import Iterator

import pytest
from manifest_builder import LAYOUT, entries, manifest_of, prompt_of

from runner.core.errors import ManifestError, Place, Problem
from runner.core.expansion import expand, survey
from runner.core.model import Manifest, Order, Prompt

ANIMALS = {"animal": ("fox", "owl")}


def problems_of(manifest: Manifest) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        survey(manifest)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("order", list(Order))
def test_two_entries_that_are_one_job_name_each_other_once(order: Order) -> None:
    twins = prompt_of("a fox", 1, prompt_id="a"), prompt_of("a fox", 5, prompt_id="b")
    assert problems_of(manifest_of(*twins, ratios=("1:1", "2:3"), takes=2, order=order)) == [
        (
            "m.yaml:5:1: prompts[4]: asks for the same job as prompts[0] at m.yaml:1:1 (mode normal, ratio 1:1, take 1)"
            " - set `takes` to generate one text more than once"
        )
    ]


def test_an_include_that_the_product_contains_is_refused() -> None:
    manifest = manifest_of(prompt_of("x", prompt_id="a"), include=entries("include", {"prompt": "a"}))
    assert problems_of(manifest) == [
        (
            "m.yaml:20:1: include[0]: prompts[0] at m.yaml:1:1 asks for this job already"
            " (mode normal, ratio 1:1, take 1) - drop it here, or name another `take`"
        )
    ]


def test_given_ids_are_unique() -> None:
    manifest = manifest_of(
        prompt_of("x", 1, prompt_id="a"), prompt_of("y", 2, prompt_id="a"), layout="{job_id}"
    )
    assert problems_of(manifest) == [
        (
            "m.yaml:2:1: prompts[1]: the id 'a' is already that of prompts[0] at m.yaml:1:1"
            " - ids are unique; give it another one"
        )
    ]


@pytest.mark.parametrize(
    ("layout", "missing"),
    [
        ("{mode}/{ratio}/{take}/{variant}", "prompt_id"),
        ("{prompt_id}/{mode}/{ratio}/{take}", "variant"),
        ("{prompt_id}/{variant}/{ratio}/{take}", "mode"),
        ("{prompt_id}/{variant}/{mode}/{take}", "ratio"),
        ("{prompt_id}/{variant}/{mode}/{ratio}", "take"),
    ],
)
def test_two_jobs_with_one_path_name_the_field_that_is_missing(layout: str, missing: str) -> None:
    prompts = prompt_of("a {animal}", 1, prompt_id="a"), prompt_of("the {animal}", 2, prompt_id="b")
    manifest = manifest_of(
        *prompts, variables=ANIMALS, modes=("fun", "normal"), ratios=("1:1", "2:3"), takes=2, layout=layout
    )
    assert f"add {{{missing}}} to output.layout" in problems_of(manifest)[0]


def test_two_paths_that_only_case_tells_apart_are_refused() -> None:
    manifest = manifest_of(prompt_of("x", 1, prompt_id="Fox"), prompt_of("y", 2, prompt_id="fox"))
    assert problems_of(manifest) == [
        (
            "m.yaml:2:1: prompts[1]: 'fox/normal_1x1/take-01' is the same file as 'Fox/normal_1x1/take-01'"
            " of prompts[0] at m.yaml:1:1 on some systems - add {job_id} to output.layout"
        )
    ]


def test_one_text_with_other_images_wants_an_id() -> None:
    manifest = manifest_of(prompt_of("x", 1), prompt_of("x", 2, images=("https://x/1",)))
    (problem,) = problems_of(manifest)
    assert problem.endswith("add {job_id} to output.layout, or give each prompt an `id` of its own")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "include[0]: names no prompt; `prompt` is the id of one"),
        ({"prompt": "animls"}, "include[0].prompt: no prompt has the id 'animls' - did you mean 'animals'?"),
        (
            {"prompt": "animals", "mode": "fun"},
            "include[0]: names no 'animal', which the text of its prompt uses",
        ),
        (
            {"prompt": "animals", "animal": "owl", "mode": "spicey"},
            "include[0].mode: 'spicey' is not one of fun, normal, spicy - did you mean 'spicy'?",
        ),
        (
            {"prompt": "animals", "animal": "owl", "ratio": "16:9", "mode": "fun"},
            "include[0].ratio: '16:9' is not one of 2:3, 3:2, 1:1",
        ),
        ({"prompt": "animals", "animal": "owl"}, "include[0]: names no mode, and its prompt has fun, normal"),
        (
            {"prompt": "animals", "animal": "owl", "mode": "spicy", "take": "1001"},
            "include[0].take: '1001' is not a whole number from 1 to 1000",
        ),
        (
            {"prompt": "animals", "animal": "owl", "mode": "spicy", "anmal": "fox"},
            "include[0].anmal: unknown key; allowed are prompt, mode, ratio, take, animal - did you mean 'animal'?",
        ),
    ],
)
def test_an_include_that_cannot_be_added_says_why(keys: dict[str, str], expected: str) -> None:
    prompt = prompt_of("a {animal}", prompt_id="animals", modes=("fun", "normal"))
    manifest = manifest_of(prompt, variables=ANIMALS, include=entries("include", keys))
    assert problems_of(manifest) == [f"m.yaml:20:1: {expected}"]


def test_all_problems_are_shown_at_once_in_the_order_of_their_places() -> None:
    manifest = manifest_of(
        "x" * 5001, "{anmal}", "{", "{b}", "same", "same", variables={**ANIMALS, "b": (" ", "c")}
    )
    assert problems_of(manifest) == [
        "m.yaml:1:1: prompts[0]: the text is 5001 characters long; at most 5000 are allowed - shorten it",
        "m.yaml:2:1: prompts[1]: unknown variable 'anmal'; known are animal, b - did you mean 'animal'?",
        "m.yaml:3:1: prompts[2]: a lone '{' at character 1 - write '{{' for a literal brace, '{name}' for a variable",
        "m.yaml:4:1: prompts[3]: the text is blank with b= ",
        (
            "m.yaml:6:1: prompts[5]: asks for the same job as prompts[4] at m.yaml:5:1 (mode normal, ratio 1:1, take 1)"
            " - set `takes` to generate one text more than once"
        ),
    ]


def test_a_text_that_is_too_long_is_found_behind_one_that_is_only_long() -> None:
    values = {"a": ("x" * 2500, "y" * 5001, "z" * 5002)}
    assert problems_of(manifest_of("{a}", variables=values)) == [
        f"m.yaml:1:1: prompts[0]: the text is 5001 characters long with a={'y' * 39}…; at most 5000 are allowed - shorten it"
    ]


def test_texts_of_exactly_the_allowed_length_pass() -> None:
    assert survey(manifest_of("x" * 5000, "y")).total == 2


def test_problems_stop_at_fifty() -> None:
    assert len(problems_of(manifest_of(*["{"] * 60))) == 50


def test_too_many_jobs_are_refused_before_they_are_expanded() -> None:
    many = tuple(map(str, range(10_000)))
    manifest = manifest_of("plain", prompt_of("{a}", 2, takes=1000), variables={"a": many})
    assert problems_of(manifest) == [
        (
            "m.yaml:2:1: prompts[1]: up to here the manifest asks for 10,000,001 jobs; at most 10,000,000 are allowed"
            " - split it into several manifests"
        )
    ]


def test_nothing_left_after_exclude_is_an_error() -> None:
    assert problems_of(manifest_of("x", exclude=entries("exclude", {"mode": "normal"}))) == [
        "m.yaml:20:1: exclude: nothing is left: every combination is excluded"
    ]


def test_no_prompt_at_all_is_an_error() -> None:
    assert problems_of(manifest_of()) == [
        "m.yaml:1:1: prompts: there is no prompt, so there is nothing to make"
    ]


def test_a_layout_that_is_wrong_has_its_place_in_the_document() -> None:
    assert problems_of(manifest_of("x", layout="../{take}")) == [
        (
            "m.yaml:1:1: output.layout: a layout may not contain '.' or '..' as a folder"
            " - output.dir says where the folder is"
        )
    ]


def test_a_field_that_no_prompt_gives_a_value_is_unknown() -> None:
    manifest = manifest_of(prompt_of("x", meta={"sku": 1}), "y", layout="{skv}/" + LAYOUT)
    assert problems_of(manifest) == [
        (
            "m.yaml:1:1: output.layout: unknown field '{skv}'; there are batch, prompt_id, variant, mode, ratio, take,"
            " job_id, sku - did you mean 'sku'?"
        )
    ]


def test_a_prompt_file_that_breaks_off_is_reported_with_the_rest() -> None:
    place = Place("p.csv", 3)

    def prompts() -> Iterator[Prompt]:
        yield prompt_of("{")
        raise ManifestError([Problem(place, "", "the file ends within a quoted field")])

    whole = manifest_of()
    manifest = Manifest(**{name: getattr(whole, name) for name in whole.__slots__} | {"prompts": prompts})
    assert [problem.split(":")[0] for problem in problems_of(manifest)] == ["m.yaml", "p.csv"]


def test_too_many_jobs_of_many_prompts_are_refused_before_the_first_is_made() -> None:
    manifest = manifest_of(*(f"a fox {number}" for number in range(20_000)), takes=1000)
    with pytest.raises(ManifestError, match="asks for 10,001,000 jobs"):
        next(expand(manifest))


def test_a_number_of_jobs_that_nobody_can_read_is_not_written_out() -> None:
    names = [f"v{number}" for number in range(20_000)]
    manifest = manifest_of(
        "".join(f"{{{name}}}" for name in names), variables=dict.fromkeys(names, ("a", "b"))
    )
    (problem,) = problems_of(manifest)
    assert "asks for more than 10^18 jobs" in problem


def test_a_long_value_that_is_named_often_is_counted_and_never_written_out() -> None:
    manifest = manifest_of("{a}" * 5_000, variables={"a": ("x" * 1_000_000,)})
    (problem,) = problems_of(manifest)
    assert "the text is 5000000000 characters long" in problem
