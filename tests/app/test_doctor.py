import sqlite3

import pytest

from tests.app.bench import NAME, TOKEN


def doctor(bench, *more):
    return bench.run("doctor", "demo.yaml", "--json", *more)


def grades(done):
    """The worst grade of each check."""
    worst: dict[str, str] = {}
    for one in done.objects():
        ranks = ["ok", "warn", "fail"]
        worst[one["check"]] = max(one["grade"], worst.get(one["check"], "ok"), key=ranks.index)
    return worst


def found(done, check):
    return " ".join(one["found"] for one in done.objects() if one["check"] == check)


def files_of(bench):
    return {path: path.stat().st_mtime_ns for path in bench.root.rglob("*") if path.is_file()}


def test_where_all_is_well_every_check_says_so_and_nothing_is_spent_or_written(bench):
    before = files_of(bench)
    done = doctor(bench)
    assert (done.code, set(grades(done).values())) == (0, {"ok"})
    assert set(grades(done)) == {
        "versions",
        ".env",
        "manifest",
        "token",
        "state",
        "output",
        "room",
        "proxy",
        "service",
        "clock",
        "setting",
    }
    assert files_of(bench) == before
    assert bench.asked("generate") == []


def test_the_token_is_never_shown(bench, monkeypatch):
    done = bench.run("doctor", "demo.yaml")
    monkeypatch.setenv("GROKIMAGINE_API_TOKEN", "half a secret-token")
    broken = bench.run("doctor", "demo.yaml")
    assert TOKEN not in done.out + done.err
    assert "secret" not in broken.out + broken.err


@pytest.mark.parametrize("token", [None, "", "  ", "two words", "line\nbreak", "x" * 5000, "tökén"])
def test_a_token_that_is_missing_or_cannot_be_one_fails_and_nobody_is_asked(bench, monkeypatch, token):
    if token is None:
        monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    else:
        monkeypatch.setenv("GROKIMAGINE_API_TOKEN", token)
    done = doctor(bench)
    assert (done.code, grades(done)["token"], grades(done)["service"]) == (2, "fail", "warn")
    assert bench.asked("refused") == []


def test_a_token_that_the_service_refuses_ends_with_5(bench_with):
    done = doctor(bench_with(token="another"))
    assert (done.code, grades(done)["service"]) == (5, "fail")


def test_a_service_that_cannot_be_reached_ends_with_5(bench):
    bench.manifest(provider={"base_url": "http://127.0.0.1:9"})
    done = doctor(bench)
    assert (done.code, grades(done)["service"], "clock" in grades(done)) == (5, "fail", False)


def test_a_service_that_asks_to_wait_is_a_warning(bench_with):
    bench = bench_with(window_requests=1)
    first, second = doctor(bench), doctor(bench)
    assert [(one.code, grades(one)["service"]) for one in (first, second)] == [(0, "ok"), (0, "warn")]


def test_a_broken_manifest_fails_and_the_other_checks_go_on(bench):
    (bench.root / "demo.yaml").write_text("version: 1\nprompts: []\nratios: [4:5]\n")
    done = doctor(bench, "--sandbox")
    assert (done.code, grades(done)["manifest"], grades(done)["service"]) == (2, "fail", "ok")


def test_a_batch_that_is_paid_elsewhere_fails(bench):
    from runner.store import attempts

    bench.running(0)
    with bench.writer() as writer:
        writer.write_now(attempts.pin_origin, bench.batch().pk, "https://elsewhere.example")
    done = doctor(bench)
    assert (done.code, grades(done)["state"]) == (2, "fail")


def test_a_state_above_the_manifest_that_would_not_be_used_fails(bench, monkeypatch):
    below = bench.root / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    done = bench.run("doctor", "../demo.yaml", "--json")
    assert (done.code, grades(done)["state"]) == (2, "fail")


def test_without_a_state_or_a_manifest_that_is_fine(bench):
    bench.lose_state()
    done = bench.run("doctor", "--sandbox", "--json")
    assert (done.code, grades(done)["state"], bench.state.parent.exists()) == (0, "ok", False)


def test_books_that_are_not_the_sum_of_their_attempts_fail(bench):
    bench.running(0)
    with sqlite3.connect(bench.state) as connection:
        connection.execute("UPDATE batch SET spent = 7")
    connection.close()
    done = doctor(bench)
    assert (done.code, grades(done)["state"]) == (2, "fail")
    assert "(7, 40, 0)" in found(done, "state")


