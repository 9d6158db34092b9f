"""Every route of the house × method × object, asked as each actor: what is answered, what is told, what is written.

It finds the routes itself, so that a new one cannot be forgotten; expectations stand in `access_matrix.csv`, never here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, get_resolver

from leadops.models import User
from leadops.tests import headers
from leadops.tests.matrix_world import NOWHERE, OF_A_LEAD, World, company_canary, person_canary

MISSING = "missing"
ACTORS = (
    "anonymous", "rep", "away", "other", "manager", "marketing", "revenue", "executive",
    "reading token", "source token", "disabled", "stale",
)  # fmt: skip
# whose leads each of them sees; everybody else sees none
SEES = {
    "rep": {"own"}, "reading token": {"own"}, "other": {"foreign"}, "manager": {"own", "team", "unowned"},
    "marketing": set(OF_A_LEAD), "revenue": set(OF_A_LEAD), "executive": set(OF_A_LEAD),
}  # fmt: skip
MASKED = {"executive"}  # sees companies, and nobody's name
DENIED = {"sign-in", "401", "403", "404", "405"}
WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
ALLOWED_WRITES = {"leadops_apitoken", "django_session"}  # when a token was last used, and the session itself

# first matching pattern of a route -> the family of rows its parameter names
FAMILIES: tuple[tuple[str, str], ...] = (
    (r"^in/", "source key"), (r"^f/", "form slug"), (r"^u/|^set-password/", "token text"),
    (r"<uuid:lead_id>|^api/v1/leads/", "lead"), (r"stalled-leads/", "stalled"), (r"opportunities/", "deal"),
    (r"handoffs/", "handoff"), (r"submissions/", "submission"), (r"sources/channels/rules/", "rule key"), (r"sources/", "source"),
    (r"imports/", "import"), (r"campaigns/", "campaign"), (r"/forms/", "form"), (r"channel-tables/", "channels"),
    (r"persons/|^people/", "person"),
    (r"retention-policies/", "retention"), (r"sign-in-policies/", "sign_in"), (r"/accounts/", "account"), (r"touches/", "touch"), (r"/users/|^users/", "user"),
    (r"memberships/", "membership"), (r"notices/", "notice"), (r"rulesets/", "ruleset"), (r"sla-policies/|sla/proposals/", "sla"),
    (r"sla/clocks/|/clocks/", "clock"), (r"policy_key", "policy key"), (r"/calendars/", "calendar"), (r"^calendars/", "calendar key"),
    (r"scorecards/", "scorecard"), (r"frameworks/", "framework"), (r"mql-definitions/", "mql"), (r"/sequences/", "sequence"),
    (r"^sequences/", "sequence key"), (r"/templates/", "template"), (r"^templates/", "template key"), (r"mail-policies/", "mail_policy"),
    (r"enrolment-groups/|enrolments/groups/", "group"), (r"enrolments/", "enrolment"), (r"messages/", "message"),
    (r"suppressions/", "suppression"), (r"reassignments/", "reassignment"), (r"/reps/|^team/", "rep"), (r"pools/", "pool"),
    (r"territories/", "territory"), (r"effects/", "effect"), (r"decisions/", "decision"), (r"tokens/", "token"), (r"mailbox/", "kept mail"),
)  # fmt: skip
SECOND = {
    "<slug:verb>": "pause",
    "<int:absence_id>": "1",
    "<int:entry_id>": "1",
    "<int:membership_id>": "1",
    "<str:token>": "no-token",
}
REGEXES = {"admin/^(?P<app_label>": "admin/leadops/", "admin/(?P<url>.*)$": "admin/nowhere"}
DIFFERS = re.compile(
    r"[A-Za-z0-9]{64}|nonce-?=?\"?[\w+/=-]+|X-Request-ID: \S+|live\?token=[^\"]+|data-now=\S+|Content-Length: \d+"
)
PARAMETER = re.compile(r"<(\w+):(\w+)>")

# where the row is named in the body instead of the path: route -> body for a lead
BODIES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "api/v1/opportunities": lambda key: {"lead": str(key), "name": "x", "amount_minor": 1, "currency": "EUR"},
    "api/v1/enrolments": lambda key: {"lead": str(key), "sequence": "resting"},
    "api/v1/enrolment-groups": lambda key: {"leads": [str(key)], "sequence": "resting"},
    "api/v1/leads/assign": lambda key: {"leads": [str(key)], "to": "rules", "reason": "test"},
    "leads/enrol": lambda key: {"lead": str(key), "sequence": "resting"},
    "team/reassign": lambda key: {"lead": str(key), "to": "rules", "reason": "test"},
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One question, to be asked as every actor."""

    route: str
    method: str
    relation: str  # of the object to Léa; "" = the route names none
    path: str
    body: dict[str, Any] | None = None
    key: Any = None

    @property
    def name(self) -> tuple[str, str, str]:
        return self.route, self.method, self.relation


