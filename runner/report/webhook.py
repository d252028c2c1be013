"""Sending a notification, in a few seconds or not at all.

It has nothing of the client that talks to the service: no token, no cookies, no proxy, no redirects. Nothing that the other
side does is followed, shown or kept.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from runner import __version__


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a delivery may take, in seconds.

    ``step_s`` is for each step of the exchange, ``pause_s`` lies before the second try, ``whole_s`` is for all of it: a
    server that drips a byte at a time, or a name that nobody resolves, ends there.
    """

    step_s: float = 2.0
    pause_s: float = 0.5
    whole_s: float = 5.0


USUAL = Patience()


def post(url: str, body: bytes, patience: Patience = USUAL) -> str | None:
    """POST JSON to a faultless address, at most twice; ``None`` where it was taken, else why not.

    Returns when ``patience`` ends, at the latest. The words hold neither the address nor anything that the server said.
    """
    delivery = _Delivery(url, body, patience)
    # In a daemon: a name that the system's resolver does not answer for can be waited for, but not be given up.
    thread = threading.Thread(target=delivery.run, name="notification", daemon=True)
    thread.start()
    thread.join(patience.whole_s)
    if thread.is_alive():
        delivery.give_up()
        return f"no answer within {patience.whole_s:g} s"
    return delivery.failure


class _Delivery:
    """One notification on its way; ``failure`` says why the last try failed."""

    def __init__(self, url: str, body: bytes, patience: Patience) -> None:
        self._parts = urlsplit(url)
        self._body = body
        self._patience = patience
        self._is_given_up = False
        self._connection: http.client.HTTPConnection | None = None
        self.failure: str | None = None

    def run(self) -> None:
        """Try, and try once more where the first one failed for a passing reason."""
        if self._try() and not self._is_given_up:
            time.sleep(self._patience.pause_s)
            self._try()

    def give_up(self) -> None:
        """End the exchange from another thread."""
        self._is_given_up = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _try(self) -> bool:
        """Whether another try makes sense."""
        self._connection = connection = self._connected()
        try:
            target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
            headers = {"Content-Type": "application/json", "User-Agent": f"runner/{__version__}"}
            connection.request("POST", target, self._body, headers | {"Connection": "close"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.failure = _words(error, self._patience.step_s)
            return True
        finally:
            connection.close()
        self.failure = _refusal(status)
        return status >= 500 or status == 429

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._patience.step_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._patience.step_s, context=context)


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    redirects = ", and redirects are not followed" if 300 <= status < 400 else ""
    return f"the server answered {status}{redirects}"


def _words(error: Exception, step_s: float) -> str:
    """What happened, by class: the text of such an error may repeat the address."""
    match error:
        case TimeoutError():
            return f"no answer within {step_s:g} s"
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted"
        case ssl.SSLError():
            return "no TLS connection could be made"
        case socket.gaierror():
            return "its name cannot be resolved"
        case http.client.HTTPException() | ValueError():
            return "what it answered is not HTTP"
        case OSError(strerror=str(reason)):
            return reason
        case _:
            return "the connection failed"
