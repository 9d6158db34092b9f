"""Google's secret travels in the body: after the whole flow it is in no table, in no encoding of any column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection

from capture import pipeline
from capture.models import Submission
from capture.tests.posting import fresh_process, send, source  # noqa: F401
from leadops.models import Lead
from leadops.shipped import install_defaults

pytestmark = [pytest.mark.real, pytest.mark.urls("capture.tests.public_urls"), pytest.mark.django_db]
SECRET = 'Zq81/hörbar"geheim'
SAMPLE = "payloads/ads_google_lead_form/test_lead_work_fields.json"
TYPES = ("text", "character varying", "character", "jsonb", "json", "bytea", "ARRAY")


def holders(wanted: str) -> set[str]:
    """Columns of any table in which these characters stand, whatever the column's type."""
    forms = {wanted, json.dumps(wanted)[1:-1], json.dumps(wanted, ensure_ascii=False)[1:-1]}
    found: set[str] = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns c JOIN information_schema.tables t"
            " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            " AND data_type = ANY(%s)",
            [list(TYPES)],
        )
        for table, column, kind in cursor.fetchall():
            name, within = f'"{table}"."{column}"', f'"{column}"::text'
            if kind == "bytea":
                within = f"encode(\"{column}\", 'hex')"
            for form in forms:
                looked = form.encode().hex() if kind == "bytea" else form
                cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE strpos({within}, %s) > 0)', [looked])
                if cursor.fetchone()[0]:
                    found.add(name.replace('"', ""))
    return found


def test_the_secret_of_a_google_lead_is_in_no_column_of_any_table(real_data: Path) -> None:
    install_defaults()
    source("ads", secret=SECRET, adapter="google_ads", trigger="now")
    body = json.loads((real_data / SAMPLE).read_text())
    body |= {"lead_id": "real-1", "is_test": False, "google_key": SECRET}
    for number, raw in enumerate((json.dumps(body), json.dumps(body | {"lead_id": "real-2"}, ensure_ascii=False))):
        assert send(raw.encode(), key="key-ads").status_code == 202, number
    assert pipeline.run_batch().claimed == 2
    assert Submission.objects.filter(verified=True).count() == 2 and Lead.objects.exists()
    assert holders(SECRET) == set()
    shown = holders("work-test@example.com")  # the search finds what is there, in text, JSON and bytes
    assert {"capture_submission.body", "leadops_person.email"} <= shown
