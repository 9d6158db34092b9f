"""/metrics tells what waits and who is alive, to who may know; the example alerts ask for what it tells."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from capture.models import Import, Source, Submission
from leadops import ids, moment
from leadops.effects.models import Effect
from leadops.platform import heartbeats, queue
from leadops.stalled import Stalled
from leadops.testing import LeadFactory, SourceFactory
from routing.models import Clock

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-enough-characters"


def told(client: Client, **more: Any) -> dict[str, float]:
    answer = client.get("/metrics", **more)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_an_empty_house_waits_for_nothing(
    client: Client, django_assert_num_queries: Any, settings: Any, tmp_path: Path
) -> None:
    settings.BACKUPS = tmp_path
    with django_assert_num_queries(10):
        found = told(client)
    assert {name: value for name, value in found.items() if value} == {}
    (tmp_path / f"{moment.now() - timedelta(hours=30):%Y-%m-%dT%H%M%SZ}").mkdir()
    assert "leadops_backup_age_seconds" not in told(client), "half a backup is none"
    next(tmp_path.iterdir()).joinpath("manifest.json").touch()
    assert 29 < told(client)["leadops_backup_age_seconds"] / 3600 < 31
    assert {"leadops_submissions_pending", "leadops_queue_tasks[now]", "leadops_effects_lost[unknown]"} <= set(found)


def test_what_waits_is_counted_and_timed(client: Client) -> None:
    at = moment.now()
    source, paused = SourceFactory(), SourceFactory(slug="paused", state=Source.State.PAUSED)
    for of, minutes in ((source, 5), (source, 3), (paused, 600)):
        Submission.objects.create(
            source=of,
            delivery_key=str(minutes),
            received_at=at - timedelta(minutes=minutes),
            body=b"{}",
            digest=b"0" * 32,
        )
    file = Import.objects.create(
        name="rows.csv", digest=b"1" * 32, header=b"1" * 32, size=1, encoding="utf-8", separator=",", created_at=at
    )
    hours_ago = at - timedelta(hours=2)
    Submission.objects.create(
        source=source,
        delivery_key="row",
        received_at=hours_ago,
        body=b"{}",
        digest=b"1" * 32,
        file=file,
        row=2,
        priority=1,
    )
    early, late = LeadFactory(), LeadFactory()
    for lead, minutes in ((early, 10), (late, -10)):
        due = at - timedelta(minutes=minutes)
        started = at - timedelta(hours=1)
        Clock.objects.create(
            lead=lead,
            kind=Clock.Kind.FIRST_ATTEMPT,
            policy_id=ids.uuid7(),
            rule="all",
            target_seconds=60,
            started_at=started,
            due_at=due,
            next_at=due,
        )
    for state, minutes in (("planned", 20), ("planned", -20), ("failed", 30), ("unknown", 30), ("sent", 30)):
        Effect.objects.create(
            channel="mail",
            key=f"{state}{minutes}",
            state=state,
            purpose="p",
            due_at=at - timedelta(minutes=minutes),
            created_at=at,
        )
    Stalled.objects.create(lead=early, phase="clocks", error="x", at=at, due_at=at)
    Stalled.objects.create(lead=late, phase="clocks", error="x", at=at)
    queue.enqueue(heartbeats.beat, "x", cluster="long")
    heartbeats.beat("ticker")
    found = told(client)
    assert found["leadops_submissions_pending"] == 3  # those of a paused source wait on purpose
    assert found["leadops_oldest_pending_seconds"] == pytest.approx(
        300, abs=30
    )  # rows of a file wait behind the others
    assert (found["leadops_clocks_overdue"], found["leadops_clocks_unfired"]) == (1, 1)
    assert found["leadops_oldest_unfired_seconds"] == pytest.approx(600, abs=30)
    assert found["leadops_effects_waiting"] == 1
    assert found["leadops_oldest_effect_seconds"] == pytest.approx(1200, abs=30)
    assert (found["leadops_effects_lost[failed]"], found["leadops_effects_lost[unknown]"]) == (1, 1)
    assert (found["leadops_stalled_leads[retry]"], found["leadops_stalled_leads[person]"]) == (1, 1)
    assert (found["leadops_queue_tasks[now]"], found["leadops_queue_tasks[long]"]) == (0, 1)
    assert 0 <= found["leadops_heartbeat_age_seconds[ticker]"] < 30


@pytest.mark.parametrize(
    ("own", "request_of", "status"),
    [
        ({}, {}, 200),
        ({}, {"REMOTE_ADDR": "::1"}, 200),
        ({}, {"REMOTE_ADDR": "10.0.0.7"}, 404),
        ({}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        ({"TRUSTED_PROXIES": 1}, {}, 404),
        ({"HTTPS": True}, {}, 404),
        ({"METRICS_TOKEN": TOKEN}, {}, 404),
        ({"METRICS_TOKEN": TOKEN}, {"HTTP_AUTHORIZATION": "Bearer another-token-of-that-length"}, 404),
        ({"METRICS_TOKEN": TOKEN}, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}", "REMOTE_ADDR": "10.0.0.7"}, 200),
    ],
)
def test_who_may_read(
    client: Client, settings: Any, own: dict[str, Any], request_of: dict[str, str], status: int
) -> None:
    for name, value in own.items():
        setattr(settings, name, value)
    answer = client.get("/metrics", **request_of)
    assert answer.status_code == status
    assert (b"leadops_submissions_pending" in answer.content) is (status == 200)


def test_the_example_alerts_ask_for_what_is_told(client: Client) -> None:
    heartbeats.beat("ticker")
    names = {name.partition("[")[0] for name in told(client)}
    rules = yaml.safe_load((Path(settings.BASE_DIR) / "deploy" / "alerts.yml").read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"leadops_\w+", rule["expr"])}
    assert asked and asked - {"leadops_backup_age_seconds"} <= names  # told once there is a backup
    assert all(rule["annotations"]["summary"] for rule in rules)
