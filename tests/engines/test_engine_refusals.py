"""What is refused before anything is paid, by a real scheduler and real workers."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from runner.core.errors import UsageError
from tests.engines.cluster import cluster_in
from tests.faults import checker
from tests.faults.needs import needs
from tests.faults.scene import Scene


def paid(scene: Scene) -> int:
    return len(scene.books().tasks())


async def test_a_scheduler_without_workers_is_waited_for_and_refused(tmp_path: Path):
    from runner.transfers.on_dask import connected

    with cluster_in(tmp_path, workers=0) as cluster, pytest.raises(UsageError) as refused:
        async with connected(cluster.address, workers_s=0.5):
            pass
    assert f"{cluster.address}: the scheduler has had no worker for" in str(refused.value)


def test_a_worker_with_another_program_is_refused(tmp_path: Path, scene: Scene):
    import runner

    other = tmp_path / "other"
    shutil.copytree(Path(runner.__file__).parent, other / "runner")
    named = other / "runner" / "__init__.py"
    named.write_text(named.read_text().replace(f'"{runner.__version__}"', '"0.0.9"'))
    with cluster_in(tmp_path / "cluster", workers=1) as cluster:
        cluster.start_worker(PYTHONPATH=str(other))
        done = scene.run("--engine", cluster.address)
    assert (done.code, "has runner 0.0.9, this process 0.1.0" in done.err, paid(scene)) == (2, True, 0)


@needs("root", "mount")
def test_a_worker_with_another_disk_at_the_path_is_refused(tmp_path: Path, scene: Scene):
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs mount namespaces")
    scene.output.mkdir(parents=True)
    hides = f'mount -t tmpfs tmpfs "{scene.output}" && exec "$@"'
    with cluster_in(tmp_path / "cluster", workers=1) as cluster:
        cluster.start_worker(prefix=("unshare", "--mount", "sh", "-c", hides, "sh"))
        done = scene.run("--engine", cluster.address)
    assert (done.code, paid(scene)) == (2, 0)
    assert f"Every worker must write to {scene.output} as this process does" in done.err


def test_a_cluster_behind_tls_is_reached_with_the_settings_of_dask_alone(tmp_path: Path, scene: Scene):
    authority = tmp_path / "authority"
    authority.mkdir()
    key, certificate = authority / "key.pem", authority / "ca.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout"
    subprocess.run(["openssl", *words.split(), key, "-out", certificate], check=True, capture_output=True)
    prefix = "DASK_DISTRIBUTED__COMM__TLS__"
    variables = {f"{prefix}CA_FILE": str(certificate)}
    for part in ("SCHEDULER", "WORKER", "CLIENT"):
        variables |= {f"{prefix}{part}__CERT": str(certificate), f"{prefix}{part}__KEY": str(key)}
    with cluster_in(tmp_path / "cluster", workers=1, protocol="tls", environment=variables) as cluster:
        done = scene.run("--engine", cluster.address, **variables)
    assert (done.code, checker.during(scene)) == (0, [])


def test_nothing_of_dask_or_ray_is_imported_without_an_engine(scene: Scene):
    done = scene.run(PYTHONPROFILEIMPORTTIME="1")
    assert (done.code, "runner.files.tree" in done.err, "distributed" in done.err) == (0, True, False)
    assert not re.search(r"\| +ray(\.|$)", done.err, re.MULTILINE)
