"""System checks of the house that need no app: the queue is set up as `architecture.md` §8 says. They change nothing.

leadops.E001 failpoints outside the fault campaign, E002 broker database, E003 retry and timeout, E004 catch-up, E005 the queue's tables in the admin, E011 the rest.
The check of the business clock (E010) lives in `moment`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.checks import CheckMessage, Error, register

from leadops.failpoints import VARIABLE

BROKER = "leadops.platform.queue.SkipLocked"
EVERYWHERE = {"max_attempts": 1, "ack_failures": True, "queue_limit": 10, "bulk": 5}
WANTED: dict[str, dict[str, Any]] = {
    "now": {**EVERYWHERE, "retry": 900, "timeout": 60},
    "long": {**EVERYWHERE, "retry": 7200, "timeout": 3600},
}


def clusters() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every cluster by name with its settings; an alternative one starts from those of the first."""
    first: dict[str, Any] = dict(settings.Q_CLUSTER)
    others: Mapping[str, Mapping[str, Any]] = first.pop("ALT_CLUSTERS", {})
    yield first.get("name", ""), first
    for name, own in others.items():
        yield name, {**first, **own}


@register()
def faults_are_asked_for_by_the_campaign_alone(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E001: a house in use never ends its own processes."""
    if VARIABLE not in os.environ or getattr(settings, "CHAOS", False):
        return []
    return [Error(f"{VARIABLE} is set, and this is no house of `make chaos`", hint="Unset it.", id="leadops.E001")]


@register()
def the_queue_is_in_the_default_database(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E002: a task and the row it belongs to commit together only on one connection."""
    return [
        Error(
            f"cluster {name!r} keeps its queue elsewhere (orm={own.get('orm')!r}, broker={own.get('broker_class')!r})",
            hint=f"Set orm to 'default' and broker_class to {BROKER!r}.",
            id="leadops.E002",
        )
        for name, own in clusters()
        if own.get("orm") != "default" or own.get("broker_class") != BROKER
    ]


@register()
def a_task_is_given_up_before_it_is_handed_out_again(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    """leadops.E003: with retry <= timeout a task that still runs would be started a second time."""
    return [
        Error(
            f"cluster {name!r}: retry ({own.get('retry', 0)} s) is not longer than timeout ({own.get('timeout')} s)",
            id="leadops.E003",
        )
        for name, own in clusters()
        if not own.get("timeout") or own.get("retry", 0) <= own["timeout"]
    ]


@register()
def nothing_missed_is_replayed(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E004: after a pause django-q2 would run every slot it missed."""
    return [
        Error(f"cluster {name!r}: catch_up is on", id="leadops.E004")
        for name, own in clusters()
        if own.get("catch_up", True)
    ]


@register()
def the_queue_is_not_edited_by_hand(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E005: a schedule in the admin is a call of any function by whoever may edit it."""
    return [
        Error(f"{model.__name__} of django_q is registered in the admin", id="leadops.E005")
        for model in admin.site._registry
        if model._meta.app_label == "django_q"
    ]


@register()
def the_clusters_are_those_of_the_architecture(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """leadops.E011: two clusters, and retries are ours."""
    found = dict(clusters())
    if set(found) != set(WANTED):
        return [Error(f"the clusters are {sorted(found)}, not {sorted(WANTED)}", id="leadops.E011")]
    return [
        Error(f"cluster {name!r}: {key} is {found[name].get(key)!r}, not {value!r}", id="leadops.E011")
        for name, wanted in WANTED.items()
        for key, value in wanted.items()
        if found[name].get(key) != value
    ]
