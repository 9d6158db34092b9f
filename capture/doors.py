"""Reading a request before anything trusts it: who sends, how much, in what wrapping; bounded, and parses no body."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from capture.intake import MOST_BYTES


class Stopped(Exception):
    """The request is not taken: status, stable code, and the seconds to wait where waiting helps."""

    def __init__(self, status: int, code: str, retry_after: int = 0) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after


def sender(request: HttpRequest) -> str:
    """The address that the last trusted proxy saw; with no proxy, the peer's."""
    hops = settings.TRUSTED_PROXIES
    if hops:
        seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if len(seen) >= hops:
            return str(seen[-hops])[:64]
    return str(request.META.get("REMOTE_ADDR") or "local")


def headers_of(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def body_of(request: HttpRequest) -> bytes:
    """The raw body, never more than a byte over the limit in memory and never inflated."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise Stopped(415, "content-encoding")
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and (len(length) > 12 or int(length) > MOST_BYTES):
        raise Stopped(413, "too-large")
    try:
        raw = _read(request, length)
    except OSError as fault:  # the sender went away: nobody is left to answer
        raise Stopped(400, "incomplete") from fault
    if len(raw) > MOST_BYTES:
        raise Stopped(413, "too-large")
    if length.isdigit() and len(raw) < int(length):
        raise Stopped(400, "incomplete")
    return raw


def _read(request: HttpRequest, length: str) -> bytes:
    if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django reads nothing of a body that names no length; the server below knows where it ends.
        if not request.META.get("wsgi.input_terminated"):
            raise Stopped(411, "length-required")
        return bytes(request.META["wsgi.input"].read(MOST_BYTES + 1))
    return bytes(request.read(MOST_BYTES + 1))
