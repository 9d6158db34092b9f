"""Reading a request before anything trusts it: who sends, how much, in what wrapping; bounded, and parses no body.

`meta` is the WSGI environment of the request, as Django keeps it in `request.META`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import get_path_info, get_script_name
from django.http import HttpRequest

from capture.intake import MOST_BYTES

_UNMARKED = (("content-type", "CONTENT_TYPE"), ("content-length", "CONTENT_LENGTH"))


class Stopped(Exception):
    """The request is not taken: status, stable code, and the seconds to wait where waiting helps."""

    def __init__(self, status: int, code: str, retry_after: int = 0) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Addressed(HttpRequest):
    """A request as far as its address goes: nothing of what it says of itself is read, so that nothing of it can fail."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__()
        self.META = dict(meta)
        self.path_info = get_path_info(self.META)
        self.path = get_script_name(self.META).rstrip("/") + self.path_info

    def _get_scheme(self) -> str:
        return str(self.META.get("wsgi.url_scheme", "http"))


def sender(meta: Mapping[str, Any]) -> str:
    """The address that the last trusted proxy saw; with no proxy, the peer's."""
    hops = settings.TRUSTED_PROXIES
    if hops:
        seen = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if len(seen) >= hops:
            return str(seen[-hops])[:64]
    return str(meta.get("REMOTE_ADDR") or "local")


def headers_of(meta: Mapping[str, Any]) -> dict[str, str]:
    """By lower-case name."""
    found = {name[5:].replace("_", "-").lower(): value for name, value in meta.items() if name.startswith("HTTP_")}
    found.update((name, meta[key]) for name, key in _UNMARKED if meta.get(key))
    return found


def body_of(meta: Mapping[str, Any]) -> bytes:
    """The raw body, never more than a byte over the limit in memory and never inflated."""
    if meta.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise Stopped(415, "content-encoding")
    given = meta.get("CONTENT_LENGTH") or ""
    length = int(given) if given.isascii() and given.isdigit() and len(given) <= 12 else None
    if (length or 0) > MOST_BYTES or (length is None and given.isdigit()):
        raise Stopped(413, "too-large")
    try:
        raw = _read(meta, length)
    except OSError as fault:  # the sender went away: nobody is left to answer
        raise Stopped(400, "incomplete") from fault
    if len(raw) > MOST_BYTES:
        raise Stopped(413, "too-large")
    if length is not None and len(raw) < length:
        raise Stopped(400, "incomplete")
    return raw


def _read(meta: Mapping[str, Any], length: int | None) -> bytes:
    if length is not None:
        return _whole(meta["wsgi.input"], length)
    if "chunked" not in meta.get("HTTP_TRANSFER_ENCODING", "").lower():
        return b""
    # Without a length only the server below may know where the body ends.
    if not meta.get("wsgi.input_terminated"):
        raise Stopped(411, "length-required")
    return _whole(meta["wsgi.input"], MOST_BYTES + 1)


def _whole(stream: Any, length: int) -> bytes:
    """So many bytes, or what came before the end: a stream may give less than asked for at a time."""
    parts, left = [], length
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
