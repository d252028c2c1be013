"""``runner schema -o``: atomically, and over nothing but a schema."""

import json

import pytest
from jsonschema import Draft7Validator

from runner.cli.edge import run
from runner.manifest import json_schema
from runner.providers import capabilities_of

SCHEMA = json_schema(capabilities_of("grokimagine"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(place) -> dict[str, str]:
    return {path.name: path.read_text() for path in place.iterdir()}


def test_what_is_printed_is_what_is_written(place, capsys):
    assert run(["schema"]) == 0
    printed = capsys.readouterr().out
    assert run(["schema", "-o", "s.json"]) == 0
    assert (written(place), json.loads(printed)) == ({"s.json": printed}, SCHEMA)
    Draft7Validator.check_schema(json.loads(printed))


def test_others_may_read_what_is_written(place):
    assert run(["schema", "-o", "s.json"]) == 0
    (place / "ordinary").touch()
    assert (place / "s.json").stat().st_mode == (place / "ordinary").stat().st_mode


def test_a_schema_of_another_version_is_replaced_and_the_present_one_is_left_alone(place, capsys):
    (place / "s.json").write_text(json.dumps({"title": "runner manifest, version 0"}))
    assert run(["schema", "-o", "s.json"]) == 0
    before = (place / "s.json").stat()
    assert run(["schema", "-o", "s.json"]) == 0
    assert (place / "s.json").stat() == before
    assert capsys.readouterr().out == "wrote s.json\ns.json is up to date\n"


@pytest.mark.parametrize(
    "content", ["", "notes", "[]", '{"title": "another schema"}', "[" * 100_000, "\udcff"]
)
def test_a_file_that_is_no_schema_is_replaced_only_by_force(place, content, capsys):
    (place / "s.json").write_text(content, errors="surrogateescape")
    before = (place / "s.json").read_bytes()
    assert run(["schema", "-o", "s.json"]) == 2
    assert ((place / "s.json").read_bytes(), "--force" in capsys.readouterr().err) == (before, True)
    assert run(["schema", "-o", "s.json", "--force"]) == 0
    assert json.loads((place / "s.json").read_text()) == SCHEMA


def test_a_link_is_neither_followed_nor_replaced(place):
    (place / "there.json").write_text("mine")
    (place / "s.json").symlink_to("there.json")
    assert run(["schema", "-o", "s.json", "--force"]) == 2
    assert ((place / "s.json").is_symlink(), (place / "there.json").read_text()) == (True, "mine")


@pytest.mark.parametrize("name", ["nowhere/s.json", "/dev/null", "."])
def test_a_place_that_cannot_take_it_is_an_error_that_leaves_nothing(place, name, capsys):
    assert run(["schema", "-o", name]) == 2
    assert ("error:" in capsys.readouterr().err, list(place.iterdir())) == (True, [])


def test_what_init_writes_names_the_schema_that_it_writes_and_fits_it(place):
    from runner.app.starting import MANIFEST_NAME, SCHEMA_NAME

    assert run(["init"]) == 0
    first = (place / MANIFEST_NAME).read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=./{SCHEMA_NAME}"
    assert run(["schema", "-o", SCHEMA_NAME]) == 0
    assert json.loads((place / SCHEMA_NAME).read_text()) == SCHEMA
