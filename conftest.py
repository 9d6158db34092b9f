"""The fixed cast every test may call on, real data where it is, and the one place that may skip."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pytest_django.plugin import blocking_manager_key

from leadops.tests import longest
from leadops.tests.scale import SCALE

os.environ.setdefault("LEADOPS_MODE", "test")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser driver runs a loop in the test's thread

REAL = Path(os.environ.get("REAL_DATA", Path(__file__).resolve().parent.parent / "shared" / "data"))
CHROMIUM = next(
    (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") if Path(p).exists()), None
)


MISSING = pytest.StashKey[str]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests wait for CI and the proof; real data and browser are reported as not run where they are missing.

    In CI a missing browser fails its tests, and so does a REAL_DATA that was named and is not there; the data set is no
    part of the repository, so that a clone without it is no error.
    """
    late = {"test": ("slow", "proof"), "ci": ("proof",)}.get(SCALE, ())
    if slow := [item for item in items if any(item.get_closest_marker(name) for name in late)]:
        items[:] = [item for item in items if item not in slow]
        config.hook.pytest_deselected(items=slow)
    for item in items:
        if item.get_closest_marker("real") and not REAL.exists():
            _not_here(item, f"real data not found at {REAL}", wanted="REAL_DATA" in os.environ)
        if item.get_closest_marker("browser") and CHROMIUM is None:
            _not_here(item, "no Chromium on this machine", wanted="CI" in os.environ)
    items.sort(key=longest.place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> longest.HouseTogether:
    return longest.HouseTogether(config, log)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not look through it again and again (a tenth of the time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _not_here(item: pytest.Item, why: str, *, wanted: bool) -> None:
    if wanted:
        item.stash[MISSING] = why
    else:
        item.add_marker(pytest.mark.skip(reason=why))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails here and not while collecting, where xdist would hide the reason behind an internal error."""
    if why := item.stash.get(MISSING, ""):
        pytest.fail(why, pytrace=False)


class ToldAtOnce:
    """In CI a failure is told as soon as it is known: a run that is ended from outside prints no summary."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self.terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash else str(report.longrepr).strip().rpartition("\n")[2]
            self.terminal.ensure_newline()
            self.terminal.write_line(f"{report.when} failed: {report.nodeid}: {why.partition(chr(10))[0]}")


def pytest_sessionstart(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if "CI" in os.environ and isinstance(terminal, pytest.TerminalReporter):  # a worker of xdist has none
        session.config.pluginmanager.register(ToldAtOnce(terminal))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """The migrations' rows come back as soon as a transactional test has emptied the tables.

    Django brings them back before the next transactional test only: a plain test after it (xdist gives a process whole
    files) and the next run with --reuse-db would miss them.
    """
    try:
        return (yield)
    finally:
        mark = item.get_closest_marker("django_db")
        if nextitem and mark and mark.kwargs.get("transaction"):  # after the last test the database itself is gone
            _reference_rows_back(item)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Each process copies one migrated database; what is left for Django's own `migrate` is to see that all is done."""
    from django.db import connection  # apps are ready only now

    from leadops.tests import migrated

    connection.settings_dict["TEST"]["TEMPLATE"] = migrated.template()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """A kept database (--reuse-db) may come from a run that ended with its tables emptied: its last test, or an end by force."""
    from django.db import connection  # apps are ready only now
    from django.test import TransactionTestCase

    from leadops.tests import emptied, kept_rows

    with django_db_blocker.unblock():
        fill_reference()
        with connection.cursor() as cursor:
            cursor.execute(emptied.MAY)
            (superuser,) = cursor.fetchone()
        if superuser:  # a server of one's own may give none: then Django empties, and takes its time
            TransactionTestCase._fixture_teardown = emptied.after_test
            kept_rows.learn_shipped()


def _reference_rows_back(item: pytest.Item) -> None:
    from django.contrib.contenttypes.models import ContentType  # apps are ready only now

    ContentType.objects.clear_cache()  # flushed and made anew, with other keys
    with item.config.stash[blocking_manager_key].unblock():
        fill_reference()


# every migration that writes reasons or statuses
REFERENCE = (
    "leadops.migrations.0003_reference",
    "qualification.migrations.0005_recycle_reasons",
    "leadops.migrations.0022_reason_withdrawn",
    "leadops.migrations.0027_reason_erased",
    "leadops.migrations.0041_one_word_for_an_opportunity",
)


def fill_reference() -> bool:
    """Write the migrations' reference rows where they are gone; whether they were."""
    from django.apps import apps  # apps are ready only now

    from leadops.models import Reason

    gone = not Reason.objects.exists()
    if gone:
        for name in REFERENCE:
            import_module(name).fill(apps, None)
    return gone


@pytest.fixture(scope="session")
def real_data() -> Path:
    return REAL


@pytest.fixture(scope="session", autouse=True)
def slow_machines_forget_no_session() -> None:
    """A budget of queries counts what a page asks; whether a session was asked for again is a matter of seconds."""
    from leadops.platform import brief  # settings are ready only now

    brief.SECONDS = 3600.0


@pytest.fixture(scope="session", autouse=True)
def static_files_are_looked_for_once() -> None:
    """Each test client makes the middleware anew, and WhiteNoise would look at every static file each time."""
    from whitenoise.middleware import WhiteNoiseMiddleware  # settings are ready only now

    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def remembered(middleware: Any) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = remembered


@pytest.fixture(scope="session")
def nothing_open() -> None:
    """In a thread where a loop runs Django looks for its connections in another place: what is open now would stay so."""
    from django.db import connections  # apps are ready only now

    connections.close_all()


@pytest.fixture(scope="session")
def playwright(nothing_open: None, playwright: Any) -> Generator[Any]:
    """The browser's driver, whose loop runs from here to the end of the process."""
    from django.db import connections  # apps are ready only now

    yield playwright
    connections.close_all()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    quiet = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-sync",
        "--no-first-run",
        "--disable-component-update",
    ]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What a process remembers of sources, limits and refusals belongs to the test that taught it."""
    from capture import limits, live_sources, refusals  # apps are ready only now
    from leadops.desk import factor_policy

    live_sources.forget()
    limits.forget_all()
    factor_policy.remember(frozenset(), 3600.0)  # no test but those of the policy has one, nor asks for it
    yield
    refusals.forget()
