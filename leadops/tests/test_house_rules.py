"""House rules that no linter knows, read from the source itself; an exception is a line here, with its reason."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from leadops.tests import longest

BASE = Path(__file__).resolve().parents[2]
PACKAGES = ("leadops", "capture", "routing", "qualification", "nurture", "reports")

LINES, TEST_LINES = 300, 400
LONGER = {
    "leadops/settings.py": (440, "one file for every setting, so that nothing has to be merged in the head"),
    "leadops/unit.py": (375, "one transaction: its rows, phases, stall and resume are one story"),
    "capture/resolution.py": (420, "one batch walks through one class; its steps share the batch's knowledge"),
    "leadops/desk/timeline.py": (330, "every kind of entry has its sentence on one page"),
    "routing/choose.py": (380, "the arithmetic of fairness and its reasons are read side by side"),
    "reports/metrics/asked.py": (310, "the statements of askings and what puts them together"),
    "leadops/desk/api.py": (350, "every verb of a lead stands in one class, as the schema lists them"),
    "leadops/tests/test_calendars.py": (520, "the laws of working time and their table of hard days"),
}
VIEW_LINES, FUNCTION_LINES = 25, 60
LONG_FUNCTIONS = {
    ("leadops/desk/styleguide.py", "_figures"): "a table of sample figures",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "signals"}
MARKS_SAFE = {
    "leadops/conditions/form.py",  # the builder's own template, rendered with escaping on
    "nurture/wording.py",  # a letter's HTML after the sanitiser
    "leadops/templatetags/stencils.py",  # markup of our templates, each gap escaped
}
SQL_BY_HAND = {
    "leadops/unit.py": "NOTIFY with the commit",
    "leadops/journal.py": "ids of a batch before its insert",
    "leadops/bulk.py": "many rows of several tables in one statement",
    "leadops/once.py": "what the ORM built, asked again with other values",
    "leadops/seals.py": "rows of a span digested where they are",
    "leadops/effects/runner.py": "advisory lock of the one sender",
    "leadops/effects/suppression.py": "advisory locks of addresses, shared by senders",
    "leadops/rest/idempotency.py": "an advisory lock per key",
    "leadops/demo/play.py": "the connection's own settings and one ANALYZE",
    "leadops/demo/erase.py": "guards off and on around one deletion, in demo mode only",
    "routing/workload.py": "loads recounted beside their entries, and folded, each in one statement",
    "capture/storing.py": "the accept transaction is one prepared statement",
    "capture/bell.py": "NOTIFY, coalesced",
    "capture/refusals.py": "counters flushed in one upsert",
    "capture/ledger.py": "one statement balances every source and day",
    "capture/silences.py": "deliveries of each source by the hour, from the index alone",
    "capture/imports/work.py": "an advisory lock per import",
    "capture/imports/erasing.py": "words looked for in the bytes of kept files",
    "leadops/desk/selectors.py": "capped counts of one reader's queue, all in one statement",
    "leadops/desk/lines.py": "what the lines of a queue say, in one statement",
    "leadops/desk/people.py": "an advisory lock for who founds the house",
    "leadops/eraser.py": "the key to the guards of append-only tables",
    "leadops/backup/manifest.py": "rows and digest of every table",
    "leadops/backup/dumping.py": "the snapshot that is dumped and counted",
    "leadops/backup/restoring.py": "the schema replaced; who else is connected",
    "leadops/management/commands/migrate.py": "how long a migration waits for a lock",
    "leadops/privacy/erasing.py": "words looked for in the bytes of submissions; the pipeline's lock",
    "capture/pipeline.py": "advisory lock of the one writer",
    "capture/claiming.py": "claims that skip what others hold",
    "capture/items.py": "xmin: whether a row still stands as it was read",
    "routing/assignments.py": "conditional update of many leads",
    "routing/availability.py": "pool locks in one order",
    "reports/deal_facts.py": "facts of many deals recomputed in place",
    "reports/facts.py": "the incremental reader: rows of many leads recomputed in place",
    "reports/metrics/statements.py": "percentiles and funnels over a cohort",
}
LEAD_ROWS_IN_DOORS = {
    "leadops/desk/selectors.py": "more columns for rows that the policy already gave",
    "leadops/desk/api.py": "a pool's lead may be claimed by who cannot see it yet",
    "routing/views.py": "a pool's lead may be claimed by who cannot see it yet",
}
DOORS = {"views", "api", "urls", "admin", "forms", "filters", "panels", "pages", "page"}
# Beside the doors, these touch a request: each reads one thing of it and hands plain values on.
REQUEST_READERS = {
    "leadops/demo/tour.py": "the cookie that says where one stands",
    "leadops/demo/context.py": "what every page of the demo shows",
    "capture/shortcut.py": "the way past the desk's middleware",
    "capture/hosted.py": "what a posted form says",
    "capture/imports/uploads.py": "the limit of an upload stands before its body is read",
    "capture/channels.py": "the channel table's views, apart from pages for their length",
    "capture/doors.py": "the address of a request, its sender's, its body",
    "capture/adapters/strict.py": "Django's multipart parser under our limits",
    "routing/decision_list.py": "a page of the list of decisions, apart from pages for its length",
    "routing/sla/draft_views.py": "the pages of a draft, apart from views for their length",
    "routing/team_views.py": "the manager's pages, apart from views for their length",
    "nurture/suppression_views.py": "the page of suppressions, apart from views for their length",
    "nurture/group_views.py": "the pages of leads enrolled together, apart from views for their length",
    "nurture/public.py": "the one page without sign-in, apart from views for its exemption",
    "nurture/mailbox.py": "the demo's mailbox, apart from views: it exists in one mode only",
    "leadops/adminsite.py": "the admin's base classes",
    "leadops/templatetags/house.py": "links that keep the query string",
}


def name(path: Path) -> str:
    return path.relative_to(BASE).as_posix()


@cache
def modules(tests: bool = False) -> tuple[Path, ...]:
    """Python files of the house without migrations; with `tests`, only those of tests."""
    found = (p for package in PACKAGES for p in sorted((BASE / package).rglob("*.py")))
    return tuple(p for p in found if "migrations" not in p.parts and ("tests" in p.parts) == tests)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


def imported(path: Path) -> set[str]:
    """Dotted names a module imports, `from a import b` as `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(path: Path, *attributes: str) -> list[int]:
    """Lines that call a method of one of these names."""
    return [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in attributes
    ]


def is_door(path: Path) -> bool:
    rest = path.relative_to(BASE).parts
    in_top = rest[0] == "reports" or rest[:2] in {("leadops", "desk"), ("leadops", "studio"), ("leadops", "rest")}
    return in_top or path.stem in DOORS or path.stem.startswith("api_") or "pages" in rest


def of_platform(path: Path) -> bool:
    return name(path).startswith("leadops/platform/")


# -- size and names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tests", [False, True], ids=["code", "tests"])
def test_a_file_is_read_in_one_sitting(tests: bool) -> None:
    usual = TEST_LINES if tests else LINES
    lengths = {name(p): len(p.read_text().splitlines()) for p in modules(tests)}
    assert {f: n for f, n in lengths.items() if n > LONGER.get(f, (usual, ""))[0]} == {}


def test_an_exception_that_is_no_longer_needed_is_struck_out() -> None:
    lengths = {name(p): len(p.read_text().splitlines()) for tests in (False, True) for p in modules(tests)}
    usual = {f: TEST_LINES if "/tests/" in f else LINES for f in LONGER}
    assert {f for f in LONGER if lengths.get(f, 0) <= usual[f]} == set()
    for listed in (MARKS_SAFE, SQL_BY_HAND, LEAD_ROWS_IN_DOORS, REQUEST_READERS, longest.LONGEST):
        assert {f for f in listed if not (BASE / f).exists()} == set()


def test_no_function_hides_a_story() -> None:
    found = {(name(p), f.name): (f.end_lineno or 0) - f.lineno + 1 for p in modules() for f in functions(p)}
    assert {k: n for k, n in found.items() if n > FUNCTION_LINES and k not in LONG_FUNCTIONS} == {}


def test_a_view_decides_nothing_in_25_lines() -> None:
    found = {}
    for path in modules():
        for function in functions(path):
            if function.args.args and function.args.args[0].arg == "request":
                found[name(path), function.name] = (function.end_lineno or 0) - function.lineno + 1
    assert found, "no view was looked at"
    assert {k: n for k, n in found.items() if n > VIEW_LINES} == {}


def test_a_module_is_named_by_what_it_decides() -> None:
    assert [name(p) for p in modules() if {p.stem, p.parent.name} & FORBIDDEN_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(p) for p in modules() if tree(p).body and not ast.get_docstring(tree(p))]
    assert silent == []


# -- flow ----------------------------------------------------------------------------------------------


def test_business_flow_takes_no_signals() -> None:
    banned = ("django.dispatch", "django.db.models.signals", "django.core.signals", "django.contrib.auth.signals")
    assert [name(p) for p in modules() if any(i.startswith(banned) for i in imported(p))] == []


def test_the_queue_row_commits_with_its_cause() -> None:
    """Only the unit hooks the commit, for its NOTIFY; a task enqueued after a commit could be lost."""
    assert [name(p) for p in modules() if calls(p, "on_commit") and name(p) != "leadops/unit.py"] == []


def test_doors_open_units_and_services_never_a_transaction() -> None:
    writers = [p for p in modules() if p.stem == "services" and p.parent.name != "versions"]
    assert len(writers) >= 4
    assert [name(p) for p in writers if calls(p, "atomic") or "leadops.moment" in imported(p)] == []


@pytest.mark.parametrize("word", ["auto_now", "auto_now_add"])
def test_no_column_reads_the_wall_clock(word: str) -> None:
    assert [name(p) for p in modules() if re.search(rf"\b{word}\b", p.read_text())] == []


def test_the_database_clock_tells_no_business_time() -> None:
    banned = "django.db.models.functions.Now"
    assert [name(p) for p in modules() if banned in imported(p) and not of_platform(p)] == []


# -- rows and SQL --------------------------------------------------------------------------------------


def test_no_orm_call_takes_raw_sql() -> None:
    banned = "django.db.models.expressions.RawSQL"
    assert [(name(p), calls(p, "raw", "extra")) for p in modules() if calls(p, "raw", "extra")] == []
    assert [name(p) for p in modules() if banned in imported(p)] == []


def test_sql_by_hand_stays_in_the_measured_modules() -> None:
    found = {name(p) for p in modules() if calls(p, "execute", "executemany", "copy_expert") and not of_platform(p)}
    assert found - set(SQL_BY_HAND) == set()


def test_a_page_takes_its_leads_from_the_policy() -> None:
    """`leads_visible_to` and `lead_for` decide which rows a person sees; `.none()` shows nobody anything."""
    wild = re.compile(r"\bLead\.(?:_default_manager|objects)\.(?!none\(\))")
    found = {name(p) for p in modules() if is_door(p) and wild.search(p.read_text())}
    assert found - set(LEAD_ROWS_IN_DOORS) == set()


# -- what reaches a browser ----------------------------------------------------------------------------


def test_one_file_marks_text_as_safe() -> None:
    word = re.compile(r"\bmark_safe\(|\bSafeString\(|\.__html__\b")
    assert {name(p) for p in modules() if word.search(p.read_text())} - MARKS_SAFE == set()


def test_what_htmx_puts_into_a_page_answers_keys_at_once() -> None:
    """With its delay for transitions a key or a choice within 20 ms of a swap was lost."""
    pages = [p for p in sorted(BASE.glob("templates/**/*.html")) if 'name="htmx-config"' in p.read_text()]
    configs = [re.findall(r"""name="htmx-config" content='([^']+)'""", p.read_text()) for p in pages]
    assert len(pages) == 2 and all(json.loads(found)["defaultSettleDelay"] == 0 for (found,) in configs)


def test_no_template_switches_escaping_off() -> None:
    pages = sorted(p for folder in (BASE / "templates", *(BASE / k for k in PACKAGES)) for p in folder.rglob("*.html"))
    assert len(pages) > 20
    off = re.compile(r"\|\s*(?:safe|safeseq)\b|{%\s*autoescape\s+off")
    assert [name(p) for p in pages if off.search(p.read_text())] == []


def test_only_doors_know_a_request() -> None:
    """import-linter keeps DRF and htmx out of services; it cannot see `django.http`, a part of Django, alone."""
    web = ("django.http", "django.shortcuts", "django.contrib.messages", "rest_framework", "django_htmx")
    found = {
        name(p)
        for p in modules()
        if not is_door(p) and any(i == w or i.startswith(f"{w}.") for i in imported(p) for w in web)
    }
    assert found - set(REQUEST_READERS) == set()


# -- and the rules themselves --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("from django.dispatch import receiver", {"django.dispatch", "django.dispatch.receiver"}),
        ("def f():\n    import django_htmx.http", {"django_htmx.http"}),
        ("from django.db.models.functions import Now as N", {"django.db.models.functions.Now"}),
    ],
)
def test_an_import_is_seen_wherever_it_hides(tmp_path: Path, source: str, seen: set[str]) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(source)
    assert seen <= imported(planted)


def test_a_raw_query_is_seen_through_any_manager(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("rows = Lead.objects.filter(a=1).extra(where=['1=1'])\nX._base_manager.raw('SELECT 1')\n")
    assert calls(planted, "raw", "extra") == [1, 2]
