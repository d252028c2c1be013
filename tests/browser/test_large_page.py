"""The page with 10,000 jobs."""

import pytest

from tests.browser import chromium
from tests.browser.chromium import until

pytestmark = [pytest.mark.browser, chromium.NEEDS]

WATCH = """() => { window.longest = 0; new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
}).observe({ type: "longtask" }); }"""
SCROLL = """async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  let most = 0;
  const end = () => document.documentElement.scrollHeight - innerHeight;
  const step = Math.max(400, end() / 250);
  for (let at = 0; at < end(); at += step) {
    scrollTo(0, at);
    await frame();
    most = Math.max(most, document.querySelectorAll(".card").length);
  }
  scrollTo(0, end());
  await frame();
  await frame();
  return most;
}"""


def test_it_is_painted_within_two_seconds(page, tree_10000):
    page.goto(tree_10000.as_uri())
    until(page, "() => performance.getEntriesByName('first-contentful-paint').length")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    cards = page.locator(".card").count()
    assert painted < 2000
    assert 0 < cards < 60


def test_scrolling_to_the_end_holds_nothing_up_and_keeps_few_videos(page, tree_10000):
    page.goto(tree_10000.as_uri())
    until(page, "() => document.querySelector('.card video')?.readyState > 0")
    page.evaluate(WATCH)
    most = page.evaluate(SCROLL)
    until(page, "() => document.querySelector('.card:last-child video')?.readyState > 0")
    last = "() => [...document.querySelectorAll('.card')].some((card) => card.dataset.index === '9999')"
    until(page, last)
    longest = page.evaluate("window.longest")
    loaded = page.locator("video[src]").count()
    assert longest < 200
    assert (most < 120, loaded < 60) == (True, True)


def test_a_search_is_answered_at_once(page, tree_10000):
    page.goto(tree_10000.as_uri())
    page.evaluate(WATCH)
    page.fill("#search", "number 77")
    until(page, "() => document.getElementById('count').textContent.startsWith('1')")
    page.wait_for_timeout(300)
    longest = page.evaluate("window.longest")
    assert (page.text_content("#count"), longest < 400) == ("204 of 10,000 jobs", True)
