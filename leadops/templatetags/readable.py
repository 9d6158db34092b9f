"""Pages with forms: whether one came back with faults, and where one stands that was sent to what is no page; it calls no view."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BaseForm
from django.urls import Resolver404, resolve
from django.utils.translation import gettext


def page_above(path: str) -> str:
    """The nearest page that can be read: a form sent to /users/invite stands on /users."""
    while path != "/" and not can_be_read(path):
        path = path.rpartition("/")[0] or "/"
    return path


def can_be_read(path: str) -> bool:
    """Whether an address answers a GET: what `require_POST` and its like hold is asked of each wrapper of its view."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return False
    while view is not None:
        held = (
            dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True))
            if hasattr(view, "__code__")
            else {}
        )
        methods = held.get("request_method_list")
        if methods is not None and "GET" not in methods.cell_contents:
            return False
        view = getattr(view, "__wrapped__", None)
    return True


def readable_address(method: str | None, path: str, whole: str) -> str:
    """Where a reader of this answer may come back to; `whole` is the path with what was asked of it."""
    return whole if method in ("GET", "HEAD") or can_be_read(path) else page_above(path)


def fault_mark(context: template.Context) -> str:
    """“Error: ” before the title of a page whose form came back with faults: the first thing ears and tabs say."""
    faulty = any(
        isinstance(each, BaseForm) and each._errors for each in context.flatten().values()
    )  # never asked for here
    return gettext("Error: %(title)s") % {"title": ""} if faulty else ""
