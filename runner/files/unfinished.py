"""Taking back the parts of an upload that a killed process had begun; nobody sees them, and all pay for them.

``obstore`` has no call for that, so these two requests of S3 (ListMultipartUploads, AbortMultipartUpload) are signed here
(AWS Signature Version 4), with the keys of the environment. Where a role gives the keys, and in other stores, the bucket's
own lifecycle rule does it (docs/storage.md).
"""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from runner.core.bucket_url import BucketUrl

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_PAGES_MAX = 100  # of a thousand uploads each
_ANSWER_BYTES = 1024 * 1024
_EMPTY = hashlib.sha256(b"").hexdigest()


async def abort_unfinished(url: BucketUrl, path: str) -> bool:
    """Abort the uploads in parts that were begun for this path of ours; whether that is certain to be done.

    Never raises for what the store does: an upload that cannot be taken back now does no harm but its price.
    """
    signer = _Signer.of(url, os.environ)
    if signer is None:
        return False
    key = f"{url.prefix}/{path}" if url.prefix else path
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            listed = await _asked(session, signer, "GET", "", {"prefix": key, "uploads": ""})
            for upload_id in uploads_of(listed, key):
                await _asked(session, signer, "DELETE", key, {"uploadId": upload_id})
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
    return True


async def abort_unfinished_below(url: BucketUrl, directory: str) -> bool:
    """The same for everything below a directory of ours."""
    signer = _Signer.of(url, os.environ)
    if signer is None:
        return False
    begin = f"{url.prefix}/{directory}/" if url.prefix else f"{directory}/"
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            return await _aborted_all(session, signer, begin)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False


async def _aborted_all(session: aiohttp.ClientSession, signer: "_Signer", begin: str) -> bool:
    """Whether no upload is left of keys that begin so."""
    for _ in range(_PAGES_MAX):
        if not await _aborted_page(session, signer, begin):
            return True
    return False


async def _aborted_page(session: aiohttp.ClientSession, signer: "_Signer", begin: str) -> int:
    """Abort the uploads of a first page of keys that begin so; how many they were."""
    listed = await _asked(session, signer, "GET", "", {"prefix": begin, "uploads": ""})
    found = [one for one in _all_uploads(listed) if one[0].startswith(begin)]
    for key, upload_id in found:
        await _asked(session, signer, "DELETE", key, {"uploadId": upload_id})
    return len(found)


def uploads_of(listed: str, key: str) -> list[str]:
    """The ids of the uploads of just this key in the store's answer."""
    return [upload_id for name, upload_id in _all_uploads(listed) if name == key]


def _all_uploads(listed: str) -> list[tuple[str, str]]:
    """The key and the id of each."""
    uploads = re.findall(r"<Upload>(.*?)</Upload>", listed, re.DOTALL)
    pairs = [(re.search(r"<Key>(.*?)</Key>", one, re.DOTALL), _ID.search(one)) for one in uploads]
    return [(unescape(name[1]), found[1]) for name, found in pairs if name and found]


_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    """What a request is signed with; never shown."""

    base: str
    region: str
    key_id: str
    secret: str
    session_token: str

    @classmethod
    def of(cls, url: BucketUrl, environ: Mapping[str, str]) -> "_Signer | None":
        key_id, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if url.scheme != "s3" or not key_id or not secret:
            return None
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        named = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
        endpoint = next((environ[name] for name in named if environ.get(name)), None)
        has_bucket = environ.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() in {"true", "1"} and endpoint
        base = (endpoint or f"https://s3.{region}.amazonaws.com").rstrip("/")
        base = base if has_bucket else f"{base}/{url.bucket}"
        return cls(base, region, key_id, secret, environ.get("AWS_SESSION_TOKEN", ""))

    def signed(
        self, method: str, key: str, query: Mapping[str, str], at: datetime
    ) -> tuple[str, dict[str, str]]:
        """The URL and the headers of a request without a body."""
        address = f"{self.base}/{quote(key, safe='/-_.~')}" if key else self.base
        text = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
        parts, stamp = urlsplit(address), at.strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": stamp}
        if self.session_token:
            headers["x-amz-security-token"] = self.session_token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = f"{method}\n{parts.path or '/'}\n{text}\n{lines}\n{names}\n{_EMPTY}"
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = hmac.new(
            self._key(stamp[:8]), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256"
        ).hexdigest()
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return f"{address}?{text}", headers

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        return key


async def _asked(
    session: aiohttp.ClientSession, signer: _Signer, method: str, key: str, query: Mapping[str, str]
) -> str:
    address, headers = signer.signed(method, key, query, datetime.now(UTC))
    # encoded: the signature is over this very spelling
    async with session.request(
        method, URL(address, encoded=True), headers=headers, allow_redirects=False
    ) as answer:
        answer.raise_for_status()
        answer_bytes = bytearray()
        async for block in answer.content.iter_chunked(65536):
            answer_bytes += block
            if len(answer_bytes) > _ANSWER_BYTES:
                break
        return answer_bytes.decode(errors="replace")
