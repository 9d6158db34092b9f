"""The whole flow on one page: which phase reacts to which kind of entry, and what the ticker looks for.

Real functions, in their order; a newcomer reads here what happens when. It decides nothing and holds no logic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from capture import claiming
from capture import tasks as capture_tasks
from capture.imports import kinds as import_kinds
from capture.imports import tasks as import_tasks
from capture.imports import work as imports
from capture.imports.accounts import ACCOUNTS
from capture.imports.leads import LEADS
from leadops import batch, stalled, unit, work
from leadops.batch import Door
from leadops.desk import people
from leadops.desk import selectors as desk_selectors
from leadops.desk import services as desk
from leadops.desk import tasks as desk_tasks
from leadops.effects import runner
from leadops.journal import Entry
from leadops.platform import ticker
from leadops.platform.ticker import DueWork
from leadops.privacy import log as erasure_log
from leadops.privacy import policy as retention
from leadops.privacy import tasks as privacy_tasks
from leadops.unit import Phase, Unit
from nurture import groups
from nurture import selectors as nurture_selectors
from nurture import services as nurture
from nurture import steps as nurture_steps
from nurture import tasks as nurture_tasks
from qualification import assessing, dealreading, dealrows
from qualification import selectors as qualification_selectors
from qualification import services as qualification
from qualification import tasks as qualification_tasks
from reports import facts as report_facts
from reports import tasks as report_tasks
from routing import absences, leaving, workload
from routing import selectors as routing_selectors
from routing import services as routing
from routing import tasks as routing_tasks
from routing.sla import clocks, ladder
from routing.sla import tasks as sla_tasks

# -- kind → phase: after `resolve`, which the door calls with its submissions ---------------------------


def _work_list(entries: Sequence[Entry], u: Unit) -> None:
    """The queue rows of every lead something happened to."""
    work.refresh(u.leads_of(entries), u)


PHASES = (
    Phase("score", assessing.SCORED_BY, assessing.score),
    Phase("gate", qualification.GATED_BY, qualification.gate),
    Phase("route", routing.ROUTE_KINDS, routing.route),
    Phase("hand over", qualification.HANDOFF_FOLLOWS, qualification.follow_owner, settles=True),
    Phase("look again", assessing.PUBLISHED, assessing.mark_stale),
    Phase("clocks", clocks.KINDS, clocks.keep_time, settles=True),
    Phase("enrol", nurture.KINDS, nurture.enrol_phase),
    Phase("work list", frozenset(), _work_list),
)

# -- due moments of a lead, for the work table ---------------------------------------------------------

DUE_SOURCES = (clocks.due_moments,)


# -- due work that is done for many leads at once; who breaks it is passed over by its name --------------

DOORS = (
    Door("clocks", ladder.fire),
    Door("held leads", routing.drain, holds=True),
    Door("left behind", leaving.move_on),
    Door("scores", qualification.reassess),
    Door("recycled leads", qualification.wake_recycled),
    Door("snoozes", desk.wake),
    Door(nurture_selectors.DOOR, nurture_steps.advance),
    Door(nurture_selectors.ENTRIES, nurture.enter),
    Door(groups.DOOR, groups.carry_out),
)

# -- what the ticker looks for → the task that takes it from its table ----------------------------------


def _log_behind(at: datetime) -> datetime | None:
    return at if erasure_log.waiting() else None


def _keeping(at: datetime) -> datetime | None:
    return at if retention.months_at(at) else None


def _pending(at: datetime) -> datetime | None:
    return at if claiming.waiting(at) else None


DUE_WORK = (
    DueWork("submissions", _pending, capture_tasks.run_pipeline, every=0.05),
    DueWork("clocks", ladder.next_due, sla_tasks.climb),
    DueWork("held leads", routing_selectors.next_held_at, routing_tasks.drain_held, every=1.0),
    DueWork("loads", workload.next_fold, routing_tasks.fold_loads, every=5.0),
    DueWork("returns", absences.next_return, routing_tasks.welcome_back, every=60.0),
    DueWork("scores", qualification_selectors.next_reassessed_at, qualification_tasks.reassess, every=1.0),
    DueWork("stalled leads", stalled.next_due, desk_tasks.resume_stalled, every=1.0),
    DueWork("snoozes", desk_selectors.next_snooze_over, desk_tasks.wake_snoozed, every=1.0),
    DueWork("recycled leads", qualification_selectors.next_rest_over, qualification_tasks.wake_recycled, every=1.0),
    DueWork("what is kept for a while", lambda at: at, desk_tasks.purge, cluster="long", every=3600.0),
    DueWork("imports", imports.next_at, import_tasks.run_imports, cluster="long", every=1.0),
    DueWork("sequences", nurture_selectors.next_due, nurture_tasks.advance, every=1.0),
    DueWork("entries", lambda at: at, nurture_tasks.look_for_entries, cluster="long", every=300.0),
    DueWork("group enrolments", groups.next_at, nurture_tasks.carry_out_groups, cluster="long", every=1.0),
    DueWork("facts of the reports", report_facts.next_due, report_tasks.keep_facts, cluster="long", every=5.0),
    DueWork("log of erasures", _log_behind, privacy_tasks.log_erasures, cluster="long", every=60.0),
    DueWork("seals", lambda at: at, desk_tasks.seal_journal, cluster="long", every=60.0),
    DueWork("retention", _keeping, privacy_tasks.erase_kept_long_enough, cluster="long", every=3600.0),
    DueWork("effects", runner.next_due, desk_tasks.send_effects, every=1.0),
)

# -- what a file of rows may hold: capture reads the file, the app that owns the table takes the rows ---------

DEALS = import_kinds.RowKind(
    "deals",
    lambda: [import_kinds.Target(*each) for each in dealreading.TARGETS],
    dealrows.checker,
    dealrows.take,
    dealreading.ONE_OF,
    verb="open_opportunity",
)


def hand_over() -> None:
    """Give the tables to the ground; called once at start-up."""
    unit.set_phases(PHASES)
    work.set_sources(DUE_SOURCES)
    batch.set_doors(DOORS)
    ticker.set_due_work(DUE_WORK)
    for kind in (replace(LEADS, undo=qualification.withdraw), ACCOUNTS, DEALS):
        import_kinds.register(kind)
    dealrows.set_make_owners(people.former_reps)
