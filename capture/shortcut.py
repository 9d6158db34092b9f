"""The intake's way past sessions, sign-in and pages: none of them is for a machine that posts; answers nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from capture import views

PREFIX = "/in/"
# What the skipped middleware would have said about an answer that is no page.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def intake_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Half the time of an accept went into middleware made for people at a desk."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        response = views.take_submission(request, request.path_info[len(PREFIX) :])
        for name, value in HEADERS.items():
            response[name] = value
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware
