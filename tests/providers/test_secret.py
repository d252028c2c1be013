"""A secret shows nowhere, and is found wherever somebody else put it."""

import base64
import json
import pickle
import re
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.providers import Redactor, Secret

TOKEN = "sk-CANARY/+&\"'<0123456789"
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)


def test_a_secret_shows_as_stars():
    secret = Secret.token(TOKEN, "X")
    assert (f"{secret}", repr(secret), repr([secret]), f"{secret!s:>5}") == ("***", "***", "[***]", "  ***")
    assert secret.reveal() == TOKEN


def test_a_secret_is_not_pickled():
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(Secret("x"))


@given(token=VISIBLE, before=st.text(max_size=9), after=st.text(max_size=9))
def test_every_form_of_a_token_is_hidden(token, before, after):
    hide = Redactor([token])
    for form in (token, quote(token), quote(token, safe=""), quote(token).lower(), json.dumps(token)[1:-1]):
        assert form not in hide(before + form + after).replace("***", "\0") or form in "***"


ESCAPED = {
    "python": repr(TOKEN.encode()),
    "python, twice": repr(repr(TOKEN)),
    "JSON in JSON": json.dumps(json.dumps(TOKEN)),
    "PHP's JSON": json.dumps(TOKEN).replace("/", "\\/"),
    "JSON with escapes for HTML": json.dumps(TOKEN).replace("&", "\\u0026").replace("<", "\\u003c"),
    "XML": TOKEN.replace("&", "&amp;").replace('"', "&#34;").replace("'", "&apos;").replace("<", "&lt;"),
    "a URL, in part": TOKEN.replace("&", "%26").replace('"', "%22"),
    "hex": TOKEN.encode().hex().upper(),
}


@pytest.mark.parametrize("form", ESCAPED)
def test_a_token_is_hidden_however_it_was_escaped(form):
    hidden = Redactor([TOKEN])(f"key {ESCAPED[form]}!")
    assert ("***" in hidden, set(re.findall(r"\w+", hidden)) - {"key", "b"}) == (True, set())


@pytest.mark.parametrize("text", ["\\" * 10**6, "sk-CANARY/" * 10**5, "sk-CANARY" + "\\" * 10**6])
def test_a_long_text_is_searched_in_no_time(text):
    began = time.process_time()
    assert (Redactor([TOKEN])(text), time.process_time() - began < 1.0) == (text, True)


@pytest.mark.parametrize("before", ["", "a", "ab", "Bearer ", "user:"])
@pytest.mark.parametrize("after", ["", "a", "ab", ":"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_token_within_base64_is_hidden(before, after, encode):
    shown = Redactor([TOKEN])(encode((before + TOKEN + after).encode()).decode())
    rest = "".join(part for part in shown.split("***") if part)
    assert "***" in shown
    assert len(rest) <= 16


def test_other_texts_are_left_alone():
    text = "an ordinary message about a task"
    assert Redactor([TOKEN])(text) == text
    assert Redactor([])(text) == text
    assert Redactor(["", "task"])(text) == text
