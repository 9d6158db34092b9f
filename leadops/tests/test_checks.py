"""The house's own system checks: silent as shipped, each loud about its own fault."""

from __future__ import annotations

import copy
from unittest import mock

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.checks import run_checks

from leadops import checks

OWN = {"leadops.E002", "leadops.E003", "leadops.E004", "leadops.E005", "leadops.E011"}


def found() -> set[str]:
    return {str(message.id) for message in run_checks()} & OWN


def test_the_house_as_shipped_has_nothing_to_complain_about():
    assert found() == set()


@pytest.mark.parametrize(
    ("cluster", "change", "expected"),
    [
        ("now", {"orm": "other"}, {"leadops.E002"}),
        ("long", {"broker_class": "django_q.brokers.orm.ORM"}, {"leadops.E002"}),
        ("now", {"retry": 60}, {"leadops.E003", "leadops.E011"}),
        ("long", {"timeout": 7200}, {"leadops.E003", "leadops.E011"}),
        ("long", {"timeout": None}, {"leadops.E003", "leadops.E011"}),
        ("now", {"catch_up": True}, {"leadops.E004"}),
        ("now", {"max_attempts": 3}, {"leadops.E011"}),
        ("long", {"queue_limit": 50}, {"leadops.E011"}),
        ("now", {"name": "other"}, {"leadops.E011"}),
    ],
)
def test_a_cluster_set_up_otherwise_is_an_error(monkeypatch, cluster, change, expected):
    changed = copy.deepcopy(settings.Q_CLUSTER)
    (changed if cluster == "now" else changed["ALT_CLUSTERS"]["long"]).update(change)
    monkeypatch.setattr(settings, "Q_CLUSTER", changed)
    assert found() == expected


def test_catch_up_is_on_where_nothing_is_said(monkeypatch):
    changed = copy.deepcopy(settings.Q_CLUSTER)
    del changed["catch_up"]
    monkeypatch.setattr(settings, "Q_CLUSTER", changed)
    assert found() == {"leadops.E004"}


def test_the_queue_in_the_admin_is_an_error():
    with mock.patch.dict(admin.site._registry, {apps.get_model("django_q", "OrmQ"): object()}):
        assert [message.id for message in checks.the_queue_is_not_edited_by_hand(None)] == ["leadops.E005"]
    assert not checks.the_queue_is_not_edited_by_hand(None)
