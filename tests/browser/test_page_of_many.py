"""The page of ten thousand jobs: it is there at once, and only what is near the view exists."""

import shutil
from dataclasses import replace
from decimal import Decimal

import pytest

from runner.core.model import AttemptOutcome, JobId, JobState
from runner.core.money import Credits, Price
from runner.core.outcomes import TaskId
from runner.core.records import JobRecord, StoredAttempt, StoredFile, StoredJob
from runner.report.gallery import Head, page

JOBS = 10_000
PER_PROMPT = 12
FILES = 24  # real ones; the jobs share them
WATCH_LONG_TASKS = """
window.longest = 0;
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration); })
  .observe({ type: "longtask", buffered: true });
"""
SCROLL_TO_THE_END = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  window.longest = 0;
  let most = 0;
  const end = document.documentElement.scrollHeight;
  for (let at = 0; at < end; at += window.innerHeight * 3) {
    window.scrollTo(0, at);
    await frame();
    most = Math.max(most, document.querySelectorAll("#grid *").length);
  }
  window.scrollTo(0, end);
  await frame();
  await frame();
  return { most, longest: window.longest, last: [...document.querySelectorAll(".cell")].at(-1).dataset.job };
}"""


def records():
    job = StoredJob(0, JobId(""), JobState.DONE, "", (), "fun", "2:3", "", 0, removed=False)
    attempt = StoredAttempt(AttemptOutcome.COMPLETED, 40, TaskId("t"), "2026-01-02T03:04:05+00:00")
    for number in range(JOBS):
        prompt, place = divmod(number, PER_PROMPT)
        mode, rest = ("fun", "normal")[place % 2], place // 2
        one = replace(
            job,
            pk=number,
            job_id=JobId(f"{number:024x}"),
            prompt=f"a fox in the snow, seen from afar, number {prompt}",
            prompt_pk=prompt,
            mode=mode,
            ratio=("2:3", "3:2", "1:1")[rest % 3],
        )
        path = f"videos/{number % FILES}.mp4"
        file = StoredFile(number, number, number, 1, "", "placed", path, None, 7, "ab")
        meta = {"sku": f"A-{prompt % 30}"}
        take = rest // 3 + 1
        yield JobRecord(one, f"fox-{prompt}", take, {}, meta, False, None, None, "", (attempt,), (file,))


@pytest.fixture(scope="module")
def tree(made, tmp_path_factory):
    place = tmp_path_factory.mktemp("many")
    (place / "videos").mkdir()
    real = sorted((made / "outputs/sandbox/demo").rglob("*.mp4"))[:FILES]
    for number, file in enumerate(real):
        shutil.copy(file, place / "videos" / f"{number}.mp4")
    figures = {
        "jobs": {"total": JOBS, "done": JOBS},
        "credits": {"budget": None, "spent": JOBS * 40, "reserved": 0, "unknown": 0, "left": None},
    }
    head = Head("many", Price(Credits(40), Decimal("0.40")), figures, [])
    with (place / "index.html").open("wb") as out:
        out.writelines(page(records(), head))
    return place


@pytest.fixture
def album(tree, open_page):
    opened = open_page("about:blank")
    opened.page.add_init_script(WATCH_LONG_TASKS)
    opened.page.goto((tree / "index.html").as_uri())
    opened.until("document.querySelectorAll('.cell').length > 0")
    return opened


def test_a_job_takes_less_than_300_bytes_of_the_page(tree):
    assert (tree / "index.html").stat().st_size < 40_000 + 300 * JOBS


def test_it_is_painted_soon_and_scrolls_to_its_end_with_few_elements_and_no_long_task(album):
    painted_ms = album.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    loading_ms = album.page.evaluate("window.longest")
    found = album.page.evaluate(SCROLL_TO_THE_END)
    for _ in range(
        2
    ):  # a task also takes the time in which the machine does something else: what the page needs is the least
        if found["longest"] >= 200:
            found = album.page.evaluate(SCROLL_TO_THE_END)
    print(f"first paint {painted_ms:.0f} ms, longest task {loading_ms:.0f} ms loading, {found}")  # noqa: T201 - the figures of docs/gallery.md
    assert (painted_ms < 2000, found["longest"] < 200, found["most"] < 1500, found["last"]) == (
        True,
        True,
        True,
        f"{JOBS - 1:024x}",
    )


def test_a_search_and_a_filter_find_their_jobs_among_all(album):
    album.page.get_by_label("Search in prompts").fill("number 777")
    album.until("document.querySelector('#shown').textContent.startsWith('12 of 10,000')")
    album.page.get_by_role("button", name="Clear").click()
    album.choose("sku", "A-7")
    assert album.shown().startswith("336 of 10,000 jobs are shown")


def test_the_end_key_leads_to_the_last_of_all(album):
    album.cells().first.focus()
    album.press("End")
    assert album.focused() == "fox-833, normal 3:2 take 01, done"
