"""Mail services that `EMAIL_URL` may name, as settings of django-anymail: read at start-up, no secret is ever repeated."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import environ

# scheme → how its address is written; what it holds is in `anymail_settings`
PROVIDERS = {
    "mailgun": "mailgun://key@mail.example.com?region=eu",
    "postmark": "postmark://token",
    "brevo": "brevo://key",
    "mailjet": "mailjet://key:secret",
}
SCHEMES = (*environ.Env.EMAIL_SCHEMES, *PROVIDERS)
REGIONS = {"us": "https://api.mailgun.net/v3", "eu": "https://api.eu.mailgun.net/v3"}


def anymail_settings(url: str, timeout: int) -> dict[str, Any]:
    """EMAIL_BACKEND and ANYMAIL for an address of `PROVIDERS`; raises ValueError where a part is missing or unknown."""
    parts = urlsplit(url)
    user, _sep, place = parts.netloc.rpartition("@")
    first, _colon, second = (user or place).partition(":")
    first, second = unquote(first), unquote(second)
    region = parse_qs(parts.query).get("region", ["us"])[0]
    found = {
        "mailgun": {
            "MAILGUN_API_KEY": first if user else "",
            "MAILGUN_SENDER_DOMAIN": place,
            "MAILGUN_API_URL": REGIONS.get(region, ""),
        },
        "postmark": {"POSTMARK_SERVER_TOKEN": first},
        "brevo": {"BREVO_API_KEY": first},
        "mailjet": {"MAILJET_API_KEY": first, "MAILJET_SECRET_KEY": second},
    }[parts.scheme]
    if not all(found.values()) or parts.path.strip("/"):
        raise ValueError(parts.scheme)
    # who opens and who clicks is nobody's business here: it would also rewrite every link of a letter
    quiet = {"SEND_DEFAULTS": {"track_opens": False, "track_clicks": False}, "IGNORE_UNSUPPORTED_FEATURES": True}
    backend = f"anymail.backends.{parts.scheme}.EmailBackend"
    return {"EMAIL_BACKEND": backend, "ANYMAIL": {**found, **quiet, "REQUESTS_TIMEOUT": timeout}}
