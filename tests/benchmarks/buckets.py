"""What a file costs this program where its tree stands in a bucket: processor time and memory, beside a local tree.

    python -m tests.benchmarks.buckets [FILES]

The store is moto's S3 server on loopback, which takes more of the machine than the program: times on the clock say
nothing here, and none are told.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from runner.sandbox import SandboxOptions, running_in_thread
from tests.storage.cloud import BUCKET, environment, store_on_loopback

SIZE_BYTES = 2_000_000
TOKEN = "token-of-the-benchmark"


def main(files: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for count in (files // 4, files):
            _measure(place / f"local-{count}", count, None)
            _measure(place / f"bucket-{count}", count, f"s3://{BUCKET}/tree-{count}")


def _measure(place: Path, files: int, url: str | None) -> None:
    place.mkdir()
    options = SandboxOptions(
        latency_median_s=0.0,
        two_files=0.0,
        in_flight=None,
        window_requests=1_000_000,
        file_size_bytes=SIZE_BYTES,
    )
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(store_on_loopback(place))
        base_url = stack.enter_context(running_in_thread(options, place / "service.db"))
        (place / "work").mkdir()
        _write_manifest(place / "work" / "m.yaml", base_url, files, url)
        also = environment(store.url) | {"GROKIMAGINE_API_TOKEN": TOKEN}
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "-q", "run", "m.yaml"],
            cwd=place / "work",
            env={**os.environ, **also},
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        in_bucket = len([key for key in store.sizes() if key.endswith(".mp4")])
    spent_ms = (used.ru_utime + used.ru_stime) / files * 1000
    where = "bucket" if url else "local"
    sys.stdout.write(
        f"{where:7}{files:6} files, exit {process.returncode}, {in_bucket} in the bucket: "
        f"{spent_ms:.1f} ms of processor a file, at most {used.ru_maxrss / 1024:.0f} MB of memory\n"
    )


def _write_manifest(path: Path, base_url: str, files: int, url: str | None) -> None:
    prompts = "".join(f"  - {{id: p{number}, text: film {number}}}\n" for number in range(files))
    output = f"output: {{dir: '{url}'}}\n" if url else ""
    path.write_text(
        f"version: 1\nname: films\nprovider: {{base_url: '{base_url}'}}\nbudget: {{credits: {files * 40}}}\n"
        f"limits: {{requests_per_minute: 1000000}}\n{output}prompts:\n{prompts}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
