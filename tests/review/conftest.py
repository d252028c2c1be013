"""A batch of four jobs: three done, one pending."""

import pytest

from tests.review.review_support import Stage, job_of


@pytest.fixture
def empty(tmp_path):
    """A batch without a job."""
    made = Stage(tmp_path / "work")
    yield made
    made.writer.close()


@pytest.fixture
def stage(empty):
    empty.enrol(*(job_of(rank) for rank in range(4)))
    for rank in range(3):
        empty.finish(rank)
    return empty
