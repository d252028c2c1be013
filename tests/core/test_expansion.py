import hashlib
import json
import random
import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from manifest_builder import asked, entries, manifest_of, paths_of, prompt_of

from runner.core.errors import Place
from runner.core.expansion import count_product, expand, job_id_of, survey
from runner.core.model import Job, Order

ANIMALS = {"animal": ("fox", "owl"), "place": ("forest", "harbour")}


def test_a_job_has_everything_that_its_prompt_gives_it() -> None:
    prompt = prompt_of("a {animal}", prompt_id="animals", images=("https://x/fox.png",), meta={"sku": "A-17"})
    (job,) = expand(manifest_of(prompt, variables={"animal": ("fox",)}))
    job_id = job_id_of("grokimagine", "a fox", ["https://x/fox.png"], "normal", "1:1", 1)
    assert job == Job(
        job_id,
        "animals",
        "a fox",
        "normal",
        "1:1",
        1,
        "animals/fox_normal_1x1/take-01",
        0,
        Place("m.yaml", 1),
        ("https://x/fox.png",),
        {"animal": "fox"},
        {"sku": "A-17"},
    )


def test_jobs_stand_in_manifest_order_with_takes_last() -> None:
    prompt = prompt_of("a {animal} in a {place}", prompt_id="a", modes=("fun", "normal"), takes=2)
    assert paths_of(manifest_of(prompt, variables=ANIMALS, ratios=("1:1", "2:3")))[:10] == [
        "a/fox-forest_fun_1x1/take-01",
        "a/fox-forest_fun_1x1/take-02",
        "a/fox-forest_fun_2x3/take-01",
        "a/fox-forest_fun_2x3/take-02",
        "a/fox-forest_normal_1x1/take-01",
        "a/fox-forest_normal_1x1/take-02",
        "a/fox-forest_normal_2x3/take-01",
        "a/fox-forest_normal_2x3/take-02",
        "a/fox-harbour_fun_1x1/take-01",
        "a/fox-harbour_fun_1x1/take-02",
    ]


def test_a_prompt_expands_over_the_variables_it_names_and_only_those() -> None:
    manifest = manifest_of("plain", "at the {place}", variables=ANIMALS)
    assert [job.prompt for job in expand(manifest)] == ["plain", "at the forest", "at the harbour"]


def test_a_column_wins_over_a_variable_of_its_name() -> None:
    manifest = manifest_of(prompt_of("a {animal}", columns={"animal": "cat"}), variables=ANIMALS)
    assert [(job.prompt, job.variables) for job in expand(manifest)] == [("a cat", {"animal": "cat"})]


def test_a_layout_may_name_variables_and_meta() -> None:
    prompt = prompt_of("a {animal}", prompt_id="x", meta={"sku": 17, "is_new": True, "gone": None})
    manifest = manifest_of(prompt, variables=ANIMALS, layout="{sku}/{is_new}{gone}/{animal}")
    assert paths_of(manifest) == ["17/true/fox", "17/true/owl"]


def test_exclude_drops_what_matches_all_its_keys() -> None:
    exclude = entries(
        "exclude", {"prompt": "a", "animal": "owl", "ratio": "1:1"}, {"take": "2", "ratio": "2:3"}
    )
    prompt = prompt_of("a {animal}", prompt_id="a", takes=2)
    manifest = manifest_of(prompt, "plain", variables=ANIMALS, ratios=("1:1", "2:3"), exclude=exclude)
    assert asked(expand(manifest)) == [
        ("a fox", "normal", "1:1", 1),
        ("a fox", "normal", "1:1", 2),
        ("a fox", "normal", "2:3", 1),
        ("a owl", "normal", "2:3", 1),
        ("plain", "normal", "1:1", 1),
        ("plain", "normal", "2:3", 1),
    ]


