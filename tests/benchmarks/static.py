"""One static server for everybody who downloads: nginx from Debian, a process of its own, on loopback."""

import contextlib
import grp
import os
import pwd
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM

from tests.benchmarks.environments import program
from tests.benchmarks.measured import Child, FailedError, run_whole

_START_S = 10.0
# In a process of its own: what it imports would count as memory of every contestant.
_MAKE_VIDEO = """
import sys
from runner.sandbox.videos import video_of
video = video_of("task_0", 1, "1:1", int(sys.argv[1]))
open("video.mp4", "wb").write(video.part(0, video.size_bytes))
"""
_CONFIGURATION = """\
user {user} {group};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    types {{ video/mp4 mp4; }}
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location /files/ {{ rewrite ^ /video.mp4 break; }}
    }}
}}
"""


@contextlib.contextmanager
def static_server(folder: Path, size_bytes: int) -> Iterator[str]:
    """A server that has the same video of this size under every path below ``/files/``; gives its base URL."""
    folder.mkdir(parents=True)
    run_whole([sys.executable, "-c", _MAKE_VIDEO, str(size_bytes)], folder)
    port = _free_port()
    configuration = folder / "nginx.conf"
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    text = _CONFIGURATION.format(folder=folder, port=port, user=user, group=group)
    configuration.write_text(text, encoding="utf-8")
    command = [program("nginx", "nginx-light"), "-e", str(folder / "error.log"), "-c", str(configuration)]
    child = Child(command, folder, folder / "log.txt")
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait_for(child, f"{base_url}/files/0.mp4")
        yield base_url
    finally:
        child.signal(SIGTERM)  # not killed, also after a failure: its worker would outlive it
        child.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def _wait_for(child: Child, url: str) -> None:
    deadline = time.monotonic() + _START_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and child.runs:
        with contextlib.suppress(OSError), direct.open(url, timeout=5) as response:
            response.read()
            return
        time.sleep(0.05)
    raise FailedError(f"nginx did not serve: {child.log.read_text(encoding='utf-8')}")
