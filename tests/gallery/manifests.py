"""Manifests that are wrong: YAML, keys, values, paths, prompt files."""

from collections.abc import Callable
from functools import partial

from tests.gallery.stage import Stage

HEAD = "version: 1\nprompts: [a lake]\n"


def _texts(stage: Stage, text: str | bytes, **files: str) -> None:
    stage.write("m.yaml", text)
    for name, content in files.items():
        stage.write(name.replace("_", "."), content)
    stage.run("validate", "m.yaml")


TEXTS: dict[str, str | bytes] = {
    "an empty file": "",
    "a list": "- a lake\n",
    "a tab": "version: 1\nprompts:\n\t- a lake\n",
    "a quote that is never closed": "version: 1\nprompts: ['a lake]\n",
    "a colon in a prompt": "version: 1\nprompts:\n  - a lake: at night: cold\n",
    "a prompt that begins with a brace": "version: 1\nprompts:\n  - {animal} runs\n",
    "a prompt that begins with @": "version: 1\nprompts:\n  - @home\n",
    "a file that is UTF-16": "version: 1\n".encode("utf-16"),
    "no prompts": "version: 1\nname: spring\n",
    "another version": "version: 2\nprompts: [a lake]\n",
    "a key that is nearly right": "version: 1\npromts: [a lake]\nprompts: [a lake]\n",
    "steps that are wrong": HEAD
    + "steps:\n  - prob\n  - transcode\n  - transcode: {height: 481}\n  - frames: {every: 1}\n  - python: mine\n",
    "steps in object storage": HEAD + "steps: [thumbnail]\noutput: {dir: 's3://videos/spring'}\n",
    "a nested key that is nearly right": HEAD + "limits: {inflight: 3}\n",
    "a ratio that there is none of": HEAD + "ratios: [16:9, 2x3]\n",
    "a mode in other letters": HEAD + "modes: [Fun]\n",
    "a number as a prompt": "version: 1\nprompts: [2024]\n",
    "a variable that nobody defines": "version: 1\nvariables: {animal: [fox]}\nprompts: ['a {anmal}']\n",
    "a lone brace": "version: 1\nprompts: ['a { lake']\n",
    "a key that stands twice": HEAD + "takes: 1\ntakes: 2\n",
    "an id that stands twice": "version: 1\nprompts: [{text: a, id: x}, {text: b, id: x}]\n",
    "two entries that are the same job": "version: 1\nprompts: [{text: a, id: x}, {text: a, id: y}]\n",
    "a local image": "version: 1\nprompts: [{text: a, images: [img/fox.png]}]\n",
    "a layout that leaves the tree": HEAD + "output: {layout: '../{take}'}\n",
    "a layout with an unknown field": HEAD + "output: {layout: '{promt_id}'}\n",
    "two jobs with one path": HEAD + "takes: 2\noutput: {layout: '{prompt_id}'}\n",
    "a home directory": HEAD + "output: {dir: ~/videos}\n",
    "no takes": HEAD + "takes: 0\n",
    "a list that stands as one word": HEAD + "ratios: 1:1\n",
    "a duration without a unit": HEAD + "limits: {task_deadline: 45}\n",
    "a token in the manifest": HEAD + "provider: {token: sk-live-1}\n",
    "a token in place of its variable": HEAD + "provider: {token_env: sk-live-1}\n",
    "an address without encryption": HEAD + "provider: {base_url: http://example.com}\n",
    "a budget of nothing": HEAD + "budget: {credits: 0}\n",
    "a budget twice": HEAD + "budget: {credits: 40, usd: 1.00}\n",
    "a prompt that is too long": f"version: 1\nprompts: [{{id: long, text: {'x' * 5001}}}]\n",
    "nothing left after exclude": HEAD + "exclude: [{mode: normal}]\n",
    "an exclude that matches nothing": HEAD + "exclude: [{mode: fun}]\n",
    "spicy with images": "version: 1\nprompts: [{text: a, images: [https://a.example/b.png], modes: [spicy]}]\n",
    "a name with a blank": HEAD + "name: spring campaign\n",
    "several errors at once": "version: 1\nprompts: [{txt: a}]\nratios: []\ntake: 2\nlimits: {canary: yes}\n",
    "a prompt file that is not there": "version: 1\nprompts: [{file: none.csv}]\n",
    "a prompt file of another kind": "version: 1\nprompts: [{file: rows.xlsx}]\n",
}


def a_csv_without_text(stage: Stage) -> None:
    _texts(stage, "version: 1\nprompts: [{file: p.csv}]\n", p_csv="prompt,id\na lake,x\n")


def a_csv_with_wrong_rows(stage: Stage) -> None:
    _texts(stage, "version: 1\nprompts: [{file: p.csv}]\n", p_csv="text,ratios\na lake,16:9\n,1:1\na fox\n")


def a_json_line_that_is_none(stage: Stage) -> None:
    _texts(stage, "version: 1\nprompts: [{file: p.jsonl}]\n", p_jsonl='{"text": "a"}\n{"text": \n')


def a_manifest_that_is_not_there(stage: Stage) -> None:
    stage.run("validate", "none.yaml")


def a_manifest_that_is_a_directory(stage: Stage) -> None:
    (stage.folder / "m.yaml").mkdir()
    stage.run("run", "m.yaml")


SITUATIONS: dict[str, Callable[[Stage], None]] = {
    **{name: partial(_texts, text=text) for name, text in TEXTS.items()},
    "a CSV without the column text": a_csv_without_text,
    "a CSV with wrong rows": a_csv_with_wrong_rows,
    "a JSON line that is none": a_json_line_that_is_none,
    "a manifest that is not there": a_manifest_that_is_not_there,
    "a manifest that is a directory": a_manifest_that_is_a_directory,
}
