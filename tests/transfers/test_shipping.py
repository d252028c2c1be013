"""Chunks, suspects and an engine that is gone; the workers are threads of this process, the files real."""

import asyncio
import contextlib

import pytest

from runner import __version__
from runner.files.addresses import AddressPolicy
from runner.files.folder import Folder
from runner.files.outcomes import Broken, Expired, Fetched, GivenUp, Placed, Unavailable
from runner.sandbox import SandboxOptions, running_in_thread
from runner.transfers.errand import Terms
from runner.transfers.shipping import FILES_MAX, Shipped
from tests.transfers.engine_here import EngineHere
from tests.transfers.videos import url_of_video


@pytest.fixture
def tree(tmp_path):
    with Folder(str(tmp_path / "tree")) as folder:
        folder.lock()
        yield folder


@pytest.fixture
def url(tmp_path):
    with running_in_thread(SandboxOptions(latency_median_s=0.0), None) as base_url:
        yield url_of_video(base_url)


def terms(tree, version=__version__):
    policy = AddressPolicy(allow_loopback=True, allow_http=True)
    return Terms(version, tree.path, policy, None, None, 8, 4_000_000)


@contextlib.asynccontextmanager
async def shipping(engine, tree, version=__version__, told=None):
    shipped = Shipped(engine, tree, terms(tree, version), (told if told is not None else []).append)
    shipping = asyncio.ensure_future(shipped.ship())
    try:
        yield shipped
    finally:
        shipping.cancel()
        await asyncio.wait({shipping})


async def test_a_file_is_fetched_elsewhere_and_placed_here(tree, url, tmp_path):
    async with shipping(EngineHere(), tree) as shipped:
        outcome = await shipped.fetch(url, "job-1-1")
        assert isinstance(outcome, Fetched)
        placed = await shipped.place("job-1-1", "a/b.mp4", outcome.content)
    left = [path.name for path in (tmp_path / "tree" / ".partial").iterdir()]
    assert (placed, tree.hash_file("a/b.mp4"), left) == (Placed(), outcome.content, ["lock"])


async def test_many_files_go_in_chunks_that_are_no_larger_than_they_may_be(tree, url):
    engine = EngineHere()
    async with shipping(engine, tree) as shipped:
        outcomes = await asyncio.gather(*(shipped.fetch(url, f"job-{n}-1") for n in range(60)))
    sizes = [len(call) for call in engine.calls]
    assert (sum(sizes), max(sizes) <= FILES_MAX, len(sizes) < 30) == (60, True, True)
    assert {type(outcome) for outcome in outcomes} == {Fetched}


async def test_what_kills_its_workers_is_found_among_others(tree, url):
    async with shipping(EngineHere(deadly="job-3-1"), tree) as shipped:
        outcomes = await asyncio.gather(*(shipped.fetch(url, f"job-{n}-1") for n in range(8)))
    found = [type(outcome) for outcome in outcomes]
    assert found == [Fetched, Fetched, Fetched, GivenUp, Fetched, Fetched, Fetched, Fetched]


async def test_an_engine_that_is_gone_answers_everybody_and_is_told_once(tree, url):
    told: list[str] = []
    async with shipping(EngineHere(lost="gone"), tree, told=told) as shipped:
        outcomes = await asyncio.gather(*(shipped.fetch(url, f"job-{n}-1") for n in range(8)))
        later = await shipped.fetch(url, "job-9-1")
    assert (set(outcomes), later, told) == ({Unavailable("gone")}, Unavailable("gone"), ["gone"])


async def test_a_link_that_is_over_comes_back_as_that(tree, url):
    async with shipping(EngineHere(), tree) as shipped:
        outcome = await shipped.fetch(url.rpartition("/")[0] + "/no-such-file.mp4", "job-1-1")
    assert outcome == Expired(404)


async def test_a_worker_of_another_version_fetches_nothing(tree, url, tmp_path):
    async with shipping(EngineHere(), tree, version="0.0.9") as shipped:
        outcome = await shipped.fetch(url, "job-1-1")
    assert isinstance(outcome, Broken)
    assert f"has runner {__version__} instead of 0.0.9" in outcome.reason


async def test_a_call_that_raises_is_tried_again_by_whoever_asked(tree, url):
    async with shipping(EngineHere(failing="ImportError: x"), tree) as shipped:
        outcome = await shipped.fetch(url, "job-1-1")
    assert outcome == Broken("a worker could not do it: ImportError: x")