def routes(patterns: Any = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern), each
        else:
            yield from routes(each.url_patterns, before + str(each.pattern))


def methods(route: str, pattern: URLPattern) -> list[str]:
    """What an endpoint of the API declares; every page is asked both ways, whatever it says of itself."""
    declared = getattr(pattern.callback, "actions", None)
    # a first answer adds `head` to what was declared
    return sorted(name.upper() for name in declared if name != "head") if declared else ["GET", "POST"]


def _nowhere(converter: str) -> Any:
    return {"uuid": NOWHERE, "int": 987654321, "slug": "nowhere", "str": "nowhere", "path": str(NOWHERE)}[converter]


def admin_rows() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model, page in admin.site._registry.items():
        row = page.get_queryset(HttpRequest()).first()
        found[f"admin/{model._meta.app_label}/{model._meta.model_name}/"] = row.pk if row is not None else None
    return found


def objects(route: str, world: World) -> dict[str, Any]:
    """Relation -> key of the row the route's first parameter names; a route nobody knows the rows of is an error."""
    converter, _name = PARAMETER.search(route).groups()
    if route.startswith("admin/"):
        key = next(key for prefix, key in world.admin_rows.items() if route.startswith(prefix))
        rows = {} if key is None else {"one": key}
    else:
        family = next((family for pattern, family in FAMILIES if re.search(pattern, route)), None)
        if family is None:
            raise LookupError(f"{route}: say in FAMILIES which rows it names")
        rows = world.rows.get(family, {})
    return {**rows, MISSING: _nowhere(converter)}


def cells(world: World) -> list[Cell]:
    found = []
    world.admin_rows = admin_rows()
    for route, pattern in routes():
        named = next((path for start, path in REGEXES.items() if route.startswith(start)), None)
        for method in methods(route, pattern):
            if named or not PARAMETER.search(route):
                found.append(Cell(route, method, "", "/" + (named or route)))
                if method == "POST" and route in BODIES:
                    keys = {**world.rows["lead"], MISSING: NOWHERE}
                    found += [Cell(route, method, r, f"/{route}", BODIES[route](key), key) for r, key in keys.items()]
                continue
            for relation, key in objects(route, world).items():
                path = PARAMETER.sub(lambda m, key=key: str(key), "/" + route, count=1)
                path = PARAMETER.sub(lambda m: SECOND.get(m.group(0), "nowhere"), path)
                found.append(Cell(route, method, relation, path, None, key))
    return found


def in_ci(actor: str, cell: Cell) -> bool:
    """The part walked where time is short: who is refused most, and what each role reads; the rest is for the proof."""
    nobodys = cell.relation in ("", "one", "own")
    reading = cell.method == "GET" and not cell.route.startswith("admin/")
    return {
        "rep": cell.relation not in ("team", "unowned")
        and (cell.method == "GET" or not cell.route.startswith("admin/")),
        "manager": cell.relation in ("foreign", MISSING) or (reading and nobodys),
        "anonymous": nobodys,
        "executive": nobodys and reading,
        "marketing": nobodys and cell.method == "GET",
        "stale": cell.relation == "" and reading,
        "disabled": cell.relation == "" and reading,
        "reading token": nobodys and cell.route.startswith("api/"),
    }.get(actor, cell.relation == "" and reading and not cell.route.startswith("api/"))


