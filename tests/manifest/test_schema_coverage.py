"""Of every broken manifest: that the JSON Schema refuses it, or why no schema can see what is wrong with it."""

import pytest
from manifest_texts import HEAD, manifest
from test_manifest_broken import BROKEN, BROKEN_PROMPTS, BROKEN_REST
from test_manifest_schema import fits, value_of

from runner.core.errors import ManifestError
from runner.manifest.findings import Findings
from runner.manifest.yaml12 import read_document

NO_YAML = "it is no document: an editor's YAML reader says so"
ONE_NUMBER = "JSON has one kind of number, and none that is infinite or no number"
ELSEWHERE = "whether it is wrong stands elsewhere in the document"
FILES = "a schema reads no files"
CHARACTERS = "a pattern that names them would be read by nobody"
RANGE = "a pattern for a number's range would be read by nobody"

UNSEEN = {
    "version: found the number 1.0": ONE_NUMBER,
    "found the number 2.0, a whole number from 1 to 1000 is needed": ONE_NUMBER,
    "an amount of dollars such as 40.00 is needed": ONE_NUMBER,
    "the number .nan cannot be kept exactly - quote it": ONE_NUMBER,
    "cannot be kept exactly": ONE_NUMBER,
    "a number above 0": ONE_NUMBER,
    "is no address of a service": RANGE,
    "the control character U+0007 at character 1": CHARACTERS,
    "half of a surrogate pair (U+D83D)": CHARACTERS,
    "the variable '{animal}' is unknown; there are none - define it": ELSEWHERE,
    "prompts[1]: the id 'x' is already that of prompts[0]": ELSEWHERE,
    "exclude[0].animal: unknown key 'animal'; there are prompt, mode, ratio, take": ELSEWHERE,
    "did you mean 'mode'?": ELSEWHERE,
    "did you mean 'prompt_id'?": ELSEWHERE,
    "'{mode.x}' is not a field": ELSEWHERE,
    "the same step stands in this list twice, first as steps[0]": ELSEWHERE,
    "steps are carried out in a directory of this machine only, and output.dir is 's3://bucket/x'": ELSEWHERE,
    "there is no file": FILES,
    "nowhere.csv': there is no such file": FILES,
    "folder.txt': this is a directory": FILES,
    "there is no directory": FILES,
    "70000 is not a port": RANGE,
}
"""The message of the manifest, and why the schema lets it pass."""

EVERY_BROKEN = [
    *((text, message) for text, _, message in BROKEN),
    *((f"version: 1\nprompts: {text}\n", message) for text, _, message in BROKEN_PROMPTS),
    *((f"{HEAD}{text}\n", message) for text, _, message in BROKEN_REST),
]
RIGHT = [
    "provider: {base_url: 'https://example.com:8443/v1/'}",
    "provider: {base_url: 'HTTPS://example.com'}",
    "provider: {base_url: 'http://localhost:8089'}",
    "provider: {base_url: 'http://127.1.2.3'}",
    "provider: {base_url: 'http://[::1]:80/x'}",
    "provider: {proxy: 'http://proxy.example:3128'}",
    "limits: {task_deadline: 0h30m, max_failures: 0.5 %}",
    "limits: {max_failures: 100%}",
    "variables: {größe_2-x: ß, modes: 1.50}",
    "output: {dir: ./a b/~x$y, layout: '.hidden/..x/{prompt_id}-{take:02d}'}",
    "output: {layout: '{{braces}}/a..b'}",
    "notify: {url: 'https://a.example/@x?y=1', on: [done]}",
    "notify: {url: 'http://localhost:80?x'}",
    "notify: {url_env: MY_HOOK}",
    "steps: [probe, frames, thumbnail, {transcode: {codec: av1}}, {python: 'a.b_c:d'}, {frames: {every: 2s}}]",
    "transfers: {engine: 'tls://[::1]:8786'}",
]
RIGHT_PROMPTS = ["['{{a}} lake']", "['{{{{}}}} lake']", '["two\\nlines\\n"]', "[{text: ' a '}]"]


def refusal_of(folder, text):
    """``NO_YAML``, or whether the schema refuses the document."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (folder / "s.yaml").write_bytes(raw)
    findings = Findings()
    try:
        document = read_document(str(folder / "s.yaml"), findings)
    except ManifestError:
        return NO_YAML
    return NO_YAML if findings.problems else not fits(value_of(document))


@pytest.mark.parametrize(("text", "message"), EVERY_BROKEN)
def test_what_is_broken_is_refused_by_the_schema_or_it_is_said_why_not(text, message, tmp_path):
    assert refusal_of(tmp_path, text) in ([False] if message in UNSEEN else [True, NO_YAML])


def test_no_reason_is_left_over_and_most_of_what_is_broken_is_seen(tmp_path):
    assert set(UNSEEN) - {message for _, message in EVERY_BROKEN} == set()
    assert sum(refusal_of(tmp_path, text) is True for text, _ in EVERY_BROKEN) >= 100


@pytest.mark.parametrize(
    "text",
    [*(f"{HEAD}{each}\n" for each in RIGHT), *(f"version: 1\nprompts: {each}\n" for each in RIGHT_PROMPTS)],
)
def test_what_is_at_the_edge_and_right_is_not_refused(text, tmp_path):
    assert (manifest(tmp_path, text) is not None, refusal_of(tmp_path, text)) == (True, False)
