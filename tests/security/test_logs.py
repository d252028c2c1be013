"""S3, S28, S34, S40, S41: a log has one record a line, job ids, and no token, prompt or signature."""

import asyncio
import json
import logging
import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from runner.cli import logs
from runner.providers import capabilities_of, connect
from runner.store.database import open_for_writing

from .canary import Canary
from .support import answer, envelope, manifest

PROMPT = "CANARY-prompt-of-a-heron-at-dawn"
FORGED = (
    '\r\n{"at": "2026-01-01", "level": "INFO", "message": "forged"}\n2026-01-01 INFO forged\x1b[31m\u2028'
)
TOKEN = "CANARY-7f3a9.x0Q_d81c2"


@pytest.fixture
def log(tmp_path):
    """A log file that is written to until the test ends."""
    path = tmp_path / "log.jsonl"
    logs.set_up(2, str(path))
    yield path
    logs.set_up(0, None)


@pytest.fixture
def full_log(tmp_path):
    """The same, with prompts and what may repeat them."""
    path = tmp_path / "log.jsonl"
    logs.set_up(2, str(path), with_prompts=True)
    yield path
    logs.set_up(0, None)


def lines_of(path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def test_a_run_logs_its_jobs_and_neither_prompts_nor_signatures(program, service):
    """The service repeats the prompt and the signed URL in every message that it has."""

    def on_post(asked):
        prompt, number = asked.sent["prompt"], int(asked.sent["prompt"].split(" ")[-1])
        if number == 0:
            return envelope(400, message=f"bad: {prompt}{FORGED}", status=400)
        return answer(500, f"{prompt}{FORGED}".encode()) if number == 1 else service.accept(asked)

    def on_status(asked):
        prompt = service.prompts[asked.task_id]["prompt"]
        if prompt.endswith("2"):
            return service.complete(asked, status="failed", error_message=f"{prompt}{FORGED}")
        return service.complete(asked, response=[f"{service.url}/files/a.mp4?X-Signature=s3cr3t-signature"])

    service.on_post, service.on_status = on_post, on_status
    program.write(manifest(service.url, [f"{PROMPT} {number}" for number in range(4)]))
    done = program.run("-v", "-v", "--log-file", "log.jsonl", "run", "m.yaml")
    path = program.folder / "log.jsonl"
    found = lines_of(path)
    assert (Canary(PROMPT).within(path.read_bytes()), b"s3cr3t" in path.read_bytes()) == ([], False)
    assert ("s3cr3t" in done.said, "forged\n" in path.read_text(), done.code) == (False, False, 4)
    events = {
        (line["message"], bool(re.fullmatch(r"[0-9a-f]{24}", str(line.get("job_id"))))) for line in found
    }
    assert events >= {
        ("started", False),
        ("refused", True),
        ("unknown", True),
        ("failed", True),
        ("file", True),
    }
    assert {line["level"] for line in found} == {"INFO"}


def test_a_forged_record_stays_in_its_line(full_log):
    logging.getLogger("aiohttp.somewhere").warning("from outside: %s", FORGED)
    logging.getLogger("runner.x").info("an event", extra={"fields": {"word": FORGED}})
    first, second = lines_of(full_log)
    assert (first["message"], first["level"], second["word"]) == (
        f"from outside: {FORGED}",
        "WARNING",
        FORGED,
    )
    assert full_log.read_bytes().isascii()


def test_what_others_log_as_errors_holds_no_token_and_no_traceback_is_shown(full_log, capsys):
    """As asyncio reports a task that nobody waited for: with the repr of an error that holds the request's headers."""
    offer = capabilities_of("grokimagine")
    connect(offer_settings(offer), TOKEN)
    error = ValueError(f"<CIMultiDict('Authorization': 'Bearer {TOKEN}')>")

    async def fail():
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Task exception was never retrieved", "exception": error, "future": repr(error)}
        )

    asyncio.run(fail())
    (line,) = lines_of(full_log)
    shown = capsys.readouterr().err
    assert (Canary(TOKEN).within(full_log.read_bytes()), Canary(TOKEN).within(shown)) == ([], [])
    assert ("***" in str(line["trace"]), "never retrieved" in shown, "Traceback" in shown) == (
        True,
        True,
        False,
    )
    assert shown.count("\n") == 1


