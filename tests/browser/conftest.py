"""One browser for all tests, and a page for each."""

import pytest

from tests.browser import chromium, trees


@pytest.fixture(scope="session")
def browser():
    with chromium.running() as one:
        yield one


@pytest.fixture
def page(browser):
    with chromium.page_in(browser) as one:
        yield one


@pytest.fixture(scope="session")
def tree_24(tmp_path_factory):
    """A page with 24 jobs, of which 22 have videos."""
    return trees.write_tree(tmp_path_factory.mktemp("few") / "spring", trees.twenty_four())


@pytest.fixture(scope="session")
def tree_10000(tmp_path_factory):
    """A page with 10,000 jobs, which share three real videos."""
    return trees.write_tree(tmp_path_factory.mktemp("many") / "spring", list(trees.many(10_000)))
