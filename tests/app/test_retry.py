import pytest

from runner.core.outcomes import ErrorClass
from tests.app.bench import NAME


def retry(bench, *more):
    return bench.run("retry", NAME, "--json", *(more or ("--failed",)))


def test_a_failed_job_whose_task_is_still_failed_is_pending_again_and_nothing_was_sent(bench):
    bench.failed(0)
    done = retry(bench)
    assert (done.code, bench.states(), bench.asked("generate")) == (0, ["pending"] * 3, [])
    assert done.objects()[-1]["moved"] == {"pending": 1}


def test_a_task_that_was_completed_after_all_is_fetched_and_never_paid_again(bench):
    task = bench.failed(0)
    bench.service_says(task, "completed")
    done = retry(bench)
    assert (done.code, done.states(), bench.states()[0]) == (0, ["fetching"], "fetching")
    assert bench.books() == (40, 0, 0)
    bench.run("run", "demo.yaml", "--limit", "0")
    assert (bench.states()[0], bench.asked("generate")) == ("done", [])


def test_a_recovered_task_is_booked_as_the_service_reports_it(bench):
    bench.service_says(bench.failed(0), "completed", charged=55)
    retry(bench)
    assert bench.books() == (55, 0, 0)


def test_a_task_that_is_at_work_after_all_is_followed_and_holds_its_price(bench):
    task = bench.failed(0)
    bench.service_says(task, "running")
    done = retry(bench)
    assert (done.code, done.states(), bench.books()) == (0, ["running"], (0, 40, 0))
    bench.service_says(task, "completed")
    bench.run("run", "demo.yaml", "--limit", "0")
    assert (bench.states()[0], bench.books(), bench.asked("generate")) == ("done", (40, 0, 0), [])


def test_an_earlier_task_of_the_job_is_asked_about_as_well(bench):
    first = bench.failed(0, "task_a")
    retry(bench)
    bench.failed(0, "task_b")
    bench.service_says(first, "completed")
    assert retry(bench).states() == ["fetching"]
    assert bench.job(0).task_id == "task_a"
    bench.run("run", "demo.yaml", "--limit", "0")
    assert (bench.states()[0], bench.asked("generate")) == ("done", [])


def test_a_task_that_the_service_has_forgotten_may_be_paid_for_again(bench):
    bench.service_says(bench.failed(0), "gone")
    assert retry(bench).states() == ["pending"]


def test_a_job_that_no_task_was_made_for_needs_no_question_and_no_token(bench, monkeypatch):
    bench.refused(0)
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    done = retry(bench)
    assert (done.code, bench.states()[0], bench.asked()) == (0, "pending", [])


def test_without_a_token_nothing_is_decided_about_a_task_that_may_have_completed(bench, monkeypatch):
    bench.refused(0)
    bench.failed(1)
    monkeypatch.delenv("GROKIMAGINE_API_TOKEN")
    done = retry(bench)
    assert (done.code, bench.states()) == (2, ["failed", "failed", "pending"])
    assert "GROKIMAGINE_API_TOKEN" in done.err


def test_where_the_service_cannot_be_reached_nothing_is_paid_for_twice(bench):
    bench.failed(0)
    bench.manifest(provider={"base_url": "http://127.0.0.1:9"})
    done = retry(bench)
    assert (done.code, bench.states()[0]) == (5, "failed")
    assert "stopped" in done.err


def test_a_refused_token_ends_it_and_leaves_the_jobs_failed(bench_with):
    bench = bench_with(token="another")
    bench.failed(0)
    bench.failed(1)
    done = retry(bench)
    assert (done.code, bench.states()) == (5, ["failed", "failed", "pending"])


def test_a_task_that_shows_another_request_is_left_alone(bench):
    task = bench.failed(0)
    bench.service_says(task, "completed")
    bench.service_echoes(task, "something else")
    done = retry(bench)
    assert (done.code, bench.states()[0], done.objects()[-1]["left"]) == (1, "failed", 1)


def test_a_task_that_shows_another_request_is_fetched_where_a_person_said_it_is_right(bench):
    bench.unknown(0)
    bench.accept("task_0", "something else")
    bench.run("resolve", NAME, "--task-id", f"{bench.job(0).job_id}=task_0")
    with bench.writer() as writer:
        from runner.store import attempts

        writer.write_now(attempts.fail, bench.job(0).attempt, 0, "no luck", ErrorClass.SERVICE, "2026-01-02")
    bench.service_says("task_0", "completed")
    assert retry(bench).states() == ["fetching"]


