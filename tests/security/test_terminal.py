"""S27: nothing that a manifest, a file name or the service says moves the cursor, colours, links, rings or hides."""

import contextlib
import io
import json
import os
import pty
import select
import time

import pytest

from .support import answer, envelope, manifest

EVIL = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\"
    "\x9b31mC1\x9d0;t\x9c\rover\x08\x7f\x0b\x0c\x85\u202eltr\u2066\u2028\u2029\u200b\ufeff\u00ad\U000e0041\x00"
)
HIDING = "a fox \u202egnp.exe\u202c \u2066in\u2069 the \u200bwood\ufeff, \u00adlate\ttab\nnewline [red]markup[/red]"
SHOWN = {"\r", "\n"}
HIDDEN = set("\u202e\u202c\u2066\u2069\u2028\u2029\u200b\ufeff\u00ad\U000e0041")


def on_a_terminal(program, *arguments: str, timeout_s: float = 30.0) -> tuple[int, str]:
    """The exit code of the program, and every character that reaches the terminal that it runs on."""
    main, side = pty.openpty()
    with io.FileIO(main) as screen, io.FileIO(side, "w") as held:
        program.env = {"TERM": "dumb", "LANG": "C.UTF-8"}
        running = program.start(*arguments, terminal=os.ttyname(side))
        found, give_up_at = b"", time.monotonic() + timeout_s
        while (ended := running.ended_within(0.0)) is None:
            assert time.monotonic() < give_up_at, f"still running: {found[-2000:]!r}"
            found += _waiting(screen)
        held.close()  # after that, reading ends with an error where nothing is left
        with contextlib.suppress(OSError):
            while piece := screen.read(65536):
                found += piece
    return ended[0], found.decode()


def _waiting(screen) -> bytes:
    ready, _, _ = select.select([screen], [], [], 0.02)
    return screen.read(65536) if ready else b""


def odd_in(said: str) -> set[str]:
    return {char for char in said if char not in SHOWN and (not char.isprintable() or char in HIDDEN)}


def test_the_terminal_of_the_test_would_show_it(program):
    code = "import sys; sys.stdout.write('\\x1b[31m\\x9b')"
    (program.folder / "runner.py").write_text(code)
    program.is_fresh = True
    assert odd_in(on_a_terminal(program)[1]) == {"\x1b", "\x9b"}


def _hostile(service) -> None:
    def on_post(asked):
        number = int(asked.sent["prompt"].split(" ")[-1])
        if number % 4 == 0:
            return envelope(400, message=EVIL, status=400)
        if number % 4 == 1:
            return envelope(500, message=EVIL, status=500)
        return service.accept(asked)

    def on_status(asked):
        number = int(service.prompts[asked.task_id]["prompt"].split(" ")[-1])
        if number % 4 == 2:
            return service.complete(asked, status="failed", error_message=EVIL)
        seen = sum(each.target == asked.target for each in service.requests)
        return (
            service.complete(asked, status=EVIL)
            if seen == 1
            else service.complete(asked, response=urls(asked))
        )

    def urls(asked):
        return [f"{service.url}/files/{asked.task_id}\u202e\u200b.mp4?\u2066"]

    service.on_post, service.on_status = on_post, on_status


PROMPTS = [{"id": f"p{number}", "text": f"{HIDING} {number}"} for number in range(4)]
PLAN = ["--no-color", "plan", "m.yaml"]  # in colour: tests/cli/test_plan_command.py
READERS = (["status"], ["jobs", "b"], ["jobs", "b", "--json"], PLAN, ["verify", "b"])


def test_what_is_shown_of_a_service_and_a_prompt_is_text(program, service):
    _hostile(service)
    program.write(manifest(service.url, PROMPTS))
    shown = [on_a_terminal(program, *words)[1] for words in (["run", "m.yaml"], *READERS)]
    assert [(odd_in(said), "Traceback" in said) for said in shown] == [(set(), False)] * len(shown)
    assert ("red" in shown[0], "\\u202egnp.exe" in shown[2]) == (True, True)


@pytest.mark.parametrize("words", [["-v", "-v", "run", "m.yaml"], ["run", "m.yaml", "--json"]], ids="_".join)
def test_what_a_run_tells_on_its_way_is_text(words, program, service):
    _hostile(service)
    program.write(manifest(service.url, PROMPTS))
    assert odd_in(on_a_terminal(program, *words)[1]) == set()


