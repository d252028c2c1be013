"""What the page is made of: its skeleton, its style and its script, as they stand beside this module."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

STYLES = ("page.css",)
SCRIPTS = ("page.js",)
"""In the order in which they are put together: the page holds one script, and each file uses what stands before it."""


@cache
def skeleton() -> str:
    """The page without its contents."""
    return _text("page.html")


@cache
def style() -> str:
    """All of the style."""
    return "".join(map(_text, STYLES))


@cache
def script() -> str:
    """All of the script, in a function of its own so that it leaves no names behind."""
    return f'(() => {{\n"use strict";\n{"".join(map(_text, SCRIPTS))}}})();\n'


def hash_source(text: str) -> str:
    """The source expression of a policy (CSP) that allows this text inline and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
