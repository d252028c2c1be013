"""What a manifest that is right becomes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from manifest_texts import HEAD, loaded, manifest, problems, prompts, shown

from runner.core.errors import ManifestError, Place
from runner.core.model import (
    Combination,
    FailureCap,
    Limits,
    Manifest,
    Notify,
    Occasion,
    OnUnknown,
    Order,
    Prompt,
    ProviderSettings,
    Retries,
    Timeouts,
    Transfers,
)
from runner.core.money import Budget, Credits, Price
from runner.core.processing import ProcessingStep, StepKind
from runner.manifest import load
from runner.providers.grokimagine.capabilities import CAPABILITIES

FULL = """\
version: 1
name: spring-campaign
provider:
  name: grokimagine
  base_url: http://127.0.0.1:8080/v/
  token_env: MY_TOKEN
  price: {credits: 20, usd: 0.25}
  timeouts: {connect: 500ms, submit: 1h30m}
budget: {usd: 40.10}
variables:
  animal: [fox, owl]
  zoom: [1.50, 0x1F, 2]
  place: forest
prompts:
  - a lake
  - id: animals
    text: "a {animal} running through a {place} {{really}}"
    images: [https://example.com/fox.png]
    ratios: ["2:3"]
    modes: [fun]
    takes: 3
    meta: {sku: A-17, size: 1.5, count: 0x10, new: true, none: ~, tags: [a, 1]}
ratios: [1:1, 2:3]
modes: [normal, fun]
takes: 2
exclude:
  - {prompt: animals, animal: owl}
include:
  - {prompt: animals, animal: owl, place: hill, mode: spicy, ratio: 1:1, take: 2}
order: breadth
limits: {in_flight: 4, requests_per_minute: 90.5, submissions_per_hour: 300, downloads: 2, task_deadline: 2h,
         canary: false, max_failures: 5%}
retries: {attempts: 5, regenerate_failed: 1, on_unknown: resubmit}
notify: {url: https://hooks.example/services/x, on: [stopped, unknown]}
steps: [probe, {transcode: {height: 480, fps: 12}}, {frames: {every: 500ms}}, thumbnail, {python: "a.b:c"}]
transfers: {engine: "tcp://scheduler:8786"}
output: {dir: videos, layout: "{sku}/{variant}{take:03d}"}
"""


def test_every_key_of_a_full_manifest_arrives(tmp_path):
    read = manifest(tmp_path, FULL)
    file = str(tmp_path / "m.yaml")
    assert replace(read, prompts=list) == Manifest(
        path=file,
        name="spring-campaign",
        provider=ProviderSettings(
            "grokimagine",
            "http://127.0.0.1:8080/v",
            "MY_TOKEN",
            Price(Credits(20), Decimal("0.25")),
            Timeouts(connect_s=0.5, submit_s=5400.0, status_s=30.0),
        ),
        capabilities=CAPABILITIES,
        prompts=list,
        output_dir="videos",
        layout="{sku}/{variant}{take:03d}",
        budget=Budget(usd=Decimal("40.10")),
        variables={"animal": ("fox", "owl"), "zoom": ("1.50", "0x1F", "2"), "place": ("forest",)},
        ratios=("1:1", "2:3"),
        modes=("normal", "fun"),
        takes=2,
        exclude=(Combination({"prompt": "animals", "animal": "owl"}, Place(file, 27, 5), "exclude[0]"),),
        include=(
            Combination(
                {
                    "prompt": "animals",
                    "animal": "owl",
                    "place": "hill",
                    "mode": "spicy",
                    "ratio": "1:1",
                    "take": "2",
                },
                Place(file, 29, 5),
                "include[0]",
            ),
        ),
        order=Order.BREADTH,
        limits=Limits(4, 90.5, 300.0, 2, 7200.0, canary=False, max_failures=FailureCap(share=0.05)),
        retries=Retries(5, 1, OnUnknown.RESUBMIT),
        notify=Notify("https://hooks.example/services/x", None, (Occasion.STOPPED, Occasion.UNKNOWN)),
        steps=(
            ProcessingStep(StepKind.PROBE),
            ProcessingStep(StepKind.TRANSCODE, {"height": 480, "fps": 12.0, "codec": "h264"}),
            ProcessingStep(StepKind.FRAMES, {"every_s": 0.5}),
            ProcessingStep(StepKind.THUMBNAIL, {"size": 320}),
            ProcessingStep(StepKind.PYTHON, {"function": "a.b:c"}),
        ),
        transfers=Transfers("tcp://scheduler:8786"),
    )


def test_a_step_says_where_it_stands(tmp_path):
    steps = manifest(tmp_path, HEAD + "steps:\n  - probe\n  - transcode: {height: 480}\n").steps
    file = str(tmp_path / "m.yaml")
    assert [step.place for step in steps] == [Place(file, 4, 5), Place(file, 5, 5)]


def test_an_edited_function_is_another_step(tmp_path):
    def key():
        return manifest(tmp_path, HEAD + "steps: [{python: 'mine:make'}]\n").steps[0].key

    elsewhere = key()
    (tmp_path / "mine.py").write_text("def make(video, folder): pass\n")
    before, again = key(), key()
    (tmp_path / "mine.py").write_text("def make(video, folder): return []\n")
    assert (before == again, len({elsewhere, before, key()})) == (True, 3)


def test_a_notification_is_of_everything_by_default_and_its_address_is_not_in_the_repr(tmp_path):
    read = manifest(tmp_path, HEAD + "notify: {url_env: MY_HOOK}\n")
    assert read.notify == Notify(None, "MY_HOOK", (Occasion.DONE, Occasion.STOPPED, Occasion.UNKNOWN))
    assert "hooks.example" not in repr(manifest(tmp_path, FULL))


def test_the_prompts_of_a_full_manifest_arrive(tmp_path):
    file = str(tmp_path / "m.yaml")
    assert prompts(tmp_path, FULL) == [
        Prompt("a lake", Place(file, 15, 5), "prompts[0]"),
        Prompt(
            "a {animal} running through a {place} {{really}}",
            Place(file, 16, 5),
            "prompts[1]",
            prompt_id="animals",
            images=("https://example.com/fox.png",),
            ratios=("2:3",),
            modes=("fun",),
            takes=3,
            meta={"sku": "A-17", "size": 1.5, "count": 16, "new": True, "none": None, "tags": '["a", 1]'},
        ),
    ]


def test_two_lines_are_a_manifest_and_the_rest_has_defaults(tmp_path):
    read = manifest(tmp_path, HEAD)
    assert replace(read, prompts=list) == Manifest(
        path=str(tmp_path / "m.yaml"),
        name="m",
        provider=ProviderSettings(
            "grokimagine",
            "https://grokimagineapi.com",
            CAPABILITIES.token_env,
            Price(Credits(40), Decimal("0.40")),
        ),
        capabilities=CAPABILITIES,
        prompts=list,
        output_dir="outputs/m",
        layout="{prompt_id}/{variant}{mode}_{ratio}/take-{take:02d}",
    )


@pytest.mark.parametrize(
    ("price", "read"),
    [
        ("{credits: 80}", Price(Credits(80), Decimal("0.80"))),
        ("{usd: 0.10}", Price(Credits(40), Decimal("0.10"))),
        ("{credits: 1, usd: 0}", Price(Credits(1), Decimal(0))),
    ],
)
def test_a_price_may_give_one_half_and_keeps_the_documented_relation(price, read, tmp_path):
    assert manifest(tmp_path, f"{HEAD}provider: {{price: {price}}}\n").provider.price == read


@pytest.mark.parametrize(
    ("cap", "read"),
    [("3", FailureCap(count=3)), ("5%", FailureCap(share=0.05)), ("'2.5 %'", FailureCap(share=0.025))],
)
def test_a_failure_cap_is_a_number_or_a_share(cap, read, tmp_path):
    assert manifest(tmp_path, f"{HEAD}limits: {{max_failures: {cap}}}\n").limits.max_failures == read


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://a.example/b"]
)
def test_http_is_for_the_loopback_address(address, tmp_path):
    assert manifest(tmp_path, f"{HEAD}provider: {{base_url: '{address}/'}}\n").provider.base_url == address


def test_all_problems_are_shown_at_once_in_the_order_of_their_places(tmp_path):
    text = "version: 1\nmodes: [Fun]\nprompts:\n  - 5\n  - {text: a, takes: 0}\n  - {file: a.csv}\ntakes: x\nname: ''\n"
    found = shown(tmp_path, text, a_csv="text,takes\nb,none\n{c},1\n")
    assert [line.partition(": ")[0] for line in found] == [
        "a.csv:2:1",
        "a.csv:3:1",
        "m.yaml:2:9",
        "m.yaml:4:5",
        "m.yaml:5:22",
        "m.yaml:7:8",
        "m.yaml:8:7",
    ]


def test_the_name_is_the_stem_of_the_file_where_that_is_a_name(tmp_path):
    (tmp_path / "spring sale.yaml").write_text(HEAD)
    with pytest.raises(ManifestError, match="'spring sale', cannot be the name of the batch - give a 'name'"):
        load(tmp_path / "spring sale.yaml", CAPABILITIES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("n.yaml", "n.yaml:1:1: there is no such file - did you mean 'm.yaml'?"),
        ("folder", "folder:1:1: this is a directory, a file is needed"),
        ("a\0b", "a\0b:1:1: the file cannot be read: embedded null byte"),
        ("no/m.yaml", "no/m.yaml:1:1: there is no such file - there is no directory"),
    ],
)
def test_a_manifest_that_cannot_be_opened_says_why(name, message, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "m.yaml").write_text(HEAD)
    with pytest.raises(ManifestError) as caught:
        load(f"{tmp_path}/{name}", CAPABILITIES)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(message)


def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ManifestError, match="this is not a regular file"):
        load(tmp_path / "pipe.yaml", CAPABILITIES)


def test_a_mode_that_the_model_refuses_with_images_is_a_warning(tmp_path):
    text = (
        "version: 1\nprompts:\n  - a\n  - {text: a, images: ['http://a.example/b']}\nmodes: [normal, spicy]\n"
    )
    (warning,) = loaded(tmp_path, text).warnings
    assert (warning.place.line, warning.path, warning.message[:23]) == (
        4,
        "prompts[1]",
        "mode spicy with images:",
    )


def test_an_alias_stands_for_the_value_of_its_anchor(tmp_path):
    text = "version: 1\nprompts:\n  - &a {text: b, takes: 2, meta: {c: d}}\n  - {text: e, meta: {f: *a}}\n"
    assert prompts(tmp_path, text)[1].meta == {"f": '{"text": "b", "takes": 2, "meta": {"c": "d"}}'}


def test_a_block_of_text_loses_the_newline_at_its_end_only(tmp_path):
    assert prompts(tmp_path, "version: 1\nprompts:\n  - |\n    a\n\n    b\n")[0].text == "a\n\nb"


def test_crlf_and_a_byte_order_mark_change_nothing(tmp_path):
    marked = b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()
    assert prompts(tmp_path, marked) == prompts(tmp_path, FULL)


def test_a_layout_may_use_variables_meta_and_columns(tmp_path):
    text = (
        "version: 1\nvariables: {a: b}\nprompts:\n  - {text: c, meta: {d: e}}\n  - {file: f.csv, meta: {h: i}}\n"
        "output: {layout: '{a}{d}{g}{h}'}\n"
    )
    assert problems(tmp_path, text, f_csv="text,g\nj,k\n") == ()


def test_what_json_rows_carry_is_not_known_to_a_layout_before_they_are_read(tmp_path):
    text = "version: 1\nprompts: [{file: f.jsonl}]\noutput: {layout: '{anything}'}\n"
    assert problems(tmp_path, text, f_jsonl='{"text": "a"}\n') == ()
