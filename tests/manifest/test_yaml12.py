"""YAML by the rules of 1.2, and documents that were made to do harm."""

import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manifest_texts import HEAD, problems, prompts

from runner.manifest.findings import Findings
from runner.manifest.nodes import Items, Kind, Leaf, Node, Table
from runner.manifest.yaml12 import read_document

WORDS = {
    "1:1": Kind.TEXT,
    "16:9": Kind.TEXT,
    "1:30:00": Kind.TEXT,
    "yes": Kind.TEXT,
    "no": Kind.TEXT,
    "on": Kind.TEXT,
    "off": Kind.TEXT,
    "y": Kind.TEXT,
    "2024-01-01": Kind.TEXT,
    "1_000": Kind.TEXT,
    "0b11": Kind.TEXT,
    "1e3x": Kind.TEXT,
    "nan": Kind.TEXT,
    "'true'": Kind.TEXT,
    '"12"': Kind.TEXT,
    "! 12": Kind.TEXT,
    "!!str 12": Kind.TEXT,
    "tRUE": Kind.TEXT,
    "=": Kind.TEXT,
    "true": Kind.BOOLEAN,
    "False": Kind.BOOLEAN,
    "12": Kind.INTEGER,
    "012": Kind.INTEGER,
    "-1": Kind.INTEGER,
    "+1": Kind.INTEGER,
    "0o17": Kind.INTEGER,
    "0xfF": Kind.INTEGER,
    "!!int 12": Kind.INTEGER,
    "1.50": Kind.NUMBER,
    ".5": Kind.NUMBER,
    "1.": Kind.NUMBER,
    "1e3": Kind.NUMBER,
    "-.inf": Kind.NUMBER,
    ".nan": Kind.NUMBER,
    "~": Kind.NULL,
    "null": Kind.NULL,
    "": Kind.NULL,
}
BOMBS = {
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)),
    "aliases": "a: &a x\nb: [" + "*a, " * 200 + "]\n",
    "itself": "a: &a {b: *a}\n",
    "brackets": "[" * 10_000,
    "braces": "{a: " * 10_000,
    "dashes": "- " * 10_000,
    "questions": "? " * 10_000,
    "indented": "".join(" " * i + "-\n" for i in range(1000)),
    "digits": "version: " + "9" * 5000,
    "directive": "%YAML " + "9" * 5000 + ".1\n---\na\n",
    "large": "a" * (2 * 1024 * 1024 + 1),
    "tabs": "\t" * 500_000,
    "word": HEAD + "k" * 500_000 + ": a\n",
    "exponent": HEAD + "budget: {usd: 1e999999999}\n",
    "rate": HEAD + "limits: {requests_per_minute: " + "9" * 5000 + "}\n",
}


def value_of(node: Node) -> object:
    match node:
        case Leaf(text=text, kind=kind):
            return (text, kind)
        case Items(members=members):
            return [value_of(member) for member in members]
        case Table(entries=entries):
            return {key.text: value_of(value) for key, value in entries}


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
@pytest.mark.parametrize("frame", ["a: {}\n", "a: [{}]\n", "a: {{b: {}}}\n"])
def test_a_scalar_is_what_yaml_1_2_says(word, kind, frame, tmp_path):
    (tmp_path / "m.yaml").write_text(frame.format(word).replace("[]", "[~]"))
    node = read_document(str(tmp_path / "m.yaml"), Findings())
    while not isinstance(node, Leaf):
        node = node.entries[0][1] if isinstance(node, Table) else node.members[0]
    assert node.kind is kind


@pytest.mark.parametrize("ratio", ["1:1", "2:3", "'3:2'"])
def test_an_unquoted_ratio_is_a_text(ratio, tmp_path):
    text = f"version: 1\nprompts: [{{text: a, ratios: [{ratio}]}}]\n"
    assert prompts(tmp_path, text)[0].ratios == (ratio.strip("'"),)


def test_the_halves_of_a_surrogate_pair_are_joined(tmp_path):
    assert prompts(tmp_path, 'version: 1\nprompts: ["\\ud83d\\ude00"]\n')[0].text == "\U0001f600"


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once(bomb, tmp_path):
    began = time.process_time()
    found = problems(tmp_path, bomb)
    assert (found != (), time.process_time() - began < 1.0) == (True, True)


plain_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
documents = st.recursive(
    plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(document=st.lists(documents, max_size=3), is_flow=st.booleans())
def test_what_was_written_is_read_again(document, is_flow, tmp_path):
    text = yaml.dump(
        document, Dumper=yaml.SafeDumper, default_style='"', default_flow_style=is_flow, allow_unicode=True
    )
    (tmp_path / "m.yaml").write_bytes(text.encode())

    def expected(value):
        match value:
            case str():
                return (value, Kind.TEXT)
            case list():
                return [expected(member) for member in value]
        return {key: expected(member) for key, member in value.items()}

    assert value_of(read_document(str(tmp_path / "m.yaml"), Findings())) == expected(document)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    text=st.text(st.sampled_from(" \n-:[]{}&*!|>'\"%@#,?ab01\\~\t.<u\u00e9\ufeff\u0085\ud800"), max_size=40)
)
def test_no_text_makes_a_traceback(text, tmp_path):
    problems(tmp_path, HEAD + text)
    problems(tmp_path, text)