def offer_settings(offer):
    from runner.core.model import ProviderSettings

    return ProviderSettings(offer.name, offer.base_url, offer.token_env, offer.price)


def test_other_libraries_say_no_more_though_the_log_is_asked_for(log):
    """SQLAlchemy would log every statement with its values at this level."""
    logging.getLogger("sqlalchemy.engine").info("INSERT ... %s", PROMPT)
    logging.getLogger("asyncio").debug("using %s", PROMPT)
    assert log.read_bytes() == b""


def test_the_text_of_an_error_of_the_database_holds_no_value(tmp_path):
    engine = open_for_writing(tmp_path / "state" / "runner.db")
    with engine.connect() as connection, pytest.raises(IntegrityError) as error:
        connection.execute(text("INSERT INTO batch (name) VALUES (:name)"), {"name": PROMPT})
    engine.dispose()
    assert Canary(PROMPT).within(str(error.value)) == []


@pytest.mark.parametrize("kept", [False, True])
def test_a_bug_in_one_job_is_told_in_a_line_and_its_traceback_is_in_the_log(kept, tmp_path, capsys):
    log, job_id = tmp_path / "log.jsonl", "ab12" * 6
    logs.set_up(0, str(log), with_prompts=kept)
    error = ValueError(f"odd\n{FORGED}")
    logging.getLogger("runner.engine.work").error(
        "job %s met an error of this program", job_id, exc_info=error
    )
    (line,) = lines_of(log)
    shown = capsys.readouterr().err
    logs.set_up(0, None)
    assert ("ValueError: odd" in str(line["trace"]), shown.count("\n"), str(log) in shown) == (kept, 1, True)
    assert (line["message"], "ValueError" in str(line["trace"])) == (
        f"job {job_id} met an error of this program",
        True,
    )
    assert (f"job {job_id} met an error" in shown, "\x1b" in shown, "Traceback" in shown) == (
        True,
        False,
        False,
    )


def test_without_a_log_file_tracebacks_gather_in_one_file_for_their_owner(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    logs.set_up(0, None)
    for number in range(2):
        logs.note_internal_error(ValueError(f"number {number}"))
    (kept,) = (tmp_path / "state").iterdir()
    logs.set_up(0, None)
    found = (kept.stat().st_mode & 0o777, "number 0" in kept.read_text(), "number 1" in kept.read_text())
    assert (found, capsys.readouterr().err.count(f"state/{kept.name}")) == ((0o600, True, True), 2)


def test_where_no_traceback_can_be_kept_none_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    logs.set_up(0, None)
    logs.note_internal_error(ValueError("odd"))
    shown = capsys.readouterr().err
    assert ("internal error: ValueError: odd" in shown, "--log-file" in shown, "Traceback" in shown) == (
        True,
        True,
        False,
    )


def test_a_log_that_cannot_be_written_any_more_ends_nothing(monkeypatch):
    logs.set_up(0, "/dev/full")
    logging.getLogger("runner.x").info("lost")
    logs.set_up(0, None)


@pytest.mark.parametrize(
    ("verbosity", "shown"), [(-1, []), (0, []), (1, []), (2, ["info: an event job_id=ab"])]
)
def test_events_are_shown_only_to_who_asks_twice(verbosity, shown, capsys):
    logs.set_up(verbosity, None)
    logging.getLogger("runner.events").info("an event", extra={"fields": {"job_id": "ab"}})
    logs.set_up(0, None)
    assert capsys.readouterr().err.splitlines() == shown
