import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.layout import (
    LayoutError,
    collision_key,
    parse_layout,
    prompt_id_of,
    safe_component,
    slug,
    variant_of,
)

DEFAULT = "{prompt_id}/{variant}{mode}_{ratio}/take-{take:02d}"
VALUES: dict[str, str | int] = {
    "batch": "spring",
    "prompt_id": "animals",
    "variant": "fox-forest_",
    "mode": "normal",
    "ratio": "2:3",
    "take": 3,
    "job_id": "0123456789ab",
}
TEXTS = st.text(max_size=120) | st.text(alphabet="./\\:~- aA\u0301éCONcon*\x1b\u202e", max_size=12)


def path(layout: str, **values: str | int) -> str:
    return parse_layout(layout, extra_fields=None).path(VALUES | values)


def hashed(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def test_the_default_layout_reads_as_documented() -> None:
    assert path(DEFAULT) == "animals/fox-forest_normal_2x3/take-03"


def test_the_fields_stand_in_the_order_of_their_first_appearance() -> None:
    assert parse_layout(DEFAULT, extra_fields=()).fields == ("prompt_id", "variant", "mode", "ratio", "take")


def test_percent_signs_and_double_braces_are_literal() -> None:
    assert path("100%s {{x}}/{take}") == "100%s {x}/3"


def test_a_slash_in_a_value_makes_no_folder() -> None:
    assert path("{prompt_id}/{take}", prompt_id="../a/b") == "_.._a_b/3"


def test_a_field_without_a_value_is_empty() -> None:
    assert path("{sku}/x{sku}") == "_/x"


@pytest.mark.parametrize(
    "layout",
    [
        "",
        " ",
        "/a",
        "~/a",
        "C:/a",
        "a\\b",
        "../{take}",
        "a/../{take}",
        "a/./b",
        "a//b",
        "a/",
        "{take}/..",
        "{}",
        "{",
        "}",
        "{mode.x}",
        "{mode[0]}",
        "{mode!r}",
        "{mode:>5}",
        "{take:s}",
        "{take:x}",
        "{take:00d}",
        "{take:10d}",
        "{take:02}",
        "{take:}",
        "{nothing}",
        "/".join("abcdefghijklmnopq"),
    ],
)
def test_what_is_no_relative_path_of_known_fields_is_refused(layout: str) -> None:
    with pytest.raises(LayoutError):
        parse_layout(layout, extra_fields=("sku",))


def test_an_unknown_field_names_the_nearest_one() -> None:
    with pytest.raises(LayoutError, match=r"unknown field '{promt_id}'; there are batch") as caught:
        parse_layout("{promt_id}", extra_fields=("sku",))
    assert caught.value.hint == "did you mean 'prompt_id'?"


def test_fields_of_the_prompts_may_be_used_when_they_are_named() -> None:
    assert parse_layout("{sku}", extra_fields={"sku"}).path({"sku": "A-17"}) == "A-17"


@pytest.mark.parametrize(
    ("form", "shown"), [("", "7"), (":d", "7"), (":3d", "  7"), (":02d", "07"), (":04d", "0007")]
)
def test_a_take_is_written_as_its_format_says(form: str, shown: str) -> None:
    assert path(f"t{{take{form}}}", take=7) == f"t{shown}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("", "_"),
        (".", "_"),
        ("..", "__"),
        (".hidden", "_.hidden"),
        ("-rf", "_-rf"),
        ("~root", "_~root"),
        (" a", "_ a"),
        ("a.", "a_"),
        ("a. .", "a___"),
        ("CON", "_CON"),
        ("con.tar", "_con.tar"),
        ("NUL .x", "_NUL .x"),
        ("COM1", "_COM1"),
        ("com¹", "_com¹"),
        ("LPT9", "_LPT9"),
        ("CONIN$", "_CONIN$"),
        ("COM10", "COM10"),
        ("console", "console"),
        ('a<>:"/\\|?*b', "a_________b"),
        ("a\x00\x1b\x7f\x9f\nb", "a_____b"),
        ("a\u202eb\u2066c\u2028d", "a_b_c_d"),
        ("a\ud800b", "a_b"),
        ("a\u00a0b", "a b"),
        ("e\u0301", "é"),
        ("çığ 狐", "çığ 狐"),
    ],
)
def test_a_component_is_made_safe(text: str, safe: str) -> None:
    assert safe_component(text) == safe


@pytest.mark.parametrize("name", [".partial", "removed", "Removed", "metadata.jsonl", "INDEX.HTML"])
def test_what_the_runner_keeps_at_the_top_is_left_alone(name: str) -> None:
    assert path("{prompt_id}/{prompt_id}", prompt_id=name).startswith("_")


