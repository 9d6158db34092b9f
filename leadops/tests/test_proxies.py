"""The proxies of `deploy/` as they are, but for names, ports and certificates, in front of a house that really runs."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page

from capture.models import Source, Submission
from leadops.models import User
from leadops.shipped import install_defaults
from leadops.testing import DAWN, PASSWORD, SourceFactory, rep
from leadops.tests import running
from nurture.public import UNKNOWN
from routing.models import Pool, PoolMember

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]
DEPLOY = Path(settings.BASE_DIR) / "deploy"
TRUSTING = ssl._create_unverified_context()  # the certificates are made for the test


def here(name: str, web: int, instead: dict[str, str]) -> str:
    """A file of `deploy/` with this house's ports, and other words where the test needs them."""
    text, ports = (DEPLOY / name).read_text(), {f"127.0.0.1:{8000 + n}": f"127.0.0.1:{web + n}" for n in (0, 1)}
    for told, other in {**ports, **instead}.items():
        assert told in text
        text = text.replace(told, other)
    return text


def caddy(at: Path, port: int, web: int) -> list[str]:
    site = here(
        "Caddyfile",
        web,
        {
            "{$SITE:leads.example.com}": f"localhost:{port}",
            "grace_period": f"admin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tstorage file_system {at}\n\tgrace_period",
        },
    )
    (at / "Caddyfile").write_text(site)
    return ["run", "--adapter", "caddyfile", "--config", str(at / "Caddyfile")]


def nginx(at: Path, port: int, web: int) -> list[str]:
    key, certificate = at / "key.pem", at / "certificate.pem"
    asked = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*asked, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    site = here(
        "nginx.conf",
        web,
        {
            "listen 443": f"listen 127.0.0.1:{port}",
            "listen 80": f"listen 127.0.0.1:{port + 1}",
            "leads.example.com;": "localhost;",
        },
    )
    site = re.sub(r"(ssl_certificate) .*;", rf"\1 {certificate};", site)
    site = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {key};", site)
    places = " ".join(f"{kind}_temp_path {at}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (at / "nginx.conf").write_text(
        f"user root; worker_processes 1; daemon off; pid {at}/pid; error_log stderr warn;\n"
        f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {places}\n{site}\n}}\n"
    )
    return ["-p", str(at), "-c", str(at / "nginx.conf")]


PROXIES: dict[str, Callable[[Path, int, int], list[str]]] = {"caddy": caddy, "nginx": nginx}


@contextmanager
def proxied(name: str, at: Path) -> Iterator[int]:
    """The port of this proxy; behind it stands a house that believes it, and it alone."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed here (`.ci/run` installs it)")
    with ExitStack() as stack:
        trusting = {
            "LEADOPS_MODE": "serve",
            "SECRET_KEY": "x" * 50,
            "LEADOPS_HTTPS": "1",
            "TRUSTED_PROXIES": "1",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
        }
        base = stack.enter_context(running.house(**trusting))
        port = running.two_ports()
        command = [program, *PROXIES[name](at, port, urlsplit(base).port or 0)]
        log = stack.enter_context((at / "log").open("wb"))
        env = {**os.environ, "HOME": str(at), "XDG_DATA_HOME": str(at), "XDG_CONFIG_HOME": str(at)}
        server = subprocess.Popen(command, env=env, start_new_session=True, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 20
            while not answers(port):
                assert server.poll() is None and time.monotonic() < until, (at / "log").read_text()[-2000:]
                time.sleep(0.1)
            yield port
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(15)  # it does not wait for open streams


def answers(port: int) -> bool:
    try:
        return asked(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def asked(port: int, verb: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    line = http.client.HTTPSConnection("localhost", port, timeout=10, context=TRUSTING)
    line.request(verb, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    told = answer.status, answer.read()
    line.close()
    return told


def raw(port: int, said: bytes) -> ssl.SSLSocket:
    line = TRUSTING.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="localhost")
    line.sendall(said)
    return line


@pytest.fixture
def furnished() -> Source:
    install_defaults()
    one = rep("Léa Martin")
    User.objects.filter(pk=one.user_id).update(
        password=PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1)
    )  # as a served house reads it
    everyone = Pool.objects.get(key="everyone")
    PoolMember.objects.create(pool=everyone, rep=one, weight=Decimal(1), valid_from=DAWN, known_from=DAWN)
    made: Source = SourceFactory(slug="partner", hand_raiser=True)
    return made


@pytest.mark.parametrize("name", PROXIES)
def test_behind_its_proxy_a_house_is_what_it_is(name: str, tmp_path: Path, browser: Browser, furnished: Source) -> None:
    with proxied(name, tmp_path) as port:
        watching = told_of_a_lead(browser, port, furnished)
        addresses(port)
        sizes(port, furnished)
        slow_senders(port, furnished)
    watching.close()  # its stream was open when the proxy was told to end


def sign_in(page: Page, port: int, password: str) -> None:
    page.goto(f"https://localhost:{port}/sign-in")
    page.fill("input[name=email]", User.objects.get(name="Léa Martin").email)
    page.fill("input[name=password]", password)
    page.click("form[action$='/sign-in'] button.primary")
    page.wait_for_load_state()


def told_of_a_lead(browser: Browser, port: int, source: Source) -> BrowserContext:
    """The stream passes: an open inbox hears of leads and never asks. Cookies stay with this host, over TLS."""
    trouble: list[str] = []
    looks: list[str] = []
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: looks.append(asked.url) if asked.url.endswith("/inbox/state") else None)
    sign_in(page, port, PASSWORD)
    assert page.url.endswith("/inbox")
    assert {(cookie["name"], cookie["secure"]) for cookie in context.cookies()} == {
        ("__Host-sessionid", True),
        ("__Host-csrftoken", True),
    }
    for first in ("Prima", "Bruno"):
        body = json.dumps({"email": f"{first}@lumen.example", "first_name": first, "last_name": "Faure"}).encode()
        status, _told = asked(port, "POST", f"/in/{source.key}", body, Content_Type="application/json")
        assert status == 202
        page.locator("#arrivals", has_text=f"{first} Faure").wait_for(timeout=20_000)
    assert not trouble and not looks
    return context


def addresses(port: int) -> None:
    """What a sender says of its own address counts for nothing: under a new one each time the limit of senders holds."""
    seen = {
        asked(port, "GET", f"/u/nobodys{n}", X_Forwarded_For=f"203.0.113.{n}")[0] for n in range(int(UNKNOWN.most) * 3)
    }
    assert seen == {404, 429}


def sizes(port: int, source: Source) -> None:
    """What is too long is told so, by our door or before it, whether or not the sender stops at that."""
    for size in (1_100_000, 53_000_000):
        head = f"POST /in/{source.key} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        line = raw(port, f"{head}Content-Length: {size}\r\n\r\n".encode())
        with suppress(OSError):
            line.sendall(b"x" * size)
        assert line.recv(4096).split()[1] == b"413", size
        line.close()


def slow_senders(port: int, source: Source) -> None:
    """A hundred who stop in the middle of a body hold nothing that others need."""
    head = f"POST /in/{source.key} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    slow = [raw(port, head.encode() + b'{"email":') for _ in range(100)]
    before, began = Submission.objects.count(), time.monotonic()
    for n in range(5):
        body = json.dumps({"email": f"quick{n}@lumen.example"}).encode()
        assert asked(port, "POST", f"/in/{source.key}", body, Content_Type="application/json")[0] == 202
    assert time.monotonic() - began < 8.0  # the slow ones are closed after ten
    assert Submission.objects.count() == before + 5
    for line in slow:
        line.close()
