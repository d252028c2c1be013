"""Trees of sandbox runs, and what the real library makes of a directory; nothing but loopback is asked."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import runner
from tests.no_traceback import refuse_traceback

_CODE = Path(runner.__file__).parents[1]
OFFLINE = {"HF_HUBOFFLINE": "1", "HF_DATASETSOFFLINE": "1"}
PROMPTS = [
    {"id": "test", "text": 'a fox in the "snow" 🦊', "meta": {"folder": "test"}},
    {"id": "train-set", "text": "an owl, at night", "meta": {"folder": "train-set", "shot": 2}},
    {"id": "evaluation", "text": "une loutre à l'aube", "meta": {"folder": "évaluation"}},
    {
        "id": "quotes",
        "text": "it's a \\ trap: {{x}}\nof two lines",
        "meta": {"folder": 'say "hi" 🎬 [x] #1 %20'},
    },
    {"id": "hidden", "text": "what the library would leave out", "meta": {"folder": "__hidden"}},
]
"""Ids are plain (a-z, digits), so the folders that are not come from ``meta``."""

TEXTS = {one["id"]: str(one["text"]).replace("{{x}}", "{x}") for one in PROMPTS}


@dataclass(frozen=True)
class Desk:
    """A working directory with a manifest ``traps.json`` that was run in the sandbox."""

    root: Path

    @property
    def tree(self) -> Path:
        return self.root / "outputs/sandbox/traps"

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """The rows of ``metadata.jsonl``."""
        text = (self.tree / "metadata.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def environment(self) -> dict[str, str]:
        """What the program is run with."""
        return os.environ | {"PYTHONPATH": str(_CODE), "NO_COLOR": "1"} | OFFLINE

    def runner(self, *arguments: str, code: int = 0) -> str:
        """What the program says; fails where it ends with another code."""
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        refuse_traceback(done.stdout, done.stderr)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def run(self, code: int = 0, service: str = "latency=0.01", **keys: Any) -> str:
        """Run the manifest, with these keys changed; the sandbox has the options in ``service``."""
        whole = {
            "version": 1,
            "name": "traps",
            "budget": {"credits": 4000},
            "prompts": PROMPTS,
            "modes": ["normal"],
            "ratios": ["1:1"],
            "takes": 2,
            "output": {"layout": "{folder}/{mode}_{ratio}/take-{take:02d}"},
        } | keys
        (self.root / "traps.json").write_text(json.dumps(whole), encoding="utf-8")
        options = ["--sandbox", "--no-canary", "--sandbox-options", service]
        return self.runner("run", "traps.json", *options, code=code)


@dataclass(frozen=True)
class Loaded:
    """What the library found: rows by split and the kinds of the columns, or its error."""

    splits: dict[str, list[dict[str, Any]]]
    kinds: dict[str, str]
    error: str | None

    @property
    def texts(self) -> dict[str, str | None]:
        """The prompt of each video, by the path that the library gives it."""
        return {str(row["video"]["path"]): row.get("prompt") for row in self.splits["train"]}
