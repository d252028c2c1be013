import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.core.template import TemplateError, is_name, parse


def test_names_stand_in_the_order_of_their_first_appearance() -> None:
    assert parse("a {place} and a {animal} in a {place}").names == ("place", "animal")


def test_double_braces_are_literal() -> None:
    assert parse("{{a}} {{{b}}} }}{{").fill({"b": "x"}) == "{a} {x} }{"


def test_a_value_that_looks_like_a_variable_is_inserted_as_text() -> None:
    assert parse("{a}{b}").fill({"a": "{b}", "b": "{{"}) == "{b}{{"


def test_a_variable_without_a_value_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        parse("{a}").fill({})


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a {", 2),
        ("a } b", 2),
        ("{{a}", 3),
        ("{a}}", 3),
        ("{{}", 2),
        ("x{}", 1),
        ("{ a }", 0),
        ("{a.b}", 0),
        ("{a[0]}", 0),
        ("{a!r}", 0),
        ("{a:>9}", 0),
        ("{1a}", 0),
        ("{-a}", 0),
        ("{a b}", 0),
        ("{a\n}", 0),
        ("{a{b}}", 0),
    ],
)
def test_anything_but_a_name_between_braces_is_refused(text: str, offset: int) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert (caught.value.offset, caught.value.hint is not None) == (offset, True)


@pytest.mark.parametrize("name", ["a", "_", "animal-2", "ürün", "動物", "A_b"])
def test_a_name_is_a_letter_of_any_script_and_what_may_follow(name: str) -> None:
    assert parse(f"{{{name}}}").names == (name,)


@given(st.text())
def test_a_text_with_its_braces_doubled_is_itself(text: str) -> None:
    assert parse(text.replace("{", "{{").replace("}", "}}")).fill({}) == text


@given(st.text())
def test_a_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    names: tuple[str, ...] = ()
    offset = 0
    try:
        names = parse(text).names
    except TemplateError as error:
        offset = error.offset
    assert all(map(is_name, names))
    assert offset in range(max(1, len(text)))


@given(
    st.lists(st.tuples(st.from_regex(r"[^{}]*", fullmatch=True), st.sampled_from("abc"))),
    st.text(),
    st.text(),
)
def test_values_come_out_as_they_went_in(parts: list[tuple[str, str]], first: str, second: str) -> None:
    values = {"a": first, "b": second, "c": "{a}"}
    template = parse("".join(f"{literal}{{{name}}}" for literal, name in parts))
    filled = "".join(literal + values[name] for literal, name in parts)
    assert (template.fill(values), template.filled_chars(values)) == (filled, len(filled))
