"""The JSON Schema and the readers judge alike; the samples and the starter are right."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from manifest_texts import HEAD, manifest
from test_manifest_reading import FULL

from runner.core.expansion import survey
from runner.core.model import Order
from runner.manifest import json_schema, load, starter
from runner.manifest.findings import Findings
from runner.manifest.nodes import Items, Kind, Table, whole_number
from runner.manifest.yaml12 import read_document
from runner.providers.grokimagine.capabilities import CAPABILITIES

SAMPLES = Path(__file__).parents[2] / "manifests"
SCHEMA = json_schema(CAPABILITIES)
VALIDATOR = Draft7Validator(SCHEMA)
VALUES = {
    Kind.TEXT: lambda leaf: leaf.text,
    Kind.NULL: lambda leaf: None,
    Kind.BOOLEAN: lambda leaf: leaf.text.lower() == "true",
    Kind.INTEGER: whole_number,
    Kind.NUMBER: lambda leaf: float(leaf.text) if leaf.text[-1].isdigit() else float("nan"),
}


def value_of(node):
    match node:
        case Items(members=members):
            return [value_of(member) for member in members]
        case Table(entries=entries):
            return {key.text: value_of(value) for key, value in entries}
    return VALUES[node.kind](node)


def fits(value):
    """Whether an editor, whose validator is not ours, takes the document."""
    return VALIDATOR.is_valid(value)


def fits_schema(folder, text):
    (folder / "s.yaml").write_text(text)
    return fits(value_of(read_document(str(folder / "s.yaml"), Findings())))


@pytest.mark.parametrize("text", [FULL, HEAD, starter(CAPABILITIES)], ids=["full", "smallest", "starter"])
def test_what_loads_fits_the_schema(text, tmp_path):
    assert (manifest(tmp_path, text) is not None, fits_schema(tmp_path, text)) == (True, True)


def test_the_defaults_of_the_schema_are_those_of_the_readers(tmp_path):
    read = manifest(tmp_path, HEAD)

    def default(*path):
        schema = SCHEMA
        for key in path:
            schema = schema["properties"][key]
        return schema["default"]

    assert [default(key) for key in ("ratios", "modes", "takes", "order")] == [
        ["1:1"],
        ["normal"],
        1,
        Order.MANIFEST,
    ]
    assert default("output", "layout") == read.layout
    assert default("provider", "token_env") == read.provider.token_env
    assert default("limits", "task_deadline") == "45m"
    written = {
        "limits": {
            key: default("limits", key) for key in ("in_flight", "requests_per_minute", "downloads", "canary")
        },
        "retries": {key: default("retries", key) for key in ("attempts", "regenerate_failed", "on_unknown")},
        "provider": {
            "timeouts": {key: default("provider", "timeouts", key) for key in ("connect", "submit", "status")}
        },
    }
    again = manifest(
        tmp_path, HEAD + "".join(f"{key}: {json.dumps(value)}\n" for key, value in written.items())
    )
    assert (again.limits, again.retries, again.provider) == (read.limits, read.retries, read.provider)


def test_the_schema_is_json_and_describes_every_key():
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert [key for key, schema in SCHEMA["properties"].items() if not schema.get("description")] == []


@pytest.mark.parametrize(("name", "jobs"), [("quickstart", 6), ("campaign", 39), ("dataset", 318)])
def test_a_sample_loads_expands_and_fits_the_schema(name, jobs, tmp_path):
    loaded = load(SAMPLES / f"{name}.yaml", CAPABILITIES)
    read = survey(loaded.manifest)
    assert (read.total, loaded.warnings, read.warnings) == (jobs, (), ())
    assert fits_schema(tmp_path, (SAMPLES / f"{name}.yaml").read_text())


def test_no_sample_is_left_out():
    assert {path.stem for path in SAMPLES.glob("*.yaml")} == {"quickstart", "campaign", "dataset"}


def test_the_schema_beside_the_samples_is_the_present_one():
    assert json.loads((SAMPLES / "manifest.schema.json").read_text()) == SCHEMA


def test_the_starter_is_a_small_batch_that_its_budget_pays_for(tmp_path):
    text = starter(CAPABILITIES)
    read = manifest(tmp_path, text)
    assert text.startswith("# yaml-language-server: $schema=./manifest.schema.json\n")
    assert (survey(read).total, read.budget.in_credits(read.provider.price)) == (3, 120)
