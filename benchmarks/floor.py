"""Bare Django: one INSERT by the ORM for each post and nothing else, to be served as the house's web is; what the framework alone allows.

A program of its own, with settings of its own: `accept.bare` makes its database and serves it, nobody imports it.
"""

from __future__ import annotations

import json
import os
import uuid

import environ
from django.conf import settings


def _configure(url: str) -> None:
    database = environ.Env.db_url_config(url)
    database["CONN_MAX_AGE"] = None
    settings.configure(
        SECRET_KEY=uuid.uuid4().hex,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[],
        INSTALLED_APPS=[],
        USE_TZ=True,
        DATABASES={"default": database},
    )


if not settings.configured:
    _configure(os.environ["DATABASE_URL"])

import django  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

django.setup()


class Raw(models.Model):
    """A post as it came."""

    id = models.BigAutoField(primary_key=True)
    source = models.IntegerField()
    key = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    state = models.SmallIntegerField(default=0)
    body = models.JSONField()

    class Meta:
        app_label = "floor"
        db_table = "raw"
        managed = False

    def __str__(self) -> str:
        return self.key


def _told(content: dict[str, object], status: int) -> JsonResponse:
    """With its length, which Django leaves to a middleware: without it gunicorn cuts an answer into chunks."""
    answer = JsonResponse(content, status=status)
    answer.headers["Content-Length"] = str(len(answer.content))
    return answer


def health(_request: HttpRequest) -> JsonResponse:
    return _told({"status": "ok"}, 200)


def insert(request: HttpRequest, key: str) -> JsonResponse:
    """The one INSERT, committed before the answer."""
    row = Raw.objects.create(source=1, key=f"{key}{uuid.uuid4().hex}", body=json.loads(request.body))
    return _told({"id": row.pk}, 202)


urlpatterns = [path("healthz", health), path("in/<key>", insert)]
application = get_wsgi_application()
