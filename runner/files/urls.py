"""Which URLs are followed: http(s), nobody's credentials, never from https down to http."""

import hashlib
import re

from yarl import URL

from runner.files.addresses import AddressPolicy, literal_class
from runner.files.outcomes import Broken, EndedError, Refused

_LONGEST = 8192


def checked_url(text: str, policy: AddressPolicy, *, came_from: URL | None = None) -> URL:
    """The URL to ask, resolved against the hop before it.

    Raises ``EndedError`` with ``Refused`` where the policy forbids it and with ``Broken`` where it is no URL.
    Reasons name the host, never the query: that holds the signature.
    """
    url = _parsed(text)
    if came_from is not None:
        url = came_from.join(url)
    if url.scheme not in {"http", "https"} or not url.host:
        raise EndedError(Refused(f"not an http(s) URL: {url.scheme or 'no scheme'}"))
    if url.raw_user is not None or url.raw_password is not None:
        raise EndedError(Refused(f"a URL with credentials in it, at {url.host}"))
    if url.scheme == "http" and (
        not policy.allow_http or (came_from is not None and came_from.scheme == "https")
    ):
        raise EndedError(Refused(f"http instead of https, at {url.host}"))
    # The sockets are checked too; this one also holds where a proxy makes the connection.
    literal = literal_class(url.host)
    if literal is not None and not policy.allows_class(literal):
        raise EndedError(Refused(f"{url.host} is a {literal} address"))
    return url


def resource_of(url: str) -> str:
    """A short name of what the URL points to, whatever its signature: the same for a refreshed URL of one file."""
    return hashlib.sha256(re.split(r"[?#]", url, maxsplit=1)[0].encode(errors="replace")).hexdigest()[:16]


def _parsed(text: str) -> URL:
    try:
        # As it is, if it can be sent as it is: requoting may break a signature over the path.
        url = URL(text, encoded=re.fullmatch(r"[\x21-\x7e]+", text) is not None)
        _ = url.host, url.port  # read lazily, and only then found wrong
    except ValueError as error:
        raise EndedError(Broken("not a URL")) from error
    if len(text) > _LONGEST:
        raise EndedError(Broken(f"a URL of {len(text)} characters"))
    return url
