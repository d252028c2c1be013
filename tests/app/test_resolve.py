import pytest

from runner.store import attempts
from tests.app.bench import NAME


def resolve(bench, *more):
    return bench.run("resolve", NAME, "--json", *more)


def test_an_accepted_loss_is_spent_and_the_job_failed_as_lost(bench):
    bench.unknown(0)
    done = resolve(bench, "--accept-loss")
    assert (done.code, bench.states(), bench.books()) == (0, ["failed", "pending", "pending"], (40, 0, 0))
    assert bench.job(0).error_class == "lost"


def test_a_resubmitted_job_is_pending_both_payments_count_and_the_price_is_said(bench):
    bench.unknown(0)
    bench.unknown(1)
    done = bench.run("resolve", NAME, "--resubmit")
    assert (done.code, bench.states(), bench.books()) == (0, ["pending"] * 3, (80, 0, 0))
    assert "up to 80 credits ($0.80)" in done.out


def test_a_resubmitted_job_is_paid_once_more_by_the_next_run(bench):
    bench.unknown(0)
    resolve(bench, "--resubmit")
    assert bench.run("run", "demo.yaml").code == 0
    assert (bench.states(), bench.books(), len(bench.asked("generate"))) == (["done"] * 3, (160, 0, 0), 3)


def test_an_unknown_submission_that_gets_its_task_is_followed_and_not_paid_again(bench):
    bench.unknown(0)
    bench.accept("task_0", "a red fox")
    bench.service_says("task_0", "completed")
    done = resolve(bench, "--task-id", f"{bench.job(0).job_id}=task_0")
    assert (done.code, bench.states()[0], bench.books()) == (0, "running", (0, 40, 0))
    bench.run("run", "demo.yaml", "--limit", "0")
    assert (bench.states()[0], bench.books(), bench.asked("generate")) == ("done", (40, 0, 0), [])


def test_the_same_task_twice_is_no_error(bench):
    bench.unknown(0)
    pair = f"{bench.job(0).job_id[:10]}=task_0"
    assert [resolve(bench, "--task-id", pair).code for _ in range(2)] == [0, 0]


def test_the_doubted_task_of_a_running_job_is_accepted(bench):
    task = bench.running(0)
    bench.service_says(task, "completed")
    bench.service_echoes(task, "A RED FOX!")
    with bench.writer() as writer:
        writer.write_now(attempts.note_trouble, bench.job(0).pk, "another request", None, overdue=True)
    resolve(bench, "--task-id", f"{bench.job(0).job_id}={task}")
    bench.run("run", "demo.yaml", "--limit", "0")
    assert bench.states()[0] == "done"


@pytest.mark.parametrize(
    "pair",
    [
        "{0}",
        "{0}=",
        "=task_0",
        "{0}=a/b",
        "{0}=a b",
        "{0}=task_0\n",
        "{0}=" + "x" * 201,
        "{0}=täsk",
        "ffff=task_0",
    ],
)
def test_what_is_no_pair_is_refused_and_nothing_is_changed(bench, pair):
    bench.unknown(0)
    done = resolve(bench, "--task-id", pair.format(bench.job(0).job_id))
    assert (done.code, bench.states()[0]) == (2, "unknown")


def test_the_longest_task_id_is_taken(bench):
    bench.unknown(0)
    assert resolve(bench, "--task-id", f"{bench.job(0).job_id}={'aZ9._:-x' * 25}").code == 0


def test_a_task_that_belongs_to_another_job_is_refused_and_nothing_of_that_call_is_done(bench):
    taken = bench.running(2)
    bench.unknown(0)
    bench.unknown(1)
    pairs = ["--task-id", f"{bench.job(0).job_id}=task_0", "--task-id", f"{bench.job(1).job_id}={taken}"]
    done = resolve(bench, *pairs)
    assert (done.code, bench.states()) == (2, ["unknown", "unknown", "running"])
    assert taken in done.err


def test_one_job_is_not_given_two_tasks(bench):
    bench.unknown(0)
    job = bench.job(0).job_id
    done = resolve(bench, "--task-id", f"{job}=task_0", "--task-id", f"{job[:9]}=task_1")
    assert (done.code, bench.states()[0]) == (2, "unknown")


def test_a_running_job_is_not_given_another_task(bench):
    task = bench.running(0)
    done = resolve(bench, "--task-id", f"{bench.job(0).job_id}=task_other")
    assert (done.code, bench.job(0).task_id, bench.job(0).trusted) == (2, task, False)


@pytest.mark.parametrize("bring", ["pending", "failed", "done"])
def test_only_an_unknown_or_a_running_job_is_given_a_task(bench, bring):
    if bring != "pending":
        getattr(bench, bring)(0)
    done = resolve(bench, "--task-id", f"{bench.job(0).job_id}=task_x")
    assert (done.code, bench.states()[0]) == (2, bring)


def test_only_the_named_job_is_decided(bench):
    bench.unknown(0)
    bench.unknown(1)
    resolve(bench, "--accept-loss", "--job", bench.job(1).job_id)
    assert bench.states() == ["unknown", "failed", "pending"]


def test_a_named_job_that_is_not_unknown_is_passed_by(bench):
    bench.failed(0)
    done = resolve(bench, "--resubmit", "--job", bench.job(0).job_id)
    assert (done.code, bench.states()[0], bench.books()) == (0, "failed", (0, 0, 0))


def test_an_unknown_id_decides_nothing(bench):
    bench.unknown(0)
    done = resolve(bench, "--accept-loss", "--job", bench.job(0).job_id, "--job", "ffff")
    assert (done.code, bench.states()[0]) == (2, "unknown")


@pytest.mark.parametrize("ruling", ["--accept-loss", "--resubmit"])
def test_without_an_unknown_submission_that_is_said_and_nothing_is_changed(bench, ruling):
    bench.failed(0)
    done = bench.run("resolve", NAME, ruling)
    assert (done.code, bench.states()[0]) == (0, "failed")
    assert done.out.strip() == "there is no submission with an unknown outcome"


def test_a_submission_of_a_dead_process_is_decided_at_once(bench):
    bench.submitting(0)
    done = resolve(bench, "--accept-loss")
    assert (done.code, bench.states()[0], bench.books()) == (0, "failed", (40, 0, 0))


def test_a_removed_job_is_given_up_with_the_others_but_not_paid_again(bench):
    bench.unknown(2)
    bench.manifest("a red fox", "a grey owl")
    bench.enrol()
    resolve(bench, "--resubmit")
    assert bench.states()[2] == "unknown"
    resolve(bench, "--accept-loss")
    assert bench.states()[2] == "failed"


def test_a_task_that_the_answer_named_is_mentioned(bench):
    bench.unknown(0, candidate="task_seen")
    done = resolve(bench, "--resubmit")
    assert (done.code, bench.states()[0]) == (0, "pending")
    assert "task_seen" in done.out


def test_while_a_run_goes_on_nothing_is_decided(bench):
    from runner.store.locks import holding

    bench.unknown(0)
    with holding(bench.state, NAME):
        codes = [
            resolve(bench, "--accept-loss").code,
            resolve(bench, "--task-id", f"{bench.job(0).job_id}=task_0").code,
        ]
    assert (codes, bench.states()[0]) == ([75, 75], "unknown")


def test_no_decision_asks_the_service(bench):
    bench.unknown(0)
    bench.unknown(1)
    resolve(bench, "--accept-loss", "--job", bench.job(0).job_id)
    resolve(bench, "--resubmit")
    assert (bench.asked(), bench.asked("generate"), bench.asked("refused")) == ([], [], [])
