"""S1 to S6: the token is in no file, no message and no request but those to the API's own origin."""

import base64
import html
import json
import re
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from runner.sandbox import FAULTS, Ledger, SandboxOptions, running_in_thread, with_faults

from .canary import Canary
from .support import TOKEN_ENV, UNHURRIED, Service, answer, envelope, manifest

TOKEN = "CANARY/7f3a9+x&0Q=<\"'\\d81c2-zW5e"
PLAIN = "CANARY-7f3a9.x0Q_d81c2:zW5e"
PROMPTS = [{"id": f"p{number}", "text": f"a fox, number {number}"} for number in range(30)]
BEARER = re.compile(rb"(?i)^authorization: *(.*?)\r$", re.MULTILINE)


@pytest.fixture(params=[TOKEN, PLAIN], ids=["odd", "plain"])
def canary(request, program) -> Canary:
    program.token = request.param
    return Canary(request.param)


@pytest.mark.parametrize("text", [TOKEN, PLAIN])
def test_a_canary_is_found_in_every_form(text):
    wrapped = [f"Bearer {text}.", f"{text}", f"x{text}y"]
    shapes = [str, quote, html.escape, json.dumps, lambda t: base64.b64encode(t.encode()).decode()]
    missed = [shape(each) for each in wrapped for shape in shapes if not Canary(text).within(shape(each))]
    assert (missed, Canary(text).within("an ordinary text with CANARY in it")) == ([], [])


ENOUGH = [3, pytest.param(25, marks=pytest.mark.faults)]
"""Files that are placed by the second run, until it is stopped."""