def test_json_for_programs_keeps_every_character(program, service):
    _hostile(service)
    program.write(manifest(service.url, [{"id": "p3", "text": f"{HIDING} 3"}]))
    program.run("run", "m.yaml")
    (line,) = program.run("jobs", "b", "--json").out.splitlines()
    assert json.loads(line)["prompt"] == f"{HIDING} 3"


MANIFESTS = {
    "a value": {"ratios": [EVIL.replace("\x00", "")]},
    "a key": {EVIL.replace("\x00", ""): 1},
    "a mode": {"modes": ["norm\x1b[31mal"]},
    "a variable": {"variables": {"a\x1b[31m": ["x"]}},
    "a file": {"prompts": [{"file": "no\x1b[31m\r\u202e.csv"}]},
    "an id": {"prompts": [{"id": "a\x1b", "text": "x"}]},
    "a layout": {"output": {"layout": "{\x1b[31m}"}},
    "a base_url": {"provider": {"base_url": "https://a.example/\x1b]0;evil\x07"}},
    "two files at one place": {"output": {"layout": "x"}, "prompts": [HIDING, HIDING + "2"]},
}


@pytest.mark.parametrize("command", ["validate", "plan", "run"])
def test_what_is_said_about_broken_manifests_is_text(command, program):
    for number, name in enumerate(MANIFESTS):
        program.write(manifest("https://a.example", **MANIFESTS[name]), f"m{number}.yaml")
    names = [f"m{number}.yaml" for number in range(len(MANIFESTS))]
    wanted = [names] if command == "validate" else [[name] for name in names[:2]]
    shown = [on_a_terminal(program, command, *files) for files in wanted]
    assert [(code, odd_in(said), "Traceback" in said) for code, said in shown] == [(2, set(), False)] * len(
        shown
    )


@pytest.mark.parametrize("command", ["validate", "plan", "run", "status", "jobs", "verify", "adopt"])
def test_a_name_on_the_command_line_is_shown_as_text(command, program):
    code, said = on_a_terminal(program, command, "no\x1b[31m\u202e\x9b\r.yaml")
    assert (code, odd_in(said), "\\x1b[31m" in said) == (2, set(), True)


def test_a_manifest_whose_own_name_is_hostile_is_planned_as_text(program):
    name = "m\x1b[31m\u202e.yaml"
    program.write(manifest("https://a.example", [HIDING]), name)
    shown = [
        on_a_terminal(program, *words)
        for words in (["--no-color", "plan", name], ["plan", name, "--json"], ["validate", name])
    ]
    assert [(code, odd_in(said)) for code, said in shown] == [(0, set())] * 3


def test_a_download_that_is_a_page_is_told_of_as_text(program, service):
    """Its beginning is quoted as evidence."""
    page = f"<html>{EVIL}</html>".encode("utf-8", "replace")
    service.on_file = lambda _asked: answer(403, page, {"Content-Type": "text/html"})
    program.write(manifest(service.url))
    running = program.start("-v", "-v", "run", "m.yaml")
    running.until(lambda: sum("/files/" in asked.target for asked in service.requests) > 1)
    running.stopped()
    shown = [on_a_terminal(program, *words) for words in (["status"], ["jobs", "b"])]
    assert [odd_in(said) for _, said in shown] == [set(), set()]


def test_a_locale_that_cannot_write_a_prompt_ends_nothing(program):
    program.env, program.is_fresh = {"PYTHONIOENCODING": "latin-1"}, True
    program.write(manifest("https://a.example", ["日本の狐"]))
    done = program.run("plan", "m.yaml")
    assert (done.code, "\\u65e5" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "env", "is_coloured"),
    [(["--no-color"], {}, False), (["--color"], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {}, False)],
)
def test_nothing_but_a_terminal_gets_colours_that_were_not_asked_for(
    words, env, is_coloured, program, monkeypatch
):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    program.write(manifest("https://a.example"))
    code, said = program.ask(*words, "plan", "m.yaml")
    assert (code, "\x1b" in said) == (0, is_coloured)
