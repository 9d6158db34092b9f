"""What an answer that is no page says about itself to browsers, wherever it comes from; it knows neither Django nor gunicorn."""

from __future__ import annotations

UNSEEN = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
