"""What every answer of the house says to browsers, whoever asks and whatever they get; asked of each cell of the matrix."""

from __future__ import annotations

import re
from typing import Any

SAME = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FRAMED = re.compile(r"^/f/[^/]+$")  # a hosted form may stand in the pages it names, nothing else may be framed at all
VERSION = re.compile(r"(django|gunicorn|python|uvicorn|leadops)[/ ]?\d", re.IGNORECASE)
LIVE = re.compile(r"http://(127\.0\.0\.1|localhost):\d+")  # the stream of the demo and of tests, on this machine
ALWAYS = ("default-src", "object-src 'none'", "base-uri 'none'", "form-action", "frame-ancestors")


def faults(path: str, response: Any, signed_in: bool) -> list[str]:
    """What is missing or too much; empty = all as promised."""
    said = response.headers
    found = [f"{name} is {said.get(name)!r}" for name, value in SAME.items() if said.get(name) != value]
    found += _policy(path, said.get("Content-Security-Policy", ""))
    if "camera=()" not in said.get("Permissions-Policy", ""):
        found.append("no Permissions-Policy")
    if not (FRAMED.match(path) or path.startswith("/static/")) and said.get("X-Frame-Options") != "DENY":
        found.append(f"X-Frame-Options is {said.get('X-Frame-Options')!r}")
    if signed_in and "no-store" not in said.get("Cache-Control", ""):
        found.append(f"may be kept: Cache-Control {said.get('Cache-Control')!r}")
    told = [name for name, value in said.items() if VERSION.search(value) and name != "Content-Disposition"]
    return [*found, *(f"{name} tells a version" for name in told), *_cookies(response)]


def _policy(path: str, policy: str) -> list[str]:
    if policy == "default-src 'none'; frame-ancestors 'none'":
        return []
    policy = LIVE.sub("", policy)
    found = [f"the policy lacks {part}" for part in ALWAYS if part not in policy]
    found += [
        f"the policy has {word}" for word in ("'unsafe-inline'", "'unsafe-eval'", " *", "http:") if word in policy
    ]
    if not FRAMED.match(path) and "frame-ancestors 'none'" not in policy:
        found.append("may be framed")
    return found


def _cookies(response: Any) -> list[str]:
    found = []
    for name, cookie in response.cookies.items():
        if not cookie.value:  # taken away
            continue
        wrong = [part for part, value in (("samesite", "Lax"), ("path", "/"), ("domain", "")) if cookie[part] != value]
        if "session" in name and not cookie["httponly"]:
            wrong.append("httponly")
        found += [f"cookie {name}: {part}" for part in wrong]
    return found
