"""The builder in the stock Django admin: buttons do not save, a save does, nothing but plain form posts is needed."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from leadops.conditions.form import ConditionField
from leadops.conditions.tests.models import Row
from leadops.conditions.tests.test_form import Inputs, posted
from leadops.conditions.tests.vocabulary import ROWS


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    attributes = ConditionField(vocabulary=ROWS)

    class Meta:
        model = Row
        fields = ["attributes"]


class RowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = RowForm

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return True

    has_change_permission = has_view_permission  # who may is tested where access is decided

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """No log row: the test table has no content type."""

    def response_change(self, request: Any, obj: Any) -> Any:
        return "saved"


@pytest.fixture
def change(rows: list[Row], rf: RequestFactory) -> Any:
    place = admin.AdminSite()
    desk = RowAdmin(Row, place)

    def send(pairs: list[tuple[str, str]] | None = None) -> Any:
        request = (
            rf.get("/")
            if pairs is None
            else rf.post("/", posted(pairs).urlencode(), "application/x-www-form-urlencoded")
        )
        request.user = AnonymousUser()
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return desk.changeform_view(request, str(rows[0].pk))

    return send


def form_of(response: Any) -> str:
    return str(response.context_data["adminform"].form["attributes"])


def test_a_condition_is_built_and_saved_in_the_admin(change: Any, rows: list[Row]) -> None:
    page = Inputs(form_of(change()))
    page = Inputs(form_of(change([*page.sent, ("attributes-do", "add:")])))
    sent = [*page.sent, ("attributes-0-field", "free_mail"), ("attributes-do", "refresh:0")]
    answer = change(sent)
    assert answer.context_data["errors"], "the page says that nothing is saved yet"
    assert Row.objects.get(pk=rows[0].pk).attributes == rows[0].attributes
    assert change(Inputs(form_of(answer)).sent) == "saved"
    expected = {"all": [{"field": "free_mail", "op": "is_true"}]}
    assert Row.objects.get(pk=rows[0].pk).attributes == expected


def test_the_admin_page_loads_the_builders_style(change: Any) -> None:
    assert "css/conditions.css" in str(change().context_data["media"])