def test_a_damaged_state_fails_and_is_not_changed(bench):
    bench.running(0)
    content = bytearray(bench.state.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    bench.state.write_bytes(content)
    done = doctor(bench)
    assert (done.code, grades(done)["state"], bench.state.read_bytes()) == (2, "fail", bytes(content))


def test_a_damaged_page_that_no_command_would_read_is_found(bench):
    [(page,)] = bench.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'prompt'")
    [(size,)] = bench.rows("PRAGMA page_size")
    content = bytearray(bench.state.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    bench.state.write_bytes(content)
    done = doctor(bench)
    assert (done.code, grades(done)["state"]) == (2, "fail")
    assert f"page {page}" in found(done, "state").lower()


def test_a_row_that_refers_to_nothing_is_found(bench):
    with sqlite3.connect(bench.state) as connection:
        connection.execute("DELETE FROM prompt WHERE id = 1")
    connection.close()
    done = doctor(bench)
    assert (done.code, grades(done)["state"]) == (2, "fail")
    assert "missing prompt" in found(done, "state")


def test_a_file_of_something_else_in_the_place_of_the_state_fails(bench):
    bench.state.write_text("no database, but long enough to be looked at" * 100)
    assert (doctor(bench).code, grades(doctor(bench))["state"]) == (2, "fail")


def test_a_state_that_others_can_read_is_a_warning(bench):
    bench.state.chmod(0o644)
    done = doctor(bench)
    assert (done.code, grades(done)["state"]) == (0, "warn")
    assert "chmod 600" in " ".join(str(one["hint"]) for one in done.objects())


def test_a_submission_that_was_cut_off_is_a_warning_that_names_the_way_out(bench):
    bench.submitting(0)
    done = doctor(bench)
    assert (done.code, grades(done)["state"], bench.states()[0]) == (0, "warn", "submitting")
    assert f"runner resolve {NAME}" in " ".join(str(one["hint"]) for one in done.objects())


def test_an_output_directory_that_is_a_file_fails(bench):
    (bench.root / "outputs").write_text("in the way")
    done = doctor(bench)
    assert (done.code, grades(done)["output"]) == (2, "fail")


@pytest.mark.parametrize(("ahead_s", "grade"), [(0, "ok"), (45, "ok"), (600, "warn"), (-600, "warn")])
def test_a_clock_that_is_off_is_a_warning_with_its_side(bench, ahead_s, grade):
    from runner.app.checking import clock_check

    check = clock_check(ahead_s)
    assert (check.grade, "behind" in check.found) == (grade, ahead_s < -60)


def test_the_sandbox_needs_no_token_and_leaves_no_service_behind(bench, monkeypatch):
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    done = doctor(bench, "--sandbox")
    assert (done.code, grades(done)["service"]) == (0, "ok")
    assert not (bench.root / "state" / "sandbox-service.db").exists()


def test_an_env_file_is_looked_at(bench):
    path = bench.root / ".env"
    assert found(doctor(bench), ".env") == "there is none"
    path.write_text("A=1\nB=2\n")
    path.chmod(0o600)
    assert found(doctor(bench), ".env") == "2 variables, for you alone"
    path.chmod(0o640)
    done = doctor(bench)
    assert (done.code, grades(done)[".env"], found(done, ".env")) == (
        0,
        "warn",
        ".env has mode 640: others can read the secrets in it",
    )


def test_an_env_file_that_cannot_be_used_fails_and_the_other_checks_go_on(bench):
    (bench.root / ".env").write_text("secret words\n")
    done = doctor(bench)
    assert (done.code, grades(done)[".env"], grades(done)["service"]) == (2, "fail", "ok")
    assert (found(done, ".env").startswith(".env:1: this is not NAME=value"), "secret words" in done.out) == (
        True,
        False,
    )
    assert bench.run("run", "demo.yaml").code == 2


def test_a_proxy_that_other_programs_use_is_named_where_the_service_cannot_be_reached(bench, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert found(doctor(bench), "proxy").startswith("none (HTTPS_PROXY is set and not read")
    bench.manifest(provider={"base_url": "http://127.0.0.1:9"})
    hints = " ".join(str(one["hint"]) for one in doctor(bench).objects() if one["check"] == "service")
    assert "HTTPS_PROXY (not read" in hints


def test_a_line_for_people_has_a_mark_and_its_way_out_below(bench, monkeypatch):
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    lines = bench.run("doctor", "demo.yaml").out.splitlines()
    marks = {line.split()[0] for line in lines if not line.startswith(" ")}
    place = next(number for number, line in enumerate(lines) if line.startswith("fail  token"))
    assert (marks, lines[place + 1].strip().startswith("export GROKIMAGINE_API_TOKEN=")) == (
        {"ok", "warn", "fail"},
        True,
    )


@pytest.mark.parametrize(("version", "grade"), [((3, 37, 2), "fail"), ((3, 38, 0), "ok"), ((4, 0, 0), "ok")])
def test_a_database_that_is_too_old_fails_with_the_version_that_is_needed(version, grade):
    from runner.app.checking import versions_check

    check = versions_check(version)
    assert (check.grade, "3.38.0 is needed" in str(check.hint)) == (grade, grade == "fail")


@pytest.mark.parametrize(("mebibytes", "grade"), [(63, "fail"), (64, "warn"), (1023, "warn"), (1024, "ok")])
def test_a_disk_that_is_nearly_full_is_told_before_it_is_full(mebibytes, grade):
    from runner.app.soundness import room_check

    check = room_check("for the output at /videos", mebibytes * 1024**2)
    assert (check.grade, "/videos" in check.found, check.hint is None) == (grade, True, grade == "ok")


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (
            {"base_url": "http://127.0.0.1:9", "proxy": "http://127.0.0.1:9"},
            "a proxy needs a base_url with https",
        ),
        ({"base_url": "https://127.0.0.1:9", "ca_file": "demo.yaml"}, "ca_file 'demo.yaml' cannot be used"),
    ],
)
def test_a_way_that_cannot_be_taken_fails_before_anything_is_written(bench, provider, message):
    bench.lose_state()
    bench.manifest(provider=provider)
    looked, ran = doctor(bench), bench.run("run", "demo.yaml")
    assert (looked.code, grades(looked)["settings"], message in found(looked, "settings")) == (
        2,
        "fail",
        True,
    )
    assert (ran.code, message in ran.err, bench.state.exists(), "to submit" in ran.err) == (
        2,
        True,
        False,
        False,
    )