@pytest.mark.parametrize("files", ENOUGH)
def test_under_every_fault_the_token_is_found_nowhere(files, program, tmp_path):
    """Killed in the middle, so that the -wal is on the disk; resumed with every log on, and asyncio's own debugging."""
    program.token, program.is_fresh, canary = TOKEN, True, Canary(TOKEN)
    quick = SandboxOptions(latency_median_s=0.05, slow_answer_s=0.2, pause_s=0.2)
    # Three submissions in a row with an unknown outcome would end the run: their faults are left rare.
    rare = {name: 0.01 for name in FAULTS if name.startswith("post_")}
    options = replace(with_faults(quick, 0.1), **rare)
    books = tmp_path / "service" / "ledger.db"
    with running_in_thread(options, books) as base_url:
        budget = {"credits": 1_000_000}
        program.write(manifest(base_url, PROMPTS, ratios=["1:1", "2:3"], budget=budget))
        said = _killed_with_a_wal(program)
        program.env = {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore"}
        found = canary.below(program.folder)
        running = program.start("-v", "-v", "--log-file", "log.jsonl", "run", "m.yaml", "--json")
        running.until(lambda: running.out.read_bytes().count(b'"event": "file"') >= files, timeout_s=60.0)
        said += _cmdline(running.pid) + running.stopped().said
        program.is_fresh = False
        said += program.run("jobs", "b", "--json").said + program.run("status").said
    requests = Ledger(books).requests()
    drawn = {each.decision for each in requests} & set(FAULTS)
    leaked = [each for each in requests if each.decision == "token_leaked"]
    assert (found, canary.below(program.folder), canary.within(said), leaked) == ({}, {}, [], [])
    assert len(drawn) >= 4, drawn
    assert '"completed"' in (program.folder / "log.jsonl").read_text()


def _killed_with_a_wal(program) -> str:
    running = program.start("-v", "run", "m.yaml")
    running.until(lambda: b"completed" in running.err.read_bytes())
    said = _cmdline(running.pid) + running.stopped(signal.SIGKILL).said
    assert ("completed" in said, (program.folder / "state" / "runner.db-wal").stat().st_size > 0) == (
        True,
        True,
    )
    return said


def _cmdline(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text() if Path("/proc").exists() else ""


def echo(asked) -> str:
    """What the request's own token looks like in every form in which a server may hand it back."""
    sent = BEARER.search(asked.head)[1].decode()
    token = sent.removeprefix("Bearer ")
    encoded = base64.b64encode(sent.encode()).decode()
    return " ".join(
        (sent, quote(token), quote(token, safe=""), html.escape(token), encoded, token.encode().hex())
    )


ECHOES = {
    "a refusal": lambda said: envelope(400, message=f"invalid key {said}", status=400),
    "a refusal that is cut": lambda said: envelope(422, message="x" * 470 + said, status=422),
    "a server error": lambda said: envelope(500, message=said, status=500),
    "an error page": lambda said: answer(502, f"<pre>{html.escape(said)}</pre>".encode()),
    "a task of that name": lambda said: envelope(200, {"task_id": said.split(" ")[1]}),
    "no JSON": lambda said: answer(200, said.encode()),
    "the reason of a status": lambda said: f"HTTP/1.1 418 {said}\r\nContent-Length: 0\r\n\r\n".encode(),
    "no HTTP": lambda said: f"NOT HTTP {said}\r\n\r\n".encode(),
    "a header that is cut": lambda said: f"HTTP/1.1 200 OK\r\nX: {'x' * 75}{said * 200}\r\n\r\n".encode(),
    "headers": lambda said: answer(409, b"", {"X-RateLimit-Reset": said, "Date": said, "Retry-After": said}),
}


def test_a_token_that_the_service_sends_back_is_kept_by_nobody(program, service, canary):
    """One POST of each kind, and two accepted ones behind it, for three unknown ones in a row end a run."""
    kinds = list(ECHOES.values())

    def on_post(asked):
        kind, is_good = divmod(int(asked.sent["prompt"].rsplit(" ", 1)[1]), 3)
        return service.accept(asked) if is_good else kinds[kind](echo(asked))

    service.on_post = on_post
    service.on_status = lambda asked: _echoing_status(service, asked)
    prompts = [f"a fox, number {number}" for number in range(3 * len(kinds))]
    program.write(manifest(service.url, prompts, limits=UNHURRIED | {"in_flight": 30}))
    said = program.run("-v", "-v", "--log-file", "log.jsonl", "run", "m.yaml", "--json").said
    said += (
        program.run("status").said + program.run("jobs", "b").said + program.run("jobs", "b", "--json").said
    )
    assert (len(service.posts), canary.below(program.folder), canary.within(said)) == (len(prompts), {}, [])
    assert "***" in said


def _echoing_status(service: Service, asked) -> bytes:
    number = int(asked.task_id.removeprefix("task_")) % 4
    said = echo(asked)
    seen = sum(each.target == asked.target for each in service.requests)
    if number == 0:
        return service.complete(asked, status="failed", error_message=f"key {said}")
    if number == 1 and seen == 1:
        return service.complete(asked, status=said.split(" ")[1])
    if number == 2 and seen == 1:
        return answer(500, said.encode())
    urls = [f"{service.url}/files/{quote(said)}.mp4", f"{service.url}/files/{asked.task_id}.mp4?sig=1"]
    return service.complete(asked, response=urls)


def test_the_log_of_a_crash_holds_no_token_and_is_for_its_owner_only(program, service):
    """A row that no version of the program wrote makes an error that quotes it; here it quotes the token."""
    canary = Canary(PLAIN)
    program.token = PLAIN
    program.write(manifest(service.url))
    assert program.run("run", "m.yaml", "--limit", "0").code == 0
    with closing(sqlite3.connect(program.folder / "state" / "runner.db")) as state:
        state.execute("UPDATE job SET error_class = ?", (f"odd {PLAIN}",))
        state.commit()
    said = program.run("run", "m.yaml")
    with closing(sqlite3.connect(program.folder / "state" / "runner.db")) as state:
        state.isolation_level = None
        state.execute("UPDATE job SET error_class = NULL")
        state.execute("VACUUM")
    (log,) = (program.folder / "state").glob("runner-error-*.log")
    assert (said.code, log.name in said.err, "Traceback" in said.said) == (70, True, False)
    assert ("Traceback" in log.read_text(), "***" in log.read_text(), log.stat().st_mode & 0o777) == (
        True,
        True,
        0o600,
    )
    assert (canary.below(program.folder), canary.within(said.said)) == ({}, [])


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a\u2028b"])
def test_a_token_that_could_break_a_header_is_refused_unseen_before_anything_is_sent(token, program, service):
    program.token = token
    program.write(manifest(service.url))
    done = program.run("run", "m.yaml")
    assert (done.code, service.requests, TOKEN_ENV in done.err, token in done.said) == (2, [], True, False)


def test_without_a_token_nothing_is_sent_and_the_variable_is_named(program, service):
    program.token = " \n"
    program.write(manifest(service.url))
    done = program.run("run", "m.yaml")
    assert (done.code, service.requests, TOKEN_ENV in done.err) == (2, [], True)