# -- asking ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """What one actor got: the answer as the matrix writes it, the text, the tables written to, what its headers lack."""

    answer: str
    text: str
    wrote: set[str]
    unsafe: list[str]


class Lean(Client):
    """A client that keeps no rendered templates and contexts: thousands of pages are asked for their answer alone."""

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))


class Walk:
    """One client per actor; whatever a call does is undone before the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clients = {name: self._client(name) for name in ACTORS}
        self.sessions = {name: client.cookies.get("sessionid") for name, client in self.clients.items()}
        User.objects.filter(pk=world.users["disabled"].pk).update(is_active=False)
        stale = world.users["stale"]
        stale.set_password("another long enough password")
        stale.save()

    def _client(self, actor: str) -> Client:
        token = self.world.tokens.get(actor)
        client = Lean(headers={"authorization": f"Bearer {token}"} if token else {}, raise_request_exception=False)
        if actor in self.world.users:
            client.force_login(self.world.users[actor])
        return client

    def ask(self, actor: str, cell: Cell) -> Told:
        client, wrote = self.clients[actor], set()

        def noted(execute: Any, sql: Any, *rest: Any) -> Any:
            if isinstance(sql, str) and (found := WRITES.match(sql)):
                wrote.add(found.group(2).lower())
            return execute(sql, *rest)

        client.cookies.clear()
        if session := self.sessions[actor]:
            client.cookies["sessionid"] = session.value
        json_body = cell.path.startswith(("/api/", "/in/"))
        body = cell.body or {}
        given = {"data": json.dumps(body), "content_type": "application/json"} if json_body else {"data": body}
        if cell.method == "GET":
            given = {}
        with transaction.atomic():
            with connection.execute_wrapper(noted):
                response = getattr(client, cell.method.lower())(cell.path, **given)
                raw = b"".join(response.streaming_content) if response.streaming else response.content
            transaction.set_rollback(True)
        text = raw.decode(errors="replace") + "\n".join(f"{k}: {v}" for k, v in response.headers.items())
        known = actor not in ("anonymous", "disabled", "stale") and (
            "token" not in actor or (json_body and response.status_code < 300)
        )
        return Told(_answer(response), text, wrote - ALLOWED_WRITES, headers.faults(cell.path, response, known))


def _answer(response: Any) -> str:
    where = response.headers.get("Location", "")
    if 300 <= response.status_code < 400:
        return "sign-in" if where.startswith(("/sign-in", "/admin/login")) else str(response.status_code)
    return str(response.status_code)


def betrayed(actor: str, told: Told) -> set[str]:
    """Words of leads this actor may not see."""
    seen = SEES.get(actor, set())
    words = {person_canary(r) for r in OF_A_LEAD if r not in seen or actor in MASKED}
    words |= {company_canary(r) for r in OF_A_LEAD if r not in seen}
    return {word for word in words if word in told.text.lower()}


def plain(cell: Cell, text: str) -> str:
    """A text without what differs between two askings anyway: the address itself and random tokens."""
    number = isinstance(cell.key, int)  # that of the first row stands at the beginning of http://127.0.0.1, too
    text = re.sub(rf"/{cell.key}(?![\w.])", "/<key>", text) if number else text.replace(str(cell.key), "<key>")
    return DIFFERS.sub("", text)


def hidden(cell: Cell, actor: str) -> bool:
    """Whether the object is one this actor may not know of."""
    if cell.relation not in OF_A_LEAD:
        return False
    return actor in ("rep", "away", "other", "manager", "reading token") and cell.relation not in SEES.get(actor, set())
