"""What the doctor says of settings: each with its value and with who said so."""

import pytest

from tests.app.bench import TOKEN

NAMES = [
    *("state", "token", "provider.token_env", "provider.base_url", "provider.price", "provider.proxy"),
    *("provider.ca_file", "budget", "output.dir", "limits.in_flight", "limits.requests_per_minute"),
    *("limits.submissions_per_hour", "limits.downloads", "limits.task_deadline", "limits.canary"),
    *("limits.max_failures", "retries.attempts", "retries.regenerate_failed", "retries.on_unknown"),
]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for name in ("RUNNER_STATE", "RUNNER_PROXY", "RUNNER_CA_FILE"):
        monkeypatch.delenv(name, raising=False)


def settings(bench, *words):
    done = bench.run(*words, "doctor", "demo.yaml", "--json")
    return {
        one["setting"]: (one["value"], one["source"]) for one in done.objects() if one["check"] == "setting"
    }


def test_every_setting_is_shown_with_its_source(bench):
    bench.manifest(limits={"in_flight": 3, "max_failures": "5%"}, retries={"attempts": 2})
    shown = settings(bench)
    assert list(shown) == NAMES
    assert {name for name, (_, source) in shown.items() if source == "manifest"} == {
        *("provider.base_url", "budget", "limits.in_flight", "limits.max_failures", "retries.attempts")
    }
    assert [
        shown[name][0] for name in ("limits.in_flight", "limits.max_failures", "limits.task_deadline")
    ] == [*("3", "5%", "2700s")]
    assert (shown["limits.canary"], shown["limits.downloads"]) == (("true", "default"), ("8", "default"))


def test_of_the_token_only_length_and_place_are_shown(bench, monkeypatch):
    words = f"set, {len(TOKEN)} characters"
    assert settings(bench)["token"] == (words, "environment")
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    assert settings(bench)["token"] == (None, "default")
    (bench.root / ".env").write_text(f"GROKIMAGINE_API_TOKEN={TOKEN}\n")
    done = bench.run("doctor", "demo.yaml")
    assert (settings(bench)["token"], TOKEN in done.out + done.err) == ((words, ".env"), False)


def test_the_token_of_the_file_is_used_and_that_of_the_environment_goes_before_it(bench_with, monkeypatch):
    bench = bench_with(token="of-the-file-1234")
    (bench.root / ".env").write_text("GROKIMAGINE_API_TOKEN=of-the-file-1234\n")
    assert bench.run("run", "demo.yaml").code == 5
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    assert bench.run("run", "demo.yaml").code == 0


def test_the_state_of_a_flag_is_shown_as_such(bench):
    shown = settings(bench, "--state", "sqlite:///other.db")
    assert shown["state"] == (str(bench.root.resolve() / "other.db"), "flag")


def test_a_budget_of_an_earlier_run_is_shown_as_such(bench):
    assert settings(bench)["budget"] == ("4000 credits", "manifest")
    assert bench.run("run", "demo.yaml", "--budget", "400", "--limit", "0").code == 0
    assert settings(bench)["budget"] == ("400 credits", "flag")


def test_without_any_budget_there_is_none_by_default(bench):
    bench.lose_state()
    bench.manifest(budget={"credits": 1})
    text = (bench.root / "demo.yaml").read_text().replace('"budget": {"credits": 1}, ', "")
    (bench.root / "demo.yaml").write_text(text)
    assert settings(bench)["budget"] == (None, "default")


PLACES = {"environment": "http://127.0.0.1:1", ".env": "http://127.0.0.1:2", "manifest": "http://127.0.0.1:3"}


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_the_environment_goes_before_the_file_that_before_the_manifest_and_that_before_the_default(
    first, bench, monkeypatch
):
    given = dict(list(PLACES.items())[first:])
    if "environment" in given:
        monkeypatch.setenv("RUNNER_PROXY", given["environment"])
    if ".env" in given:
        (bench.root / ".env").write_text(f"RUNNER_PROXY={given['.env']}\n")
    provider = {"base_url": "https://127.0.0.1:9"}
    bench.manifest(provider=provider | ({"proxy": given["manifest"]} if "manifest" in given else {}))
    done = bench.run("doctor", "demo.yaml", "--json")
    expected = next(((address, source) for source, address in given.items()), (None, "default"))
    told = next(one["found"] for one in done.objects() if one["check"] == "proxy")
    assert settings(bench)["provider.proxy"] == expected
    assert told == ("none" if expected[0] is None else f"the service is reached through {expected[0]}")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RUNNER_PROXY", "not a proxy", "RUNNER_PROXY (environment): 'not a proxy' is no address of a proxy"),
        ("RUNNER_PROXY", "http://[::1", "RUNNER_PROXY (environment): 'http://[::1' is no address of a proxy"),
        ("RUNNER_PROXY", "http://me:hunter2@p", "RUNNER_PROXY (environment) holds a user name or a password"),
        ("RUNNER_CA_FILE", "none.pem", "RUNNER_CA_FILE (environment): there is no file 'none.pem'"),
    ],
)
def test_a_variable_that_cannot_be_used_ends_run_and_doctor_with_2_and_is_named(
    bench, monkeypatch, name, value, message
):
    monkeypatch.setenv(name, value)
    ran, looked = bench.run("run", "demo.yaml"), bench.run("doctor", "demo.yaml")
    assert (ran.code, looked.code, message in ran.err, message in looked.out) == (2, 2, True, True)
    assert ("hunter2" in ran.err + looked.out + looked.err, bench.asked("generate")) == (False, [])


def test_a_file_with_certificates_of_the_environment_is_used(bench, monkeypatch):
    (bench.root / "ca.pem").write_text("no certificate")
    monkeypatch.setenv("RUNNER_CA_FILE", "ca.pem")
    done = bench.run("run", "demo.yaml")
    assert (done.code, "ca_file 'ca.pem' cannot be used" in done.err) == (2, True)


def test_the_sandbox_reads_neither_token_nor_proxy(bench, monkeypatch):
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    monkeypatch.setenv("RUNNER_PROXY", "http://127.0.0.1:9")
    done = bench.run("doctor", "demo.yaml", "--sandbox", "--json")
    graded = {one["check"]: (one["grade"], one["found"]) for one in done.objects()}
    assert (done.code, graded["proxy"], graded["token"]) == (
        0,
        ("ok", "none"),
        ("ok", "the sandbox needs none"),
    )
