"""Bytes to plain values without surprises: encodings, strict JSON, forms, all bounded; never guesses a broken body.

`bounded_json` is for the first look (None instead of an error), `strict_json` and `form_fields` for reading.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from capture.adapters.base import Unreadable

PEEK_BYTES = 1024 * 1024
PEEK_DEPTH = 32
READ_DEPTH = 64
MOST_FORM_FIELDS = 200
LONGEST_EXACT_INT = 1000  # digits; beyond, the number is kept as the text it was sent as
_boms = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_spoken_charsets = {
    "latin-1": "cp1252", "latin1": "cp1252", "iso-8859-1": "cp1252", "cp1252": "cp1252", "windows-1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
}  # fmt: skip
_charset = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
# A string that is never closed runs to the end: the pattern never fails, so that no body makes it go back.
STRING = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
_strings = re.compile(STRING, re.DOTALL)
_brackets = re.compile(r"[\[\]{}]")


def content_kind(content_type: str) -> tuple[str, str]:
    """The media type and charset of a Content-Type header, lower case; never an error."""
    charset = _charset.search(content_type)
    return content_type.partition(";")[0].strip().lower(), charset.group(1).lower() if charset else ""


def encoding_of(raw: bytes) -> tuple[str, int]:
    """The Unicode form of a body and the length of its mark; JSON's own rule where there is no mark."""
    if raw[:1] == b"{" and raw[1:2] != b"\x00":  # no mark begins so, and the wider forms have a zero here
        return "utf-8", 0
    for mark, name in _boms:
        if raw.startswith(mark):
            return name, len(mark)
    return json.detect_encoding(raw[:4]), 0


def text_of(raw: bytes, charset: str = "") -> str:
    """The body as text, by its mark, its zero bytes, or the charset it names; wrong bytes are `Unreadable`."""
    encoding, skip = encoding_of(raw)
    if encoding == "utf-8" and not skip and charset in _spoken_charsets:
        encoding = _spoken_charsets[charset]
    try:
        return raw[skip:].decode(encoding)
    except UnicodeDecodeError as fault:
        raise Unreadable("encoding", f"The bytes are not {encoding}: {fault.reason} at {fault.start}.") from fault


def too_deep(text: str, limit: int) -> bool:
    """Whether the brackets nest deeper than the limit; few brackets cannot, and most bodies have few."""
    return text.count("{") + text.count("[") > limit and depth_of(text, limit) > limit


def depth_of(text: str, limit: int) -> int:
    """How deep the brackets nest, counted no further than one past the limit."""
    level = deepest = 0
    for found in _brackets.finditer(_strings.sub("", text)):
        level += 1 if found.group() in "[{" else -1
        deepest = max(deepest, level)
        if deepest > limit:
            break
    return deepest


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_EXACT_INT else text


def _fraction(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _not_json(constant: str) -> NoReturn:
    raise Unreadable("json-constant", f"{constant} is not JSON.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Unreadable("json-duplicate-key", f"The key {twice[:80]!r} stands twice in one object.")
    return found


_strict = json.JSONDecoder(
    object_pairs_hook=_each_once, parse_int=_whole, parse_float=_fraction, parse_constant=_not_json
)
_loose = json.JSONDecoder(parse_int=_whole, parse_float=_fraction)


def strict_json(raw: bytes, charset: str = "") -> Any:
    """One JSON document, every key once, no constants that JSON lacks, of sane depth."""
    if not raw.strip(b" \t\r\n\x00"):
        raise Unreadable("empty", "The body is empty.")
    text = text_of(raw, charset)
    if too_deep(text, READ_DEPTH):
        raise Unreadable("json-depth", f"The JSON nests deeper than {READ_DEPTH} levels.")
    try:
        return _strict.decode(text)
    except (ValueError, RecursionError) as fault:
        raise Unreadable("json", f"The body is not JSON: {fault}"[:400]) from fault


def bounded_json(raw: bytes) -> Any:
    """A body's JSON for the first look, or None: too large, too deep, not JSON."""
    if len(raw) > PEEK_BYTES:
        return None
    try:
        text = text_of(raw)
        return None if too_deep(text, PEEK_DEPTH) else _loose.decode(text)
    except (Unreadable, ValueError, RecursionError):
        return None


class _FilesLeftOut(FileUploadHandler):
    """Notes the names of files and reads none of them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[tuple[str, str]] = []

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        self.names.append((str(field_name), str(file_name)))
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def form_fields(raw: bytes, content_type: str) -> dict[str, list[str]]:
    """The fields of a posted form, urlencoded or multipart; of files only the names."""
    kind, charset = content_kind(content_type)
    if not raw:
        raise Unreadable("empty", "The body is empty.")
    if kind == "multipart/form-data":
        return _multipart(raw, content_type, charset)
    encoding = _spoken_charsets.get(charset, "utf-8")
    try:
        pairs = parse_qsl(
            raw.decode(encoding), keep_blank_values=True, encoding=encoding, errors="strict",
            max_num_fields=MOST_FORM_FIELDS,
        )  # fmt: skip
    except UnicodeDecodeError as fault:
        raise Unreadable("encoding", f"The form is not {encoding}.") from fault
    except ValueError as fault:
        raise Unreadable("too-many-fields", f"The form has more than {MOST_FORM_FIELDS} fields.") from fault
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _multipart(raw: bytes, content_type: str, charset: str) -> dict[str, list[str]]:
    left_out = _FilesLeftOut()
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(raw))}
    encoding = _spoken_charsets.get(charset, "utf-8")
    try:
        post, _files = MultiPartParser(meta, BytesIO(raw), [left_out], encoding).parse()
    except (MultiPartParserError, SuspiciousOperation, ValueError, LookupError) as fault:
        many = isinstance(fault, SuspiciousOperation)
        raise Unreadable("too-many-fields" if many else "form", f"The form cannot be read: {fault}"[:400]) from fault
    fields = {str(name): [str(v) for v in post.getlist(name)] for name in post}
    for name, file_name in left_out.names:
        fields.setdefault(name, []).append(file_name)
    if not fields:
        raise Unreadable("form", "The form has no fields.")
    if sum(map(len, fields.values())) > MOST_FORM_FIELDS:
        raise Unreadable("too-many-fields", f"The form has more than {MOST_FORM_FIELDS} fields.")
    return fields


_tokens = re.compile(STRING + r'|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)


def value_spans(raw: bytes, names: frozenset[str]) -> tuple[list[tuple[int, int, str]], str]:
    """Where the plain values of these keys stand, in bytes, whatever else is wrong with the JSON; and the encoding."""
    encoding, skip = encoding_of(raw)
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    try:
        text = raw[skip:].decode(encoding, errors)
    except UnicodeDecodeError:  # half a character at the end of UTF-16 or 32
        text = raw[skip:].decode("latin-1")
        encoding, errors = "latin-1", "strict"
    spans: list[tuple[int, int, str]] = []
    before, done, at = ("", ""), 0, skip
    for found in _tokens.finditer(text):
        token = found.group()
        if before[1] == ":" and token[0] not in "{}[]:," and unquoted(before[0]) in names:
            start = at + len(text[done : found.start()].encode(encoding, errors))
            done, at = found.end(), start + len(token.encode(encoding, errors))
            spans.append((start, at, unquoted(token)))
        before = (before[1], token)
    return spans, encoding


def unquoted(token: str) -> str:
    """The text of a JSON string token; any other token as it stands."""
    if not token.startswith('"'):
        return token
    if "\\" not in token:
        return token.strip('"')
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')