def test_a_long_component_is_cut_and_says_what_it_was() -> None:
    text = "狐" * 100
    assert safe_component(text) == "狐" * 57 + "-" + hashed(text, 8)


def test_two_long_values_that_begin_alike_do_not_meet() -> None:
    assert path("{prompt_id}", prompt_id="a" * 300 + "b") != path("{prompt_id}", prompt_id="a" * 300 + "c")


def test_a_deep_layout_keeps_within_the_length_of_a_path() -> None:
    layout = "/".join(["{prompt_id}"] * 16)
    assert len(path(layout, prompt_id="狐" * 200).encode()) <= 1000


@given(TEXTS, TEXTS, TEXTS)
def test_every_path_is_safe_on_three_systems(prompt_id: str, variant: str, sku: str) -> None:
    found = path("{prompt_id}/x{variant}/{sku}", prompt_id=prompt_id, variant=variant, sku=sku)
    parts = found.split("/")
    assert len(parts) == 3
    assert unicodedata.is_normalized("NFC", found)
    for part in parts:
        assert 0 < len(part.encode("utf-8")) <= 180
        assert part[0] not in ".-~ "
        assert part[-1] not in ". "
        assert not set(part) & set('<>:"\\|?*')
        assert not any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in part)
        assert part.split(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


@given(TEXTS)
def test_making_a_safe_name_safe_again_changes_nothing(text: str) -> None:
    assert safe_component(safe_component(text)) == safe_component(text)


@given(TEXTS)
def test_the_forms_of_one_text_give_one_name(text: str) -> None:
    forms = ("NFC", "NFD")
    assert len({safe_component(unicodedata.normalize(form, text)) for form in forms}) == 1


SLUGS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) <= 40)


@given(*[st.tuples(SLUGS, SLUGS, st.integers(1, 1000))] * 2)
def test_different_prompts_and_takes_have_different_files(
    one: tuple[str, str, int], two: tuple[str, str, int]
) -> None:
    keys = {
        collision_key(path(DEFAULT, prompt_id=prompt_id, variant=f"{variant}_", take=take))
        for prompt_id, variant, take in (one, two)
    }
    assert len(keys) == len({one, two})


@given(st.permutations(list(VALUES)))
def test_the_order_of_the_values_does_not_matter(names: list[str]) -> None:
    layout = parse_layout("{batch}/" + DEFAULT + "{job_id}", extra_fields=())
    assert layout.path({name: VALUES[name] for name in names}) == layout.path(VALUES)


@pytest.mark.parametrize(
    ("one", "two"),
    [("Fox/A", "fox/a"), ("é", "e\u0301"), ("É", "e\u0301"), ("straße", "STRASSE"), ("ﬁ", "FI")],
)
def test_paths_that_are_one_file_on_some_system_share_a_key(one: str, two: str) -> None:
    assert collision_key(one) == collision_key(two)


@given(st.text())
def test_a_key_does_not_see_the_form_of_its_text(text: str) -> None:
    keys = {collision_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert keys == {collision_key(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A beautiful landscape!", "a-beautiful-landscape"),
        ("Iğdır'da GÜNEŞ — Straße", "igdir-da-gunes-strasse"),
        ("İstanbul", "istanbul"),
        ("fox狐cat", "fox-cat"),
        ("狐", ""),
        ("--", ""),
        ("a" * 47 + " bc", "a" * 47),
        ("½ ﬁ Ⅻ 𝕊", "1-2-fi-xii-s"),
    ],
)
def test_a_slug_keeps_what_can_be_said_in_plain_letters(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text(), st.integers(1, 60))
def test_a_slug_is_plain_and_short(text: str, max_chars: int) -> None:
    found = slug(text, max_chars)
    assert len(found) <= max_chars
    assert not found.startswith("-")
    assert not found.endswith("-")
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_an_id_is_the_slug_and_the_hash_of_the_text() -> None:
    text = "A beautiful landscape"
    assert prompt_id_of(text) == "a-beautiful-landscape-" + hashed(text, 12)


def test_an_id_of_another_script_is_the_hash_alone() -> None:
    assert prompt_id_of("狐") == "prompt-" + hashed("狐", 12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ""),
        ({"animal": "Red Fox", "place": "Forêt"}, "red-fox-foret_"),
        ({"n": "1.5"}, "1-5_"),
        ({"n": "狐"}, hashed("狐", 8) + "_"),
        ({"n": "fox 狐"}, f"fox-{hashed('fox 狐', 8)}_"),
        ({"n": "a" * 60}, "a" * 48 + f"-{hashed('a' * 60, 8)}_"),
    ],
)
def test_a_variant_is_made_of_the_values(values: dict[str, str], expected: str) -> None:
    assert variant_of(values) == expected
