"""Finds what can be filled in, by itself: every form of every page as a browser sees it, every verb of the API as its document says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator

PLAUSIBLE = {
    "email": "ada@acier.example", "number": "3", "date": "2026-03-10", "datetime-local": "2026-03-10T09:00", "time": "09:00",
    "url": "https://acier.example/", "tel": "+33 6 12 34 56 78", "month": "2026-03", "color": "#112233", "password": "quatre mots bien choisis",
}  # fmt: skip
CHOSEN = ("select", "checkbox", "radio", "hidden")
SENT_BY_NONE = ("submit", "button", "image", "reset", "file")


@dataclass(slots=True)
class Field:
    name: str
    kind: str  # of the input; textarea, select
    value: str


@dataclass(slots=True)
class Form:
    """Where it goes, and what a browser would send."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    @property
    def route(self) -> str:
        try:
            return str(resolve(urlsplit(self.action).path).route)
        except Resolver404:
            return self.action

    @property
    def like(self) -> tuple[str, str, frozenset[str]]:
        """The same for the form of every row of a list."""
        return self.route, self.method, frozenset(each.name for each in self.fields)

    def values(self) -> dict[str, str]:
        return {each.name: each.value or PLAUSIBLE.get(each.kind, "Ada") for each in self.fields}

    def free(self) -> list[Field]:
        """What somebody types; the rest is chosen among what is offered."""
        return [each for each in self.fields if each.kind not in CHOSEN]


class Page(HTMLParser):
    """The forms of one page."""

    def __init__(self, text: str, address: str) -> None:
        super().__init__()
        self.address, self.forms = address, list[Form]()
        self._open: Form | None = None
        self._select: Field | None = None
        self._area: Field | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(urljoin(self.address, a.get("action", "")), a.get("method", "get").upper())
            self.forms.append(self._open)
        elif self._open is not None and a.get("name", "") != "csrfmiddlewaretoken":
            self._control(tag, a, self._open)

    def _control(self, tag: str, a: dict[str, str], form: Form) -> None:
        if tag == "option" and self._select is not None:
            if "selected" in a or not self._select.value:
                self._select.value = a.get("value", "")
            return
        if tag not in ("input", "select", "textarea") or not a.get("name"):
            return
        kind = a.get("type", "text") if tag == "input" else tag
        if kind in SENT_BY_NONE or (kind in ("checkbox", "radio") and "checked" not in a):
            return
        form.fields.append(Field(a["name"], kind, a.get("value", "on" if kind == "checkbox" else "")))
        self._select = form.fields[-1] if tag == "select" else None
        self._area = form.fields[-1] if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._area = None


# -- the API ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verb:
    """One operation of the API's document."""

    method: str
    path: str
    body: Any  # a plausible one, or None
    queries: tuple[str, ...]

    @property
    def like(self) -> str:
        return plain(self.path)


def plain(path: str) -> str:
    """A route of Django and a path of the document, alike: parameters are nameless."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "*", path.strip("/"))


def verbs() -> Iterator[Verb]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    known = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shape = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            queries = tuple(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")
            yield Verb(method.upper(), path, None if shape is None else made(shape, known), queries)


BY_FORMAT = {"date": "2026-03-10", "date-time": "2026-03-10T09:00:00Z", "email": "ada@acier.example", "time": "09:00:00",
             "uuid": "00000000-0000-4000-8000-00000000dead", "uri": "https://acier.example/", "decimal": "3"}  # fmt: skip


def made(shape: dict[str, Any], known: dict[str, Any], depth: int = 0) -> Any:
    """A value of a shape: everything it may have, each the plainest there is."""
    if "$ref" in shape:
        return made(known[shape["$ref"].rsplit("/", 1)[-1]], known, depth)
    for several in ("allOf", "oneOf", "anyOf"):
        if several in shape:
            return made(shape[several][0], known, depth)
    if "enum" in shape:
        return shape["enum"][0]
    kind = shape.get("type")
    if kind == "object":
        inner = shape.get("properties", {}) if depth < 6 else {}
        return {name: made(each, known, depth + 1) for name, each in inner.items() if not each.get("readOnly")}
    if kind == "array":
        return [made(shape.get("items", {}), known, depth + 1)]
    plainest: dict[Any, Any] = {
        "integer": 1,
        "number": 1,
        "boolean": True,
        "string": BY_FORMAT.get(shape.get("format", ""), "ada"),
    }
    return plainest.get(kind, {})


Place = tuple[str | int, ...]


def leaves(value: Any, here: Place = ()) -> Iterator[Place]:
    """Where single values stand in a body; an empty object or list is one too."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*here, name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, (*here, number))
    else:
        yield here


def with_value(value: Any, place: Place, put: Any) -> Any:
    """The body with another value at one place."""
    if not place:
        return put
    first, *rest = place
    if isinstance(value, list):
        return [with_value(inner, tuple(rest), put) if number == first else inner for number, inner in enumerate(value)]
    return {name: with_value(inner, tuple(rest), put) if name == first else inner for name, inner in value.items()}
