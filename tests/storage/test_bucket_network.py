"""Whom a run with a tree in a bucket connects to."""

import re

from tests.faults.needs import needs
from tests.faults.scene import scene_in
from tests.storage.test_bucket_run import BUCKET_SETTINGS


@needs("strace")
def test_a_run_connects_to_nothing_but_loopback(store, tmp_path):
    trace = tmp_path / "trace"
    with scene_in(tmp_path / "scene", settings=BUCKET_SETTINGS) as scene:
        done = scene.run(prefix=["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace)])
    found = re.findall(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', trace.read_text())
    assert (done.code, {one or other for one, other in found}) == (0, {"127.0.0.1"})
