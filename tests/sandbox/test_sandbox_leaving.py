"""A sandbox that stops while it still owes answers."""

import gc
import socket
import time
from urllib.parse import urlsplit

from runner.sandbox import SandboxOptions, running_in_thread

BODY = b'{"prompt": "a fox", "mode": "normal", "ratio": "1:1"}'
REQUEST = b"POST /v1/generate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Length: %d\r\n\r\n%s"


def test_answers_that_nobody_waits_for_any_more_end_without_a_word(caplog):
    with running_in_thread(SandboxOptions(answer_delay_s=30.0), None) as base_url:
        with socket.create_connection(("127.0.0.1", urlsplit(base_url).port)) as client:
            client.sendall(REQUEST % (len(BODY), BODY))
            time.sleep(0.1)
        time.sleep(0.1)
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []
