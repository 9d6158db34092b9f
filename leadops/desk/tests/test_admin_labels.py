"""Every label of the admin is one of the catalogues, which hold it in French and English: no column's bare name is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist
from django.test import RequestFactory
from django.utils.functional import Promise

from leadops.access import actor_of
from leadops.desk.tests.desk_cast import client_of
from leadops.models import Role
from leadops.shipped import install_defaults
from leadops.testing import member
from leadops.versions.models import Version

pytestmark = pytest.mark.django_db
MODELS = [pytest.param(model, page, id=model._meta.label) for model, page in admin.site._registry.items()]


def shown(page: admin.ModelAdmin[Any], request: Any) -> set[str]:
    """Names of what the lists, filters and forms of a page hold."""
    columns = [each for each in page.get_list_display(request) if isinstance(each, str)]
    filters = [each[0] if isinstance(each, tuple) else each for each in page.get_list_filter(request)]
    forms = () if issubclass(page.model, Version) else page.get_fieldsets(request)  # a version's form is a page of ours
    names = {*columns, *(each for each in filters if isinstance(each, str)), *page.get_readonly_fields(request)}
    return names | set(flatten_fieldsets(forms))


def labels(model: Any, page: admin.ModelAdmin[Any], request: Any) -> Iterator[tuple[str, Any]]:
    own = {**page.form.declared_fields, **getattr(page.get_form(request), "declared_fields", {})}
    for name, field in own.items():
        yield from ((f"{name}'s help", field.help_text),) if field.help_text else ()
        yield name, field.label
    for name in shown(page, request) - set(own):
        try:
            column = model._meta.get_field(name)
        except FieldDoesNotExist:
            yield name, getattr(getattr(page, name, None) or getattr(model, name), "short_description", None)
            continue
        yield name, column.verbose_name
        yield from ((f"{name}: {code}", words) for code, words in column.choices or ())


@pytest.mark.parametrize("role", [Role.MARKETING_OPS, Role.REVENUE_OPS])
@pytest.mark.parametrize(("model", "kept_by"), MODELS)
def test_every_label_of_the_admin_is_translated(model: Any, kept_by: Any, role: str) -> None:
    request = RequestFactory().get("/")
    request.user = member("Ada", role)
    request.actor = actor_of(request.user)  # type: ignore[attr-defined]
    bare = {name: words for name, words in labels(model, kept_by, request) if not isinstance(words, Promise)}
    assert not bare, "give the column a verbose name, the method a description"


def test_the_list_of_reasons_reads_in_the_readers_language() -> None:
    install_defaults()
    page = client_of(member("Ines", Role.REVENUE_OPS), "fr").get("/admin/leadops/reason/").content.decode()
    assert "Libellé" in page and "&#x27;fr&#x27;:" not in page and "Usage" in page
