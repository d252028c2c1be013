"""Who is let in: whoever knows the token, asks this machine by one of its own names, and is no other site's page.

Listening on loopback alone keeps nobody out: every page that a browser shows may send requests to loopback, and a name of
somebody else's may be made to lead there (DNS rebinding).
"""

import hmac
import re
import secrets
from collections.abc import Mapping

from aiohttp import web

TOKEN_BYTES = 32

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_OURSELVES = frozenset({"same-origin", "none"})

HEADERS: Mapping[str, str] = {
    "Server": "runner",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Of every answer; the page has a policy that lets it work."""


def new_token() -> str:
    """A token that nobody guesses, fit for a path."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def refusal_of(request: web.BaseRequest) -> tuple[int, str] | None:
    """Why a request is not looked at any further, as status and text; ``None`` where it is."""
    host = request.headers.getall("Host", [])
    if len(host) != 1 or not _HOST.fullmatch(host[0]):
        return 403, "the address must be that of this machine: 127.0.0.1, localhost or [::1]"
    if any(origin.lower() != f"http://{host[0]}".lower() for origin in request.headers.getall("Origin", [])):
        return 403, "pages of other sites may not ask"
    if request.method == "POST":
        return _refusal_of_writing(request)
    if request.method not in ("GET", "HEAD"):
        return 405, "only GET, HEAD and POST are answered"
    return None


def inner_path(raw_path: str, token: str) -> str | None:
    """What of a path as it was sent stands behind ``/<token>``; ``None`` where the token is missing or another."""
    _, _, rest = raw_path.partition("?")[0].partition("/")
    given, slash, inner = rest.partition("/")
    # compare_digest: how long a comparison takes must not tell how much of the token is right.
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        return None
    return slash + inner


def _refusal_of_writing(request: web.BaseRequest) -> tuple[int, str] | None:
    if any(site not in _OURSELVES for site in request.headers.getall("Sec-Fetch-Site", [])):
        return 403, "pages of other sites may not write"
    if request.content_type != "application/json":
        # A form of another site can send the other types without asking first.
        return 415, "a choice is sent as application/json"
    return None