def test_include_adds_after_the_product() -> None:
    include = entries(
        "include",
        {"prompt": "a", "animal": "owl", "mode": "spicy", "ratio": "2:3"},
        {"prompt": "a", "animal": "wolf", "take": "7"},
    )
    manifest = manifest_of(
        prompt_of("a {animal}", prompt_id="a"), "plain", variables=ANIMALS, include=include
    )
    jobs = list(expand(manifest))
    assert asked(jobs)[2:] == [
        ("plain", "normal", "1:1", 1),
        ("a owl", "spicy", "2:3", 1),
        ("a wolf", "normal", "1:1", 7),
    ]
    assert [(job.rank, job.place) for job in jobs[3:]] == [(3, Place("m.yaml", 20)), (4, Place("m.yaml", 21))]


def test_include_may_bring_back_what_exclude_drops() -> None:
    keys = {"prompt": "a", "take": "2"}
    manifest = manifest_of(
        prompt_of("x", prompt_id="a"),
        takes=2,
        exclude=entries("exclude", keys),
        include=entries("include", keys),
    )
    assert asked(expand(manifest)) == [("x", "normal", "1:1", 1), ("x", "normal", "1:1", 2)]


def test_breadth_makes_the_first_take_of_everything_first() -> None:
    manifest = manifest_of(
        prompt_of("a", prompt_id="a", takes=3),
        prompt_of("b", 2, prompt_id="b"),
        prompt_of("c", 3, prompt_id="c", takes=2),
        include=entries("include", {"prompt": "b", "take": "2"}, {"prompt": "b", "take": "5"}),
        order=Order.BREADTH,
    )
    jobs = list(expand(manifest))
    assert [job.prompt + str(job.take) for job in jobs] == ["a1", "b1", "c1", "a2", "c2", "b2", "a3", "b5"]
    assert [job.rank for job in jobs] == list(range(8))


def test_breadth_goes_on_where_the_prompts_are_too_many_to_keep() -> None:
    manifest = manifest_of(*map(str, range(10_005)), takes=2, order=Order.BREADTH)
    found = [(int(job.prompt), job.take) for job in expand(manifest)]
    assert found == [(number, take) for take in (1, 2) for number in range(10_005)]


def test_shuffle_ranks_by_the_job_and_not_by_its_place() -> None:
    texts = [f"text {number}" for number in range(50)]
    ranks = {job.prompt: job.rank for job in expand(manifest_of(*texts, order=Order.SHUFFLE))}
    turned = {job.prompt: job.rank for job in expand(manifest_of(*reversed(texts), order=Order.SHUFFLE))}
    assert ranks == turned
    assert sorted(texts, key=ranks.__getitem__) != texts
    assert all(0 <= rank < 2**62 for rank in ranks.values())


def test_an_id_is_the_hash_of_a_json_array() -> None:
    array = ["p", "x", ["https://x/1", "https://x/2"], "fun", "2:3", 4]
    digits = hashlib.sha256(json.dumps(array, separators=(",", ":")).encode()).hexdigest()[:24]
    assert job_id_of("p", "x", ["https://x/1", "https://x/2"], "fun", "2:3", 4) == digits


PARTS = st.tuples(
    st.text(max_size=4).map(lambda text: unicodedata.normalize("NFC", text)),
    st.text(alphabet='a",[]\\', max_size=4),
    st.lists(st.text(alphabet='a",[]\\', max_size=3), max_size=3).map(tuple),
    st.sampled_from(["fun", "normal"]),
    st.sampled_from(["1:1", "2:3"]),
    st.integers(1, 12),
)


@given(PARTS, PARTS)
def test_ids_are_equal_only_for_equal_jobs(
    one: tuple[str, str, tuple[str, ...], str, str, int], two: tuple[str, str, tuple[str, ...], str, str, int]
) -> None:
    assert (job_id_of(*one) == job_id_of(*two)) == (one == two)


