"""What is shown of every worker before anything is paid."""

from dataclasses import replace

import pytest

from runner.core.errors import UsageError
from runner.files.root import OutputRoot
from runner.transfers.engine import CallFailedError
from runner.transfers.meeting import FolderMeeting
from runner.transfers.proof import prove
from tests.transfers.engine_here import VERSIONS, EngineHere


def elsewhere(place):
    """A worker on which the same path leads to another directory."""
    return lambda function, _tree, *rest: function(str(place), *rest)


def of_version(version):
    return lambda function, *rest: replace(function(*rest), version=version)


@pytest.fixture
def root(tmp_path):
    with OutputRoot(str(tmp_path / "tree")) as one:
        yield one


def left_in(root):
    return sorted(path.name for path in (root_path(root) / ".partial").iterdir())


def root_path(root):
    from pathlib import Path

    return Path(root.path)


async def refusal(root, engine, ca_file=None):
    with pytest.raises(UsageError) as refused:
        await prove(engine, root.path, FolderMeeting(root), ca_file)
    return str(refused.value)


async def test_workers_that_see_the_tree_pass_and_leave_nothing(root):
    plainly = EngineHere().workers["tcp://one"]
    engine = EngineHere(workers={"tcp://one": plainly, "tcp://two": plainly})
    assert (await prove(engine, root.path, FolderMeeting(root), None), left_in(root)) == (2, [])


async def test_a_worker_without_the_path_is_refused(root, tmp_path):
    engine = EngineHere(workers={"tcp://one": elsewhere(tmp_path / "nowhere")})
    said = await refusal(root, engine)
    assert said.startswith("the worker tcp://one cannot be used: ")
    assert said.endswith("under the same path, as the same user; nothing was sent")


async def test_a_worker_with_another_directory_under_that_name_is_refused(root, tmp_path):
    (tmp_path / "other").mkdir()
    said = await refusal(root, EngineHere(workers={"tcp://one": elsewhere(tmp_path / "other")}))
    assert "the worker tcp://one cannot be used: it does not see what this process writes there" in said


async def test_a_worker_that_writes_elsewhere_than_it_reads_is_refused(root):
    def worker(function, *rest):
        seen = function(*rest)
        (root_path(root) / ".partial" / seen.left).unlink()
        return seen

    said = await refusal(root, EngineHere(workers={"tcp://one": worker}))
    assert "what it writes is not seen here" in said


async def test_another_version_of_the_program_is_refused(root):
    said = await refusal(root, EngineHere(workers={"tcp://one": of_version("0.0.9")}))
    assert (
        said
        == "the worker tcp://one has runner 0.0.9, this process 0.1.0: they must be the same; nothing was sent"
    )


async def test_a_worker_without_the_program_is_refused(root):
    def worker(_function, *_rest):
        return CallFailedError("ModuleNotFoundError: No module named 'runner'")

    said = await refusal(root, EngineHere(workers={"tcp://one": worker}))
    assert said.startswith("the worker tcp://one cannot load runner 0.1.0 (ModuleNotFoundError")


@pytest.mark.parametrize("package", ["python", "distributed"])
async def test_another_version_below_it_is_refused(root, package):
    engine = EngineHere(others={"the worker tcp://one": VERSIONS | {package: "1.0"}})
    said = await refusal(root, engine)
    assert said.startswith(f"the worker tcp://one has {package} 1.0, this process {VERSIONS[package]}")


async def test_a_worker_without_the_authorities_is_refused(root, tmp_path):
    authorities = tmp_path / "ca.pem"
    authorities.write_text("-----BEGIN")

    def worker(function, *rest):
        return replace(function(*rest), ca_sha256=None)

    said = await refusal(root, EngineHere(workers={"tcp://one": worker}), str(authorities))
    assert "it does not have the same provider.ca_file" in said


async def test_where_every_worker_went_while_it_was_asked_nothing_is_begun(root):
    assert "no worker was left" in await refusal(root, EngineHere(workers={}))


async def test_an_engine_that_is_gone_is_refused(root):
    assert "could not be asked what they see: gone" in await refusal(root, EngineHere(lost="gone"))