def test_a_task_completed_without_a_file_gets_time_once(bench_with):
    bench = bench_with(empty_response=1.0, empty_asks=99)
    bench.service_says(bench.failed(0), "completed")
    first = retry(bench)
    assert (first.code, first.states()) == (1, ["failed"])
    second = retry(bench)
    assert (second.code, second.states()) == (0, ["pending"])


def test_only_the_named_job_is_retried_by_the_beginning_of_its_id(bench):
    bench.failed(0)
    bench.failed(1)
    done = retry(bench, "--job", bench.job(1).job_id[:8].upper())
    assert (done.code, bench.states()) == (0, ["failed", "pending", "pending"])


@pytest.mark.parametrize("given", ["f" * 24, "", "zz", "' OR 1", "../x", "%"])
def test_an_unknown_id_is_refused_and_nothing_is_decided(bench, given):
    bench.failed(0)
    done = retry(bench, "--job", bench.job(0).job_id, "--job", given)
    assert (done.code, bench.states()[0], bench.asked()) == (2, "failed", [])


def test_a_beginning_of_several_ids_is_refused_and_lists_them(bench_with):
    bench = bench_with()
    bench.manifest(*(f"prompt {number}" for number in range(17)))  # 17 ids have two with one first digit
    bench.enrol()
    first = [row[0][0] for row in bench.rows("SELECT job_id FROM job")]
    twice = next(digit for digit in first if first.count(digit) > 1)
    done = retry(bench, "--job", twice)
    assert (done.code, "several jobs" in done.err) == (2, True)


def test_a_job_that_has_not_failed_is_passed_by(bench):
    bench.running(0)
    done = retry(bench, "--job", bench.job(0).job_id)
    assert (done.code, bench.states()[0], bench.asked()) == (0, "running", [])


def test_a_removed_job_is_not_retried_unless_it_is_named(bench):
    bench.refused(2)
    bench.manifest("a red fox", "a grey owl")
    bench.enrol()
    assert (retry(bench).code, bench.states()[2]) == (0, "failed")
    retry(bench, "--job", bench.job(2).job_id)
    assert bench.states()[2] == "pending"


def test_what_a_dead_process_left_is_put_in_order_first(bench):
    bench.submitting(0)
    done = retry(bench)
    assert (done.code, bench.states()[0], bench.books()) == (0, "unknown", (0, 40, 40))
    assert "runner resolve" in done.err


def test_while_a_run_goes_on_nothing_is_decided(bench):
    from runner.store.locks import holding

    bench.failed(0)
    with holding(bench.state, NAME):
        done = retry(bench)
    assert (done.code, bench.states()[0]) == (75, "failed")


def test_a_batch_paid_elsewhere_is_not_asked_about_here(bench):
    bench.service_says(bench.failed(0), "completed")
    with bench.writer() as writer:
        from runner.store import attempts

        writer.write_now(attempts.pin_origin, bench.batch().pk, "https://elsewhere.example")
    bench.running(1)
    done = retry(bench)
    assert (done.code, bench.states()[0], bench.asked()) == (2, "failed", [])


def test_the_manifest_may_have_moved(bench):
    bench.failed(0)
    (bench.root / "demo.yaml").rename(bench.root / "moved.yaml")
    gone = retry(bench)
    assert (gone.code, "is gone" in gone.err, bench.states()[0]) == (2, True, "failed")
    assert bench.run("retry", "moved.yaml", "--failed").code == 0
    assert bench.states()[0] == "pending"


def test_a_retry_says_what_the_next_run_would_pay_and_whether_the_budget_allows_it(bench):
    bench.manifest(budget={"credits": 50})
    bench.enrol()
    bench.refused(0)
    bench.refused(1)
    done = bench.run("retry", NAME, "--failed")
    assert done.code == 0
    assert "up to 80 credits ($0.80)" in done.out
    assert "the budget leaves 50" in done.out


def test_a_second_retry_finds_nothing(bench):
    bench.failed(0)
    retry(bench)
    done = bench.run("retry", NAME, "--failed")
    assert (done.code, done.out.strip()) == (0, "there is no failed job")
