"""A tree in object storage where its library is not installed, and where its URL is not one."""

import sys

import pytest

WAY_OUT = "pip install 'manifest-runner[cloud]'"


@pytest.fixture
def without_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")


@pytest.mark.parametrize("words", [("run", "demo.yaml"), ("doctor", "demo.yaml")])
def test_what_needs_the_store_names_the_extra(bench, without_library, words):
    bench.manifest(output={"dir": "s3://films/spring"})
    done = bench.run(*words)
    assert (done.code, WAY_OUT in done.out + done.err, bench.asked("generate")) == (2, True, [])


@pytest.mark.parametrize("words", [("validate", "demo.yaml"), ("plan", "demo.yaml")])
def test_what_stays_offline_needs_no_store(bench, without_library, words):
    bench.manifest(output={"dir": "s3://films/spring"})
    assert bench.run(*words).code == 0


@pytest.mark.parametrize(
    "url", ["s3://AKIA:hush@films/x", "s3://films/x?hush=1", "ftp://films/hush", "s3://"]
)
def test_a_url_that_is_none_is_refused_at_its_place_without_its_secrets(bench, url):
    (bench.root / "demo.yaml").write_text(
        f"version: 1\nname: demo\nprompts: [fox]\noutput:\n  dir: '{url}'\n", encoding="utf-8"
    )
    done = bench.run("validate", "demo.yaml")
    assert (done.code, "demo.yaml:5:8: output.dir" in done.err, "hush" in done.err) == (2, True, False)


def test_the_sandbox_keeps_its_own_local_tree(bench):
    bench.manifest(output={"dir": "s3://films/spring"})
    done = bench.run("run", "demo.yaml", "--sandbox", "--sandbox-options", "latency=0")
    videos = list((bench.root / "outputs" / "sandbox" / "demo").rglob("*.mp4"))
    assert (done.code, bool(videos)) == (0, True)


def test_an_export_into_a_bucket_names_the_extra(bench, without_library):
    bench.done(0)
    done = bench.run("export", "demo", "--format", "jsonl", "-o", "s3://films/set")
    assert (done.code, WAY_OUT in done.err) == (2, True)
