"""Keeps an upload that is too large off the disk: its bytes are read over and never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from capture.imports.files import MOST_BYTES

AROUND = 256 * 1024  # bytes a form may have around its file


class Bounded(FileUploadHandler):
    """First in line: passes the pieces of a file on, or none of them."""

    too_large = False

    def handle_raw_input(
        self, input_data: Any, META: Mapping[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        self.too_large = content_length > MOST_BYTES + AROUND

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.too_large:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def bound(request: HttpRequest) -> Bounded:
    """Put the limit before whatever else takes the request's files."""
    handler = Bounded(request)
    request.upload_handlers = [handler, *request.upload_handlers]
    return handler
