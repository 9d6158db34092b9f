"""Web door: gunicorn serves pages, API and intake through this; a header nobody can read never costs a submission."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadops.settings")


class HouseRequest(WSGIRequest):
    """Django's request, for which a Content-Type or a length that cannot be read is none, instead of a 500."""

    def __init__(self, environ: dict[str, Any]) -> None:
        if not str(environ.get("CONTENT_LENGTH", "")).isdecimal():
            environ["CONTENT_LENGTH"] = ""
        super().__init__(environ)

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
            "x".encode(self._encoding or "utf-8")  # type: ignore[has-type]  # of nothing, no codec is asked
        except (LookupError, ValueError):  # an encoding that is unknown, or is none of text (zlib, hex)
            self.content_type, self.content_params = "", {}
            self._encoding = None


class HouseHandler(WSGIHandler):
    request_class = HouseRequest


django.setup(set_prefix=False)
pages = HouseHandler()

from capture.shortcut import straight  # noqa: E402  (needs the apps)
from leadops.platform import memory  # noqa: E402

import_module(settings.ROOT_URLCONF)  # every view, before anybody asks for a page
memory.settle()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """What is posted to the intake is answered at once; everything else is Django's."""
    taken = straight(environ, start_response)
    return pages(environ, start_response) if taken is None else taken
