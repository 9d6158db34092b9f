"""The human pages of the API: Swagger UI from our own static files, started by a script file, nothing inline."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@login_required
def show_docs(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/api_docs.html")
