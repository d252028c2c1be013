"""The same page in a review: it changes by itself, and takes choices."""

import pytest

from runner.core.choice import Choice, Flag
from runner.core.model import JobState
from tests.browser import chromium, trees
from tests.browser.chromium import labels, until
from tests.browser.service import Service
from tests.browser.test_access import LOOKS, violations

pytestmark = [pytest.mark.browser, chromium.NEEDS]

TEXT = "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)"
LABEL = "label => [...document.querySelectorAll('.card .open')].some(one => one.getAttribute('aria-label') === label)"
FOCUSED = "label => document.activeElement?.getAttribute('aria-label') === label"
FIRST = "fun, 1:1, take 1, done"


@pytest.fixture
def service():
    with Service(trees.twenty_four()) as one:
        yield one


@pytest.fixture
def live(page, service):
    page.goto(service.url)
    until(page, TEXT, ["#link", "Live"])
    return page


def focus_first(page):
    page.focus(".card .open[tabindex='0']")
    until(page, FOCUSED, FIRST)


def ids(*indexes):
    return [f"{index:024x}" for index in indexes]


def test_what_a_run_makes_appears_without_a_reload_and_the_figures_move(live, service):
    before = live.text_content("#books")
    live.select_option("[data-facet=state]", "pending")
    until(live, LABEL, "normal, 3:2, take 1, pending")
    service.change(22, state=JobState.DONE)
    until(live, LABEL, "normal, 3:2, take 1, done")
    until(live, "() => document.querySelector('.card video')?.readyState > 0")
    service.change(24, prompt=4, text="a new prompt")
    live.select_option("[data-facet=state]", "")
    until(live, TEXT, ["#count", "25 jobs"])
    assert (before[:11], live.text_content("#books")[:11]) == ("880 credits", "960 credits")


def test_what_comes_above_moves_neither_the_view_nor_the_focus(live, service):
    live.focus(".card .open[tabindex='0']")
    live.keyboard.press("End")
    label = "normal, 3:2, take 1, pending"
    until(live, FOCUSED, label)
    place = "document.activeElement.getBoundingClientRect().top"
    before = live.evaluate(place)
    for take in range(3, 9):
        service.change(21 + take, prompt=0, mode="fun", ratio="3:2", take=take)
    until(live, TEXT, ["#count", "30 jobs"])
    assert (live.evaluate(FOCUSED, label), abs(live.evaluate(place) - before) < 2) == (True, True)


def test_keys_choose_and_what_was_chosen_is_sent(live, service):
    focus_first(live)
    for key in ("k", "4", "m", "r", "0"):
        live.keyboard.press(key)
    until(live, LABEL, f"{FIRST}, reject, to be made again")
    until(live, TEXT, ["#queue", "1 video to be made again"])
    queue = live.text_content("#queue")
    while len(service.sent) < 5:
        live.wait_for_timeout(20)
    assert (queue, service.sent) == (
        "1 video to be made again: the next run pays 40 credits ($0.40). Nothing is spent before you start it.",
        [
            {"jobs": ids(2), "set": fields}
            for fields in (
                {"flag": "keep"},
                {"rating": 4},
                {"again": True},
                {"flag": "reject"},
                {"rating": None},
            )
        ],
    )


def test_a_choice_in_one_page_shows_in_another(browser, live, service):
    with chromium.page_in(browser) as other:
        other.goto(service.url)
        until(other, TEXT, ["#link", "Live"])
        focus_first(live)
        live.keyboard.press("5")
        until(other, LABEL, f"{FIRST}, 5 stars")
        assert labels(other) == labels(live)


def test_a_refused_choice_is_taken_back_and_said(live, service):
    service.refusal = "it was removed from the manifest"
    focus_first(live)
    live.keyboard.press("k")
    until(live, TEXT, ["#wrong", "it was removed from the manifest"])
    until(live, LABEL, FIRST)
    live.click("#wrong button")
    assert live.text_content("#wrong") == ""


def test_the_large_view_has_all_choices_and_a_price(live, service):
    focus_first(live)
    live.keyboard.press("Enter")
    price = live.text_content("#again-price")
    live.click("#viewer [data-set=keep]")
    live.click("#viewer [data-rating='3']")
    live.fill("#note", "sharp <b>eyes</b>")
    live.focus("#viewer [data-set=again]")
    live.keyboard.press("m")
    until(live, TEXT, ["#again-price", "Queued"])
    live.keyboard.press("ArrowRight")
    live.keyboard.press("Escape")
    until(live, LABEL, f"{FIRST}, keep, 3 stars, to be made again, has a note")
    while len(service.sent) < 4:
        live.wait_for_timeout(20)
    assert (price, [one["set"] for one in service.sent]) == (
        "Queues another take for the next run, which then pays 40 credits ($0.40). Nothing is spent now.",
        [{"flag": "keep"}, {"rating": 3}, {"note": "sharp <b>eyes</b>"}, {"again": True}],
    )


def test_only_what_is_done_can_be_made_again(live):
    live.focus(".card .open[tabindex='0']")
    live.keyboard.press("End")
    live.keyboard.press("m")
    until(live, TEXT, ["#wrong", "Only what is done can be made again."])


def test_a_lost_connection_is_said_and_comes_back(live, service):
    service.cut()
    until(live, TEXT, ["#link", "lost"])
    service.mend()
    until(live, TEXT, ["#link", "Live"])
    service.change(0, choice=Choice(Flag.REJECT))
    until(live, LABEL, "fun, 2:3, take 1, done, reject")


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_serious_is_wrong_with_the_live_page(browser, service, look):
    with chromium.page_in(browser, **LOOKS[look]) as page:
        page.goto(service.url)
        until(page, TEXT, ["#link", "Live"])
        grid = violations(page)
        page.click(".card .open")
        assert (grid, violations(page)) == ({}, {})
