"""Words on the command line, and settings, that are wrong."""

import os
from collections.abc import Callable
from functools import partial

from tests.gallery.stage import TOKEN_ENV, Stage


def _asked(stage: Stage, words: tuple[str, ...]) -> None:
    stage.write("m.yaml", "version: 1\nname: spring\nbudget: {credits: 400}\nprompts: [a lake]\n")
    stage.run(*words)


WORDS: dict[str, tuple[str, ...]] = {
    "a command that there is none of": ("rum", "m.yaml"),
    "an option that there is none of": ("run", "m.yaml", "--budgt", "40"),
    "no manifest": ("run",),
    "a budget that is none": ("run", "m.yaml", "--budget", "forty"),
    "a deadline without a unit": ("run", "m.yaml", "--deadline", "2"),
    "a limit below zero": ("run", "m.yaml", "--limit", "-1"),
    "a filter without a value": ("run", "m.yaml", "--only", "mode"),
    "a filter by what is no key": ("plan", "m.yaml", "--only", "prompt id=a"),
    "a state that is no SQLite file": ("--state", "postgres://db/x", "status"),
    "a state in memory": ("--state", "sqlite://", "status"),
    "an option of the sandbox that there is none of": (
        "run",
        "m.yaml",
        "--sandbox",
        "--sandbox-options",
        "latncy=1",
    ),
    "a share of the sandbox that is none": ("run", "m.yaml", "--sandbox", "--sandbox-options", "faults=200%"),
    "retry without saying which": ("retry", "spring"),
    "resolve in two ways": ("resolve", "spring", "--resubmit", "--accept-loss"),
    "status of a batch that there is none of": ("status", "spring"),
    "a state of jobs that there is none of": ("jobs", "spring", "--state", "broken"),
    "prompts for a log that there is none of": ("--log-prompts", "status"),
    "a log in a directory that is not there": ("--log-file", "none/log.jsonl", "status"),
    "adopt without a tree": ("adopt", "m.yaml"),
}


def _with_token(stage: Stage, token: str) -> None:
    os.environ[TOKEN_ENV] = token
    _asked(stage, ("run", "m.yaml"))


def _with_env_file(stage: Stage, text: str) -> None:
    del os.environ[TOKEN_ENV]
    stage.write(".env", text)
    _asked(stage, ("run", "m.yaml"))


def _with_variable(stage: Stage, name: str, value: str) -> None:
    os.environ[name] = value
    _asked(stage, ("run", "m.yaml"))


def code_that_may_not_run(stage: Stage) -> None:
    stage.write("m.yaml", "version: 1\nprompts: [a lake]\nsteps:\n  - python: mine:made\n")
    stage.run("run", "m.yaml", "--sandbox")


def a_step_that_fails(stage: Stage) -> None:
    bench = stage.bench()
    path = bench.done(0)[0]
    path.write_bytes(b"x" * path.stat().st_size)
    bench.manifest("a red fox", steps=["thumbnail"])
    stage.run("run", "demo.yaml")


def init_twice(stage: Stage) -> None:
    stage.quietly("init", "videos")
    stage.run("init", "videos")


def init_in_the_place_of_a_file(stage: Stage) -> None:
    stage.write("videos", "a file")
    stage.run("init", "videos/new")


def a_batch_that_is_not_among_the_others(stage: Stage) -> None:
    stage.bench()
    stage.run("status", "dmeo")


def a_job_that_there_is_none_of(stage: Stage) -> None:
    stage.bench()
    stage.run("retry", "demo", "--job", "ffff")


def the_doctor_without_anything(stage: Stage) -> None:
    del os.environ[TOKEN_ENV]
    stage.bench()
    stage.write(".env", "A=1\n").chmod(0o644)
    stage.run("doctor", "demo.yaml")


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    **{name: partial(_asked, words=words) for name, words in WORDS.items()},
    "no token": partial(_with_token, token=""),
    "a token with more than itself": partial(_with_token, token="Bearer abc"),
    "a .env with a line that is none": partial(_with_env_file, text="# mine\nmy token is abc\n"),
    "a .env with a name that has no value": partial(_with_env_file, text=f"{TOKEN_ENV}\n"),
    "a proxy that is none": partial(_with_variable, name="RUNNER_PROXY", value="proxy example"),
    "certificates that are not there": partial(_with_variable, name="RUNNER_CA_FILE", value="ca.pem"),
    "a state that the environment misnames": partial(_with_variable, name="RUNNER_STATE", value="runner.db"),
    "a step that runs code": code_that_may_not_run,
    "a step that fails": a_step_that_fails,
    "prune without saying what": partial(_asked, words=("prune", "spring")),
    "init twice": init_twice,
    "init in the place of a file": init_in_the_place_of_a_file,
    "a batch that is not among the others": a_batch_that_is_not_among_the_others,
    "a job that there is none of": a_job_that_there_is_none_of,
    "the doctor where something is wrong": the_doctor_without_anything,
}
