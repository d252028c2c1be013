"""The provider: one account at the GrokImagine API, over aiohttp."""

import ssl
from urllib.parse import unquote, urlsplit

import aiohttp

from runner import __version__
from runner.core.announced import epoch_of
from runner.core.errors import UsageError
from runner.core.model import Capabilities, ProviderSettings
from runner.core.outcomes import (
    ErrorClass,
    GenerationRequest,
    NothingLearned,
    NotSent,
    Probe,
    RefusalKind,
    Refused,
    StatusOutcome,
    SubmitOutcome,
    TaskId,
    Unknown,
)
from runner.providers.grokimagine import fields, wire
from runner.providers.grokimagine.exchange import (
    CLOCK_CODES,
    Answered,
    Request,
    Unanswered,
    certificate_fault,
    departures,
    exchange,
    explained,
)
from runner.providers.secret import Redactor, Secret

POST_REUSE_S = 1.0
"""A POST takes a connection that is used again only within this time of its last answer.

The longer a connection lies idle, the likelier the server has just dropped it; a POST written into it is lost, and
nobody can prove that it was ("not sent" becomes "unknown", which holds credits). Servers wait 5 s and more.
"""

GET_REUSE_S = 4.0
"""Status questions may be repeated, so theirs lie longer; less than the 5 s after which common servers drop them."""

_NO_TASK = TaskId("task_0")
"""A well-formed name that no task has."""

_HEADERS = {
    "User-Agent": f"runner/{__version__}",  # the edge network refuses some libraries' default ones with 403
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


class Client:
    """A ``Provider``. Sessions open with the first call and close with ``close``; one event loop at a time."""

    def __init__(self, capabilities: Capabilities, settings: ProviderSettings, token: Secret) -> None:
        """Raises ``UsageError`` for a ``base_url``, ``proxy`` or ``ca_file`` that cannot be used."""
        self.capabilities = capabilities
        self._token = token
        self._timeouts = settings.timeouts
        self._base_url = _checked_base_url(settings.base_url)
        self._proxy = _checked_proxy(settings.proxy, self._base_url)
        self._tls = _tls(settings.ca_file)
        proxy_password = urlsplit(self._proxy or "").password or ""
        self._hide = Redactor([token.reveal(), proxy_password, unquote(proxy_password)])
        # One pool each, because a pool has one time of reuse.
        self._posts: aiohttp.ClientSession | None = None
        self._gets: aiohttp.ClientSession | None = None

    async def submit(self, request: GenerationRequest) -> SubmitOutcome:
        """POST /v1/generate, once."""
        if self._posts is None:
            self._posts = self._session(POST_REUSE_S)
        body = wire.submit_body(request)
        sent = self._request("POST", "/v1/generate", self._timeouts.submit_s, body=body)
        answer = await exchange(self._posts, sent)
        if isinstance(answer, Unanswered):
            return self._unsubmitted(answer)
        return wire.classify_submit(answer.status, answer.headers, answer.body, answer.complete, self._hide)

    async def status(self, task_id: TaskId) -> StatusOutcome:
        """GET /v1/status. A certificate that is not trusted comes back as a refusal (address): all calls stop."""
        return self._told(task_id, await self._asked(task_id))

    async def probe(self) -> Probe:
        """The same about a task that there is not; ``NotFound`` means that all is well."""
        answer = await self._asked(_NO_TASK)
        date = None if isinstance(answer, Unanswered) else answer.headers.get("Date")
        return Probe(self._told(_NO_TASK, answer), None if date is None else epoch_of(date))

    async def close(self) -> None:
        """Close both sessions."""
        sessions, self._posts, self._gets = (self._posts, self._gets), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    async def _asked(self, task_id: TaskId) -> Answered | Unanswered:
        if self._gets is None:
            self._gets = self._session(GET_REUSE_S)
        # Only as a parameter, which is encoded; never joined into the URL.
        sent = self._request("GET", "/v1/status", self._timeouts.status_s, params={"task_id": task_id})
        return await exchange(self._gets, sent)

    def _told(self, task_id: TaskId, answer: Answered | Unanswered) -> StatusOutcome:
        if isinstance(answer, Unanswered):
            if not answer.left and certificate_fault(answer.error) is not None:
                return Refused(RefusalKind.ADDRESS, self._reason(answer.error), ErrorClass.SERVICE)
            return NothingLearned(self._reason(answer.error), reached=False)
        return wire.classify_status(
            task_id, answer.status, answer.headers, answer.body, answer.complete, self._hide
        )

    def _session(self, reuse_s: float) -> aiohttp.ClientSession:
        # limit=0: how many requests run at once is the engine's decision; a pool that blocks would only time out.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=reuse_s, ssl=self._tls)
        return aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # no proxy from the environment, no password from netrc
            auto_decompress=False,  # a decompression bomb is inflated by nobody
            timeout=aiohttp.ClientTimeout(total=None, connect=self._timeouts.connect_s),
            trace_configs=[departures()],
        )

    def _request(
        self,
        method: str,
        path: str,
        answer_s: float,
        *,
        body: bytes | None = None,
        params: dict[str, str] | None = None,
    ) -> Request:
        # The token stands in the one request, not in the session: it can go nowhere but to this URL.
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        headers |= {"Cache-Control": "no-cache"} if body is None else {"Content-Type": "application/json"}
        return Request(
            method,
            self._base_url + path,
            headers,
            self._timeouts.connect_s + answer_s,
            body,
            params or {},
            self._proxy,
        )

    def _unsubmitted(self, answer: Unanswered) -> NotSent | Unknown:
        reason = self._reason(answer.error)
        if answer.left:
            return Unknown(reason)
        return NotSent(reason, stops_run=certificate_fault(answer.error) is not None)

    def _reason(self, error: Exception) -> str:
        fault = certificate_fault(error)
        text = explained(error) if fault is None else _certificate_reason(fault)
        return fields.cut(self._hide(fields.shown(text)))


def _certificate_reason(fault: ssl.SSLCertVerificationError) -> str:
    text = f"the certificate of the service is not trusted: {fault.verify_message}"
    if fault.verify_code in CLOCK_CODES:
        return f"{text} - is the clock of this computer right?"
    return f"{text.rstrip('.')} - check provider.base_url, and provider.ca_file if the service has its own authority"


def _checked_base_url(text: str) -> str:
    """``text`` without a slash at its end; a path is kept, anything that could carry a secret is refused."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "base_url is not the address of a service - write it like https://grokimagineapi.com"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError("base_url holds more than an address - leave out user, password, '?' and '#'")
    return text.rstrip("/")


def _checked_proxy(text: str | None, base_url: str) -> str | None:
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "proxy is not the address of an HTTP proxy - write it like http://proxy.example:3128"
        )
    if base_url.startswith("http:"):
        # Plain HTTP is not tunnelled: the proxy itself would be handed the token.
        raise UsageError("a proxy needs a base_url with https - with http the proxy would read the token")
    return text


def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Certificates and host names are always checked; ``ca_file`` stands in for the system's authorities."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(
            f"ca_file {ca_file!r} cannot be used: {reason}; name a file with certificates in PEM form"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
