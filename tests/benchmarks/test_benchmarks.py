"""That the harness measures what it says, at toy size; the timings themselves are no tests."""

import signal
import sys
import time
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks import contest, exports, month, rate, scale, slots, start
from tests.benchmarks.contest import Round, held, runner, script
from tests.benchmarks.measured import FailedError, run_until, run_whole
from tests.benchmarks.plot import Line, plotted
from tests.benchmarks.tables import table

HEALTHY = ["latency=0.05", "spread=0", "two_files=0", "window_requests=100000"]


def lines_of(markdown: str) -> list[list[str]]:
    """The cells of every line of every table in a text, without the heads."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    rulers = [number for number, cells in enumerate(lines) if cells[0] == ":--"]
    return [cells for number, cells in enumerate(lines) if number not in rulers and number + 1 not in rulers]


def test_a_process_is_measured_whole(tmp_path):
    usage = run_whole(
        [sys.executable, "-c", "x = bytearray(100_000_000)\nfor _ in range(10**6): pass"], tmp_path
    )
    assert (usage.code, usage.peak_bytes > 100_000_000, usage.cpu_s > 0) == (0, True, True)
    assert abs(usage.began_s - time.time()) < 60


def test_a_process_that_fails_is_no_figure(tmp_path):
    with pytest.raises(FailedError, match=r"ended with 3:\nlost"):
        run_whole([sys.executable, "-c", "import sys; print('lost'); sys.exit(3)"], tmp_path)


def test_a_process_is_sent_its_signal_once_it_has_done_enough(tmp_path):
    command = [sys.executable, "-c", "print('ready', flush=True)\nimport time\ntime.sleep(60)"]
    log = tmp_path / "log.txt"
    usage = run_until(
        command, tmp_path, lambda: "ready" in log.read_text(), signal.SIGTERM, codes=(-signal.SIGTERM,)
    )
    assert usage.wall_s < 60


@pytest.mark.parametrize(
    "contestant",
    [
        runner(6, in_flight=3, requests_per_minute=100_000),
        script("bare", 6, "3", "0.02", "{}"),
    ],
    ids=["runner", "bare"],
)
def test_every_contestant_makes_every_job_and_every_request_is_counted(tmp_path, contestant):
    found = held(tmp_path, HEALTHY, contestant)
    asked = found.asked
    assert (asked.jobs, asked.posts, asked.refused, asked.requests) == (6, 6, 0, 6 + asked.statuses)
    assert asked.statuses >= 6
    assert asked.tasks_s == pytest.approx(6 * 0.05, abs=0.001)
    assert asked.span_s >= 0.1  # six tasks of 0.05 s, three at once
    assert found.service.cpu_s > 0
    assert len(list(tmp_path.rglob("*.mp4"))) == 6


def test_refusals_are_counted_as_requests(tmp_path):
    options = [*HEALTHY, "in_flight=1", "retry_after=no"]
    asked = held(tmp_path, options, script("bare", 4, "4", "0.02", "{}")).asked
    assert (asked.jobs, asked.posts, asked.refused > 0) == (4, 4, True)
    assert asked.requests == asked.posts + asked.statuses + asked.refused


def test_contestants_take_turns(tmp_path):
    order = []

    def named(name: str) -> contest.Contestant:
        def run(folder, base_url):
            order.append(name)
            return script("bare", 1, "1", "0.02", "{}")(folder, base_url)

        return run

    found = contest.rounds(tmp_path, HEALTHY, {"one": named("one"), "other": named("other")}, 2)
    assert order == ["one", "other", "one", "other"]
    assert all(isinstance(each, Round) for rounds in found.values() for each in rounds)
    assert {name: len(rounds) for name, rounds in found.items()} == {"one": 2, "other": 2}


@pytest.mark.faults  # half a minute of starting the program: for the long suite
def test_scale_and_start_fill_their_tables(tmp_path):
    (tmp_path / "scale").mkdir()
    plot = tmp_path / "growth.svg"
    lines = lines_of(scale.measure(tmp_path / "scale", 1, plot, small=True, sizes=(900, 1_000)))
    assert [line[0] for line in lines] == ["900", "1,000", "900", "1,000"]
    assert {len(line) for line in lines} == {7, 9}
    assert ET.parse(plot).getroot().tag.endswith("svg")
    (tmp_path / "start").mkdir()
    lines = lines_of(start.measure(tmp_path / "start", 1, small=True))
    assert [line[0].strip("`") for line in lines] == [start.CLICK, start.HELP, start.SQLALCHEMY, start.STATUS]


@pytest.mark.parametrize("setting", [rate.Setting(), slots.Setting()])
def test_settings_are_options_of_the_sandbox(setting):
    from runner.sandbox import parse_options

    given = {"form": "epoch", "number": 1, "by_clock": True} if isinstance(setting, rate.Setting) else {}
    options = parse_options(",".join(setting.options(**(given or {"retry_after": False}))))
    assert (options.latency_median_s, options.latency_spread, options.two_files) == (1.0, 0.35, 0.0)


def test_the_bound_of_the_rate_is_half_of_it():
    assert (rate.Setting().per_minute, rate.Setting().bound) == (900, 7.5)


def test_a_table_is_markdown():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| :-- | --: |\n| 1 | 2 |"


def test_a_plot_draws_every_line_in_its_panel():
    drawn = plotted(
        {
            "s": [Line("plan", [(10, 1), (100, 2)]), Line("<run>", [(10, 3)])],
            "MB": [Line("plan", [(10, 50)])],
        },
        across="jobs",
    )
    assert drawn.count("<polyline") == 3
    assert "&lt;run&gt;" in drawn


@pytest.mark.libraries
def test_every_form_of_an_export_is_measured_at_every_size(tmp_path):
    found = lines_of(exports.measure(tmp_path, 1, small=True))
    assert [(cells[0], cells[1]) for cells in found] == [
        (form, str(videos)) for videos in exports.SMALL_SIZES for form in exports.FORMS
    ]


@pytest.mark.parametrize("slots", [20, 2_000])
def test_the_month_on_paper_loses_no_job_and_keeps_to_its_bounds(slots):
    asked = month.eventful(month.Month(jobs=50_000, in_flight=slots, failing=0.1))
    days = month.played(asked)
    assert sum(day.done for day in days) == 50_000
    assert max(day.running_most for day in days) <= slots
    assert max(day.requests for day in days) <= 600 * 24 * 60


def test_the_month_on_paper_is_bound_by_the_network_where_that_is_slow():
    days = month.played(month.Month(jobs=10**6, network_mb_s=1.0))
    assert max(day.files_tb for day in days) <= 86_400 / 1e6 + 1e-6
    assert max(day.unfetched_most_gb for day in days) > 2 * 2_000 / 1e3
