"""/metrics: how much waits, how long, and who is alive, as Prometheus reads it; counts and ages from the tables, nobody's name.

Tables and not counters of a process: any web worker on any host gives the same answer, and a restart forgets nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from capture.models import Source, Submission
from leadops import ids, moment
from leadops.effects import stop
from leadops.effects.models import Effect
from leadops.errors import NotFound
from leadops.platform import heartbeats, queue
from leadops.stalled import Stalled
from routing.models import Clock

MOST = 100_000  # no count goes further: more than that is "very many" to anybody who looks
RECENT = timedelta(days=1)
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@dataclass(slots=True)
class Told:
    """One gauge: what it counts, and its value by label ("" where it has none)."""

    name: str
    says: str
    values: Mapping[str, float]
    label: str = ""


@dataclass(slots=True)
class Waiting:
    """So many, and since when the first."""

    count: int = 0
    first: datetime | None = field(default=None)

    def seconds(self, at: datetime) -> float:
        return max(0.0, (at - self.first).total_seconds()) if self.first else 0.0


def pending() -> Waiting:
    """Submissions without an end; those of a paused source wait on purpose, and the rows of an import behind the others."""
    rows = Submission.objects.filter(end=Submission.End.PENDING).exclude(source__state=Source.State.PAUSED)
    return Waiting(
        **rows.order_by("priority", "id")[:MOST].aggregate(
            count=Count("pk"), first=Min("received_at", filter=Q(file=None))
        )
    )


def overdue(at: datetime) -> Waiting:
    """Running clocks past their moment."""
    rows = Clock.objects.filter(state=Clock.State.RUNNING, due_at__lte=at)
    return Waiting(**rows[:MOST].aggregate(count=Count("pk"), first=Min("due_at")))


def unfired(at: datetime) -> Waiting:
    """Clocks with a rung due: fired within a second where ticker and cluster are well."""
    rows = Clock.objects.filter(state=Clock.State.RUNNING, next_at__lte=at).order_by("next_at")
    return Waiting(**rows[:MOST].aggregate(count=Count("pk"), first=Min("next_at")))


def unsent(at: datetime) -> Waiting:
    rows = Effect.objects.filter(state=Effect.State.PLANNED, due_at__lte=at).order_by("due_at")
    return Waiting(**rows[:MOST].aggregate(count=Count("pk"), first=Min("due_at")))


def failed(at: datetime) -> dict[str, float]:
    """Of the effects of the last day; the id tells the day without an index of its own."""
    states = (Effect.State.FAILED, Effect.State.UNKNOWN)
    rows = Effect.objects.filter(pk__gte=ids.uuid7(at - RECENT), state__in=states)[:MOST]
    return dict(
        rows.aggregate(failed=Count("pk", filter=Q(state="failed")), unknown=Count("pk", filter=Q(state="unknown")))
    )


def _backups(at: datetime) -> Iterator[Told]:
    """By the folder's own name; a host without backups says nothing of them."""
    names = sorted(file.parent.name for file in Path(settings.BACKUPS).glob("*Z/manifest.json"))
    if names:
        made = datetime.strptime(names[-1], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
        yield Told(
            "backup_age_seconds", "Since the newest whole backup of this host", {"": (at - made).total_seconds()}
        )


def gauges(at: datetime) -> Iterator[Told]:
    come, late, rungs, letters = pending(), overdue(at), unfired(at), unsent(at)
    stalled = Stalled.objects.aggregate(retried=Count("pk", filter=Q(due_at__isnull=False)), person=Count("pk"))
    yield Told("submissions_pending", "Submissions received and not yet ended", {"": come.count})
    yield Told(
        "oldest_pending_seconds", "Age of the oldest of them that is no row of an import", {"": come.seconds(at)}
    )
    yield Told("clocks_overdue", "Running SLA clocks past their due moment", {"": late.count})
    yield Told("clocks_unfired", "Clocks with a reminder or escalation due and not done", {"": rungs.count})
    yield Told("oldest_unfired_seconds", "How late the first of them is", {"": rungs.seconds(at)})
    yield Told("effects_waiting", "Messages that are due and not sent", {"": letters.count})
    yield Told("oldest_effect_seconds", "How late the first of them is", {"": letters.seconds(at)})
    yield Told("mail_stopped", "1 while nothing leaves the house, after a restore", {"": float(stop.holds())})
    yield from _backups(at)
    yield Told("effects_lost", "Messages of the last 24 hours that were not, or perhaps not, sent", failed(at), "state")
    waits = {"retry": stalled["retried"], "person": stalled["person"] - stalled["retried"]}
    yield Told("stalled_leads", "Leads whose work failed, by what they wait for", waits, "waits_for")
    queued = {name: queue.waiting(name) for name in ("now", "long")}
    yield Told("queue_tasks", "Tasks that no worker has taken", queued, "cluster")
    yield Told("heartbeat_age_seconds", "Since a process last showed progress", heartbeats.ages(), "role")


def written(at: datetime) -> bytes:
    registry = CollectorRegistry()
    for told in gauges(at):
        labels = [told.label] if told.label else []
        gauge = Gauge(f"leadops_{told.name}", told.says, labels, registry=registry)
        for value, number in told.values.items():
            (gauge.labels(value) if labels else gauge).set(number)
    return generate_latest(registry)


def may_read(request: HttpRequest) -> bool:
    """By the token where one is set; else from this very machine, with no proxy between that could ask for anybody."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    proxied = settings.HTTPS or settings.TRUSTED_PROXIES or any(name in request.META for name in FORWARDED)
    return not proxied and ip_address(request.META.get("REMOTE_ADDR") or "::").is_loopback


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not may_read(request):
        raise NotFound(_("There is nothing here, or it is not yours to see."))
    return HttpResponse(written(moment.now()), content_type=CONTENT_TYPE_LATEST)
