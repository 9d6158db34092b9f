"""The one FilterSet of each list of the desk: a query string means the same on the page and in the API."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

import django_filters as filters
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.forms import Select
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from capture.selectors import people_called
from leadops import access, cohorts, moment
from leadops.desk import selectors
from leadops.effects.models import Effect
from leadops.fold import fold, fold_email
from leadops.lifecycle import FORWARD
from leadops.models import OPEN_STAGES, Lead, Reason, Stage
from leadops.rest.queries import ListFilter, MomentFilter, Truth, WholeNumber
from leadops.stalled import Stalled
from leadops.work import Work
from qualification.fields import matrix_choices
from routing.models import Assignment, Clock
from routing.selectors import FOR_A_PERSON, reps_led_by, to_claim

STAGES_PASSED = [(stage, Stage(stage).label) for stage in FORWARD]
ANSWERS = [
    ("within_5", _("Within five minutes")),
    ("5_15", _("5 to 15 minutes")),
    ("15_60", _("15 to 60 minutes")),
    ("60_plus", _("After an hour")),
    ("late", _("After five minutes")),
    ("never", _("Never")),
]
CLOCKS = [("soon", _("Within 15 minutes")), ("half_hour", _("Within half an hour, and none has run out"))]
ANY = [("", _("All")), ("true", _("Yes")), ("false", _("No"))]
REFUSALS = [(use, Reason.Use(use).label) for use in cohorts.REFUSALS]
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


class LeadFilter(ListFilter):
    q = filters.CharFilter(label=_("Name, e-mail, phone or company"), method="by_text")
    stage = filters.MultipleChoiceFilter(label=_("Stage"), choices=Stage.choices)
    open = Truth(label=pgettext_lazy("lead", "Open"), method="by_open", widget=Select(choices=ANY))
    owner = filters.UUIDFilter(label=_("Owner"), field_name="owner")
    team = filters.UUIDFilter(label=_("Team"), field_name="team")
    held = Truth(label=_("Held"), method="by_held", widget=Select(choices=ANY))
    needs_person = Truth(label=_("Waits for a person"), method="by_need")
    overdue = Truth(label=_("A clock has run out"), method="by_overdue")
    clock = filters.ChoiceFilter(label=_("A clock runs out soon"), choices=CLOCKS, method="by_clock")
    breached_after = MomentFilter(label=_("Breached from"), method="by_breach")
    breached_before = MomentFilter(label=_("Breached before"), method="by_breach")
    due = Truth(label=_("Work is due"), method="by_due")
    due_before = MomentFilter(label=_("Work is due before"), method="by_due_before")
    claimable = Truth(label=_("To be claimed"), method="by_claimable")
    led = Truth(label=_("Of the reps one leads"), method="by_led")
    given_to = filters.UUIDFilter(label=_("Received by"), method="by_giving")
    given_after = MomentFilter(label=_("Received by them from"), method="by_giving")
    source = filters.CharFilter(label=_("Source"), field_name="source")
    campaign = filters.CharFilter(label=_("Campaign"), field_name="campaign")
    channel = filters.CharFilter(label=_("Channel"), field_name="channel")
    received_after = MomentFilter(label=_("Received from"), field_name="received_at", lookup_expr="gte")
    received_before = MomentFilter(label=_("Received before"), field_name="received_at", lookup_expr="lt")
    external_key = filters.CharFilter(label=_("Key in the other system"), method="by_external_key")
    submission = filters.UUIDFilter(label=_("Submission"), field_name="submission")

    # what the figures of reports open: each means what `leadops.cohorts` says
    first_source = filters.CharFilter(label=_("First source"), method="by_origin")
    first_campaign = filters.CharFilter(label=_("First campaign"), method="by_origin")
    first_channel = filters.CharFilter(label=_("First channel"), method="by_origin")
    last_source = filters.CharFilter(label=_("Last source"), method="by_origin")
    last_campaign = filters.CharFilter(label=_("Last campaign"), method="by_origin")
    last_channel = filters.CharFilter(label=_("Last channel"), method="by_origin")
    merged = Truth(label=_("Merged into another"), method="by_merged")
    reached = filters.ChoiceFilter(label=_("Ever reached"), choices=STAGES_PASSED, method="by_reached")
    unreached = filters.ChoiceFilter(label=_("Never reached"), choices=STAGES_PASSED, method="by_unreached")
    stopped = filters.ChoiceFilter(label=_("Stopped at"), choices=STAGES_PASSED, method="by_stopped")
    won = Truth(label=_("Has a won deal"), method="by_won")
    reason = filters.CharFilter(label=_("Reason of the end"), field_name="stage_reason")
    hand_raiser = Truth(label=_("Asked to be contacted"), field_name="hand_raiser")
    unowned = Truth(label=_("Without owner"), field_name="owner", lookup_expr="isnull")
    resting = Truth(label=_("Not an MQL yet, nobody’s"), method="by_resting")
    asked_after = MomentFilter(label=_("Asked from"), method="by_asking")
    asked_before = MomentFilter(label=_("Asked before"), method="by_asking")
    entered = filters.ChoiceFilter(label=_("First reached"), choices=STAGES_PASSED, method="by_asking")
    entered_after = MomentFilter(label=_("Reached from"), method="by_asking")
    entered_before = MomentFilter(label=_("Reached before"), method="by_asking")
    won_after = MomentFilter(label=_("Won from"), method="by_asking")
    won_before = MomentFilter(label=_("Won before"), method="by_asking")
    staged_after = MomentFilter(label=_("In its stage since"), field_name="stage_at", lookup_expr="gte")
    staged_before = MomentFilter(label=_("In its stage since before"), field_name="stage_at", lookup_expr="lt")
    waiting_on = filters.ChoiceFilter(label=_("Waiting"), field_name="work__waiting_on", choices=Work.Waiting.choices)
    held_for = filters.CharFilter(label=_("Held because"), field_name="held")
    asked_weekday = WholeNumber(label=_("Asked on the weekday"), method="by_asking", min_value=1, max_value=7)
    asked_hour = WholeNumber(label=_("Asked at the hour"), method="by_asking", min_value=0, max_value=23)
    answered = filters.ChoiceFilter(label=_("Answered"), choices=ANSWERS, method="by_asking")
    refused = filters.ChoiceFilter(label=_("Refused"), choices=REFUSALS, method="by_refusal")
    refused_reason = filters.CharFilter(label=_("Refused for the reason"), method="by_refusal")
    refused_definition = filters.CharFilter(label=_("Refused after an offer by the definition"), method="by_refusal")
    refused_after = MomentFilter(label=_("Refused from"), method="by_refusal")
    refused_before = MomentFilter(label=_("Refused before"), method="by_refusal")
    matrix = filters.MultipleChoiceFilter(
        label=_("Grade (A1 to D3)"), field_name="score_sheet__matrix", choices=matrix_choices()
    )

    needs = {"given_after": "given_to", "entered_after": "entered", "entered_before": "entered"}

    class Meta:
        model = Lead
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = getattr(self.request, "_request", self.request)  # the API wraps the page's request
        self.actor: access.Actor = getattr(asked, "actor", access.VISITOR)
        self.masked = access.masks_contacts(self.actor)
        if self.masked:
            self.filters["q"].label = _("Company")

    def filter_queryset(self, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        """The filters of askings read one another (band, hour and period of one asking), so they go last, together."""
        rows: QuerySet[Lead] = super().filter_queryset(queryset)
        given = self.form.cleaned_data
        rows = self._refused(rows, given)
        if given.get("given_to"):
            turns = Assignment.objects.filter(
                lead=OuterRef("pk"), rep=given["given_to"], started_at__gte=given.get("given_after") or EVER[0]
            )
            rows = rows.filter(Exists(turns))
        since, until = given.get("breached_after"), given.get("breached_before")
        if since or until:
            late = {"breached_at__gte": since or EVER[0], "breached_at__lt": until or EVER[1]}
            rows = rows.filter(Exists(Clock.objects.filter(lead=OuterRef("pk"), **late)))
        if given.get("entered"):
            span = given.get("entered_after") or EVER[0], given.get("entered_before") or EVER[1]
            rows = cohorts.entered(rows, given["entered"], *span)
        if given.get("won_after") or given.get("won_before"):
            rows = cohorts.won_within(rows, given.get("won_after") or EVER[0], given.get("won_before") or EVER[1])
        hour, weekday, how = given.get("asked_hour"), given.get("asked_weekday"), given.get("answered")
        whole = hour is None and weekday is None and not how
        if whole and not (given.get("asked_after") or given.get("asked_before")):
            return rows
        rows = cohorts.asked(rows, given.get("asked_after") or EVER[0], given.get("asked_before") or EVER[1])
        zone = ZoneInfo(settings.REPORTING_ZONE)
        if weekday is not None:
            rows = rows.annotate(weekday=ExtractIsoWeekDay("asked_at", tzinfo=zone)).filter(weekday=int(weekday))
        if hour is not None:
            rows = rows.annotate(hour=ExtractHour("asked_at", tzinfo=zone)).filter(hour=int(hour))
        return cohorts.answered(rows, how) if how else rows

    def _refused(self, rows: QuerySet[Lead], given: dict[str, Any]) -> QuerySet[Lead]:
        """The filters of a refusal are about one act, so they are asked together."""
        names = ("refused", "refused_reason", "refused_definition", "refused_after", "refused_before")
        use, reason, definition, since, until = (given.get(name) for name in names)
        if not (use or reason or definition or since or until):
            return rows
        if definition and definition != cohorts.EMPTY and _key(definition) is None:
            return rows.none()
        period = (since or EVER[0], until or EVER[1])
        return cohorts.refused(rows, *period, use=use or "", reason=reason or None, definition=definition or "")

    def by_refusal(self, rows: QuerySet[Lead], name: str, value: Any) -> QuerySet[Lead]:
        return rows

    def by_asking(self, rows: QuerySet[Lead], name: str, value: Any) -> QuerySet[Lead]:
        return rows

    def by_origin(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return cohorts.of_origin(rows, name, value)

    def by_merged(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return rows.filter(absorbed_by__isnull=False) if value else cohorts.countable(rows)

    def by_resting(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return rows.filter(cohorts.RESTING) if value else rows.exclude(cohorts.RESTING)

    def by_reached(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return cohorts.reached(rows, value)

    def by_unreached(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return cohorts.unreached(rows, value)

    def by_stopped(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return cohorts.stopped_at(rows, value)

    def by_won(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return cohorts.won(rows, value)

    def by_open(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        still_open = Q(stage__in=OPEN_STAGES, absorbed_by__isnull=True)
        return (
            rows.filter(still_open) if value else rows.filter(Q(absorbed_by__isnull=False) | ~Q(stage__in=OPEN_STAGES))
        )

    def by_held(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return rows.filter(held="") if not value else rows.filter(Q(held__gt=""))

    def by_need(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        """Held for what no time ends: somebody assigns it or routes it again."""
        waits = Q(held__in=FOR_A_PERSON, owner__isnull=True, stage__in=OPEN_STAGES, absorbed_by__isnull=True)
        return rows.filter(waits) if value else rows.exclude(waits)

    def by_overdue(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        late = Clock.objects.filter(lead=OuterRef("pk"), state=Clock.State.RUNNING, due_at__lte=moment.now())
        return rows.filter(Exists(late)) if value else rows.filter(~Exists(late))

    def by_clock(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        now = moment.now()
        running = Clock.objects.filter(lead=OuterRef("pk"), state=Clock.State.RUNNING)
        if value == "soon":
            return rows.filter(Exists(running.filter(due_at__gt=now, due_at__lte=now + cohorts.SOON)))
        soon = running.filter(due_at__gt=now, due_at__lte=now + cohorts.HALF_AN_HOUR)
        return rows.filter(Exists(soon), ~Exists(running.filter(due_at__lte=now)))

    def by_breach(self, rows: QuerySet[Lead], name: str, value: Any) -> QuerySet[Lead]:
        return rows

    def by_due(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        """Work that is due and not snoozed."""
        due = Work.objects.filter(lead=OuterRef("pk"), due_at__lte=moment.now(), wakes_at__isnull=True)
        return rows.filter(Exists(due)) if value else rows.filter(~Exists(due))

    def by_claimable(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        return rows.filter(to_claim() if value else ~to_claim())

    def by_led(self, rows: QuerySet[Lead], name: str, value: bool) -> QuerySet[Lead]:
        """Leads of active reps of the teams the reader leads, as the board counts them."""
        led = Q(owner__in=reps_led_by(self.actor).filter(active=True))
        return rows.filter(led) if value else rows.filter(Q(owner__isnull=True) | ~led)

    def by_due_before(self, rows: QuerySet[Lead], name: str, value: datetime) -> QuerySet[Lead]:
        work = Work.objects.filter(lead=OuterRef("pk"), due_at__lt=value, wakes_at__isnull=True)
        return rows.filter(Exists(work))

    def by_giving(self, rows: QuerySet[Lead], name: str, value: Any) -> QuerySet[Lead]:
        return rows

    def by_text(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        """Exact e-mail or phone number, else the beginning of a name, surname or company, folded: indexed, never fuzzy.

        Who may not read contacts searches companies only: a search is an answer too.
        """
        if self.masked:
            return rows.filter(company_folded__startswith=fold(value))
        email: Any = fold_email(value)
        if email:
            return rows.filter(person__emails__folded=email)
        called = people_called(value)
        if called.exists():
            return rows.filter(person__in=called)
        text = fold(value)
        if not text:
            return rows.none()  # signs alone begin no name
        # no index has all three, and a join of all leads takes seconds among a million
        found = selectors.beginning_with(text)
        return rows.filter(pk__any=found) if found is not None else rows.filter(reduce(or_, selectors.begins(text)))

    def by_external_key(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return rows.none() if self.masked else rows.filter(external_key=value)


class StalledFilter(filters.FilterSet):
    phase = filters.CharFilter(field_name="phase")

    class Meta:
        model = Stalled
        fields: list[str] = []


class EffectFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(field_name="state", choices=Effect.State.choices)
    purpose = filters.CharFilter(field_name="purpose")
    lead = filters.UUIDFilter(field_name="lead")

    class Meta:
        model = Effect
        fields: list[str] = []
