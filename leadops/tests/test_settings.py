"""A bad value in the environment stops the start with one clear line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from leadops import settings as as_read


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LEADOPS_MODE": "serve", **variables}
    return subprocess.run(
        [sys.executable, "-c", "import leadops.settings"],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "PORT='eighty' is not a whole number from 1 to"),
        ("PORT", "70000", "PORT='70000'"),
        ("WEB_WORKERS", "0", "WEB_WORKERS='0'"),
        ("TASK_WORKERS", "-1", "TASK_WORKERS='-1'"),
        ("METRICS_TOKEN", "short", "METRICS_TOKEN is shorter than 20 characters"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT='xml' is not one of json, text"),
        ("LEADOPS_MODE", "prod", "LEADOPS_MODE='prod' is not one of"),
        ("LEADOPS_LANGUAGE", "de", "LEADOPS_LANGUAGE='de' is not one of fr, en"),
        ("DATABASE_URL", "mysql://root@localhost/x", "DATABASE_URL must start with postgresql://"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://", "DATABASE_URL names no database"),
        ("DATABASE_URL", "postgresql://u:hidden@h", "DATABASE_URL names no database"),
        ("DATABASE_URL", "postgresql://u:hidden@h:hidden/x", "DATABASE_URL cannot be read: it is postgresql://user"),
        ("LEADOPS_HTTPS", "maybe", "LEADOPS_HTTPS='maybe' is neither 1 nor 0"),
        ("ALLOWED_HOSTS", "", "ALLOWED_HOSTS names no host"),
        ("ALLOWED_HOSTS", " , ", "ALLOWED_HOSTS names no host"),
        ("EMAIL_URL", "smtp://", "EMAIL_URL names no mail server"),
        ("EMAIL_URL", "smtp+tls://u:hidden@h:hidden", "EMAIL_URL cannot be read: it is smtp+tls://user"),
        ("EMAIL_URL", "foo://h", "begins with one of smtp://, smtps://, smtp+tls://"),
        ("EMAIL_URL", "mailgun://mail.example.com", "EMAIL_URL cannot be read: it is mailgun://key@"),
        ("EMAIL_URL", "mailjet://hidden", "EMAIL_URL cannot be read: it is mailjet://key:secret"),
        ("MAIL_FROM", "not an address", "MAIL_FROM='not an address' is not an address such as"),
        ("MAIL_FROM", "nobody", "MAIL_FROM='nobody'"),
        ("SECRET_KEY", "short", "SECRET_KEY is shorter than 32 characters"),
        ("EMAIL_URL", "pigeon://coop", "EMAIL_URL cannot be read"),
        ("PUBLIC_URL", "leads.example.com", "PUBLIC_URL='leads.example.com' is not an address such as https://"),
        ("LEADOPS_ZONE", "Mars/Olympus", "LEADOPS_ZONE"),
        ("LEADOPS_CURRENCY", "EURO", "LEADOPS_CURRENCY"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_clear_line(name, value, says):
    told = start(**{name: value})
    assert told.returncode == 2, told.stderr[-400:]
    lines = told.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("leadops: ") and says in lines[0]
    assert "hidden" not in lines[0]  # no password reaches a log


@pytest.mark.parametrize("held", ["", "\n", "short"])
def test_a_key_file_that_was_cut_short_stops_the_start_with_one_clear_line(held, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(as_read, "VAR", tmp_path)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert len(as_read.secret_key()) > 32
    (tmp_path / "secret_key").write_text(held)
    with pytest.raises(SystemExit):
        as_read.secret_key()
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and f"{tmp_path}/secret_key holds fewer than 32 characters" in said


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"PUBLIC_URL": "https://leads.example.com/"}, "https://leads.example.com"),
        ({"ALLOWED_HOSTS": "*,.example.com", "LEADOPS_HTTPS": "1"}, "https://example.com"),
        ({"ALLOWED_HOSTS": "leads.lan", "PORT": "8123", "LEADOPS_HTTPS": "0"}, "http://leads.lan:8123"),
    ],
)
def test_links_in_mails_lead_to_the_public_address(given, url):
    env = {**os.environ, "LEADOPS_MODE": "serve", **given}
    told = [sys.executable, "-c", "import leadops.settings as s; print(s.PUBLIC_URL)"]
    answer = subprocess.run(told, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=30)
    assert answer.stdout.strip() == url, answer.stderr[-400:]


def test_the_house_asks_its_own_health_whatever_hosts_are_named():
    env = {**os.environ, "LEADOPS_MODE": "serve", "ALLOWED_HOSTS": "leads.example.com", "LEADOPS_HTTPS": "1"}
    ask = "import leadops.settings as s; print(s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.PUBLIC_URL)"
    answer = subprocess.run([sys.executable, "-c", ask], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True)
    told = "['leads.example.com', '127.0.0.1'] ['https://leads.example.com'] https://leads.example.com"
    assert answer.stdout.strip() == told, answer.stderr[-400:]


def test_good_values_start():
    assert start(PORT="8123", LOG_FORMAT="json").returncode == 0


@pytest.mark.parametrize(
    "given",
    [
        {"LEADOPS_HTTPS": "off", "ALLOWED_HOSTS": "*", "EMAIL_URL": "consolemail://"},
        {"LEADOPS_HTTPS": "Yes", "EMAIL_URL": "smtp+tls://u:p@mail.lan:587", "MAIL_FROM": "Leads <leads@example.com>"},
        {"LEADOPS_HTTPS": "", "EMAIL_URL": "", "DATABASE_URL": "postgresql:///leadops?host=/tmp"},
    ],
)
def test_other_good_values_start_too(given):
    answer = start(**given)
    assert answer.returncode == 0, answer.stderr[-400:]


@pytest.mark.django_db
def test_no_statement_waits_for_its_own_compilation() -> None:
    """A scorecard said in SQL is 40 kB: compiled it took eleven seconds on a page, run as it is a tenth of one."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