def test_the_form_of_a_text_is_not_in_its_id() -> None:
    assert job_id_of("p", "é", (), "fun", "1:1", 1) == job_id_of("p", "e\u0301", (), "fun", "1:1", 1)


def test_names_notes_and_order_are_not_in_an_id() -> None:
    before = manifest_of(prompt_of("a"), prompt_of("b", 2, meta={"x": 1}))
    after = manifest_of(prompt_of("b", 7, prompt_id="renamed"), prompt_of("a", 9, meta={"y": 2}))
    assert {job.job_id for job in expand(before)} == {
        job.job_id for job in expand(replace(after, name="other"))
    }


def test_a_take_more_adds_one_job_a_combination() -> None:
    two, three = (manifest_of("a", "b", ratios=("1:1", "2:3"), takes=takes) for takes in (2, 3))
    added = {job.job_id for job in expand(three)} - {job.job_id for job in expand(two)}
    assert (len(added), {job.take for job in expand(three) if job.job_id in added}) == (4, {3})


def test_a_survey_counts_and_warns() -> None:
    prompt = prompt_of("a {animal}", prompt_id="a", images=("https://x/1",), modes=("normal", "spicy"))
    exclude = entries("exclude", {"mode": "fun"}, {"prompt": "anmals"}, {"prompt": "a", "animal": "owl"})
    include = entries("include", {"prompt": "a", "animal": "owk", "mode": "fun"})
    found = survey(manifest_of(prompt, "x" * 2001, variables=ANIMALS, exclude=exclude, include=include))
    assert (found.total, found.prompts, found.with_images) == (4, 2, 3)
    assert (found.by_mode, found.by_ratio) == ({"normal": 2, "spicy": 1, "fun": 1}, {"1:1": 4})
    assert [str(warning) for warning in found.warnings] == [
        (
            "m.yaml:1:1: prompts[0]: mode spicy with images: the service's model is known to refuse this"
            " - leave the mode out, or exclude it for this prompt"
        ),
        "m.yaml:2:1: prompts[1]: the text is 2001 characters long; above 2000 the service may ignore some of it",
        "m.yaml:20:1: exclude[0]: matches no combination, so it excludes nothing",
        (
            "m.yaml:20:1: include[0].animal: 'owk' is not among the values of animal: fox, owl; it is added all the same"
            " - did you mean 'owl'?"
        ),
        "m.yaml:21:1: exclude[1].prompt: no prompt has the id 'anmals'",
    ]


def test_warnings_are_said_once_in_breadth() -> None:
    manifest = manifest_of(
        "x" * 2001, takes=3, order=Order.BREADTH, exclude=entries("exclude", {"mode": "fun"})
    )
    assert len(survey(manifest).warnings) == 2


def test_warnings_beyond_fifty_are_counted() -> None:
    found = survey(manifest_of(*(f"{number}" + "x" * 2000 for number in range(60))))
    assert (len(found.warnings), found.warnings_left_out) == (50, 10)


def test_a_size_is_found_by_multiplication() -> None:
    thousand = tuple(map(str, range(1000)))
    prompt = prompt_of("{a}{b}{c}", modes=("fun", "normal"), takes=3)
    manifest = manifest_of(prompt, variables={"a": thousand, "b": thousand, "c": thousand})
    assert count_product(prompt, manifest) == 6 * 10**9


@given(st.randoms(use_true_random=False), st.sampled_from(Order))
def test_paths_and_ids_do_not_depend_on_order(shuffler: random.Random, order: Order) -> None:
    prompts = [prompt_of(f"a {{animal}} {line}", line, takes=line) for line in range(1, 5)]
    plain = {job.job_id: job.path for job in expand(manifest_of(*prompts, variables=ANIMALS))}
    shuffler.shuffle(prompts)
    found = list(expand(manifest_of(*prompts, variables=ANIMALS, order=order)))
    assert ({job.job_id: job.path for job in found}, len(found)) == (plain, len(plain))
