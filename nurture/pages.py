"""What nurture's pages show, put together from versions and enrolments; decides nothing and writes nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadops import access, moment
from leadops.access import Actor
from leadops.conditions.fields import LEAD
from leadops.conditions.sentence import sentence
from leadops.conditions.validate import Invalid
from leadops.effects import stop
from leadops.errors import NotFound
from leadops.models import Lead
from leadops.templatetags.house import said
from leadops.versions import drafting
from leadops.versions import services as versions
from leadops.versions.calendars import name_of, names_at
from leadops.versions.forms import ReasonForm
from leadops.versions.models import Version
from nurture import defaults, eligibility, merging, selectors, waiting, wording
from nurture.forms import RollBackForm, SettingsForm, TemplateForm
from nurture.models import Enrolment
from nurture.sequence import BY_CONDITION, CALL, MAIL

SHOWN = 50  # enrolments on a page, newest first
LEFT = (Enrolment.State.EXITED, Enrolment.State.EXCLUDED, Enrolment.State.BLOCKED)  # whose reasons are counted
TONES = {
    "active": "info", "paused": "warn", "blocked": "bad", "finished": "good", "exited": "neutral", "excluded": "neutral",
}  # fmt: skip
EDIT = "edit_sequences"


def list_context(actor: Actor) -> dict[str, Any]:
    rows = selectors.sequences()
    counts = selectors.counts_of(row["key"] for row in rows)
    for row in rows:
        row["entry"] = entry_words((row["live"] or row["newest"]).body)
        row["running"] = counts.get(row["key"], {}).get("active", 0)
        row["steps"] = len((row["live"] or row["newest"]).body.get("steps", ()))
    may = access.can(actor, EDIT)
    starters, cap = may and defaults.missing(), waiting.cap_at(moment.now())
    return {
        "rows": rows,
        "may_edit": may,
        "may_enrol": access.can(actor, "enrol"),
        "starters": starters,
        "cap": cap,
        "silence": stop.silence(),
    }


def _window(window: Mapping[str, Any]) -> dict[str, Any]:
    """The send window, its calendar by name."""
    key = str(window.get("calendar", "house"))
    return {**window, "calendar": names_at(moment.now()).get(key) or name_of(key, None)}


def entry_words(body: Mapping[str, Any]) -> str:
    """Who enters, in one sentence."""
    if body.get("by") != BY_CONDITION:
        return _("Leads put in by hand")
    try:
        return sentence(body.get("entry") or {}, LEAD)
    except Invalid as invalid:
        return _("This condition cannot be read: %(why)s") % {"why": invalid.message}


def step_words(step: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    kind = step.get("kind")
    if kind == MAIL:
        key = str(step.get("template") or "—")
        return _("Mail “%(name)s”") % {"name": templates.get(key, key)}
    if kind == CALL:
        return _("Call task: %(text)s") % {"text": said(step.get("text")) or "—"}
    days = step.get("days", 0)
    return ngettext("Wait %(n)s working day", "Wait %(n)s working days", days) % {"n": days}


def sequence_context(actor: Actor, key: str, forms_given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One sequence: what is in force or its draft, its steps, its versions, who is in it."""
    given = dict(forms_given or {})
    newest, live, draft = _versions_of("sequence", key)
    shown = draft or live or newest
    templates = {row["key"]: row["name"] for row in selectors.templates()}
    may = access.can(actor, EDIT)
    state, after = given.pop("state", ""), given.pop("after", "")
    rows = selectors.enrolments_visible_to(actor).filter(sequence=key).order_by("-id")
    rows = rows.filter(state=state) if state in Enrolment.State.values else rows
    page = list((rows.filter(pk__lt=after) if after else rows)[: SHOWN + 1])
    return {
        "key": key,
        "silence": stop.silence(),
        "name": said(shown.body.get("name")) or key,
        "goal": said(shown.body.get("goal")),
        "live": live,
        "draft": draft,
        "editing": draft is not None and may,
        "may_edit": may,
        "entry": entry_words(shown.body),
        "window": _window(shown.body.get("window") or {}),
        "exits": exit_words(shown.body),
        "needs_consent": shown.body.get("needs_consent", False),
        "steps": [step_row(i, step, templates) for i, step in enumerate(shown.body.get("steps", ()))],
        "templates": sorted(templates.items(), key=lambda pair: pair[1]),
        "settings_form": given.get("settings_form") or SettingsForm(body=shown.body),
        "publish_form": given.get("publish_form") or ReasonForm(auto_id="publish_%s"),
        "faults": _check_words(versions.check(draft)) if draft else [],
        "counts": _counts(key, state),
        "state": state,
        "reasons": _reasons(rows) if state in LEFT else [],
        "enrolments": [enrolment_row(row, actor) for row in page[:SHOWN]],
        "paged": bool(after),
        "after": str(page[SHOWN - 1].pk) if len(page) > SHOWN else "",
        **_history("sequence", key, live, given),
    }


def _check_words(faults: Sequence[tuple[str, object]]) -> list[str]:
    """What stands against publishing; a fault of a step names it by its place."""
    words = []
    for path, message in faults:
        place = path.partition("steps[")[2].partition("]")[0]
        words.append(
            _("Step %(n)s: %(fault)s") % {"n": int(place) + 1, "fault": message} if place.isdigit() else str(message)
        )
    return words


def step_row(position: int, step: Mapping[str, Any], templates: Mapping[str, str]) -> dict[str, Any]:
    texts = step.get("text") or {}
    return {
        "position": position,
        "kind": step.get("kind"),
        "words": step_words(step, templates),
        "template": step.get("template", ""),
        "days": step.get("days", ""),
        "text_fr": texts.get("fr", ""),
        "text_en": texts.get("en", ""),
    }


def exit_words(body: Mapping[str, Any]) -> list[str]:
    always = [_("reply"), _("unsubscribe"), _("bounce or complaint"), _("sale")]
    more = {"stage": _("change of stage"), "touch": _("a rep’s call, mail or talk")}
    return always + [more[name] for name in body.get("exits", ()) if name in more]


def _versions_of(kind: str, key: str) -> tuple[Version, Version | None, Version | None]:
    newest = drafting.newest_of(kind, key)
    if newest is None:
        raise NotFound(_("There is nothing of this name."))
    return newest, versions.version_at(kind, key, moment.now()), drafting.draft_of(kind, key)


def _history(kind: str, key: str, live: Version | None, given: Mapping[str, Any]) -> dict[str, Any]:
    rows = versions.history(kind, key)
    older = [row.number for row in rows if row.state != Version.State.DRAFT and (live is None or row.pk != live.pk)]
    return {
        "versions": rows,
        "roll_back_form": given.get("roll_back_form") or (RollBackForm(numbers=older) if older else None),
        "older": older,
    }


def _counts(key: str, state: str) -> list[dict[str, Any]]:
    found = selectors.counts_of([key]).get(key, {})
    return [
        {"state": value, "label": label, "n": found.get(value, 0), "current": value == state}
        for value, label in Enrolment.State.choices
    ]


def _reasons(rows: QuerySet[Enrolment]) -> list[tuple[str, int]]:
    """What these ended for, in words, the most frequent first."""
    found: Counter[str] = Counter()
    for reason, n in rows.order_by().values_list("reason").annotate(n=Count("pk")):
        found[str(eligibility.words(reason)) if reason else "—"] += n
    return found.most_common()


def enrolment_row(row: Enrolment, actor: Actor) -> dict[str, Any]:
    """One line of a list; who may not see contacts sees initials."""
    return {
        "row": row,
        "who": "" if access.masks_contacts(actor) else str(row.lead.person),
        "state": _("Waits") if row.state == "active" and row.reason in waiting.WAITS else row.get_state_display(),
        "tone": "warn" if row.state == "active" and row.reason in waiting.WAITS else TONES[row.state],
        "why": eligibility.words(row.reason) if row.reason else "",
        "step": row.step + 1,
    }


def steps_to_come(row: Enrolment) -> list[str]:
    """What is left of the version the enrolment began with."""
    templates = {each["key"]: each["name"] for each in selectors.templates()}
    return [step_words(step, templates) for step in row.version.body.get("steps", ())[row.step :]]


# -- templates -----------------------------------------------------------------------------------------


def template_context(
    actor: Actor, key: str, lead_id: str = "", forms_given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    given = dict(forms_given or {})
    newest, live, draft = _versions_of("template", key)
    shown = draft or live or newest
    leads = _to_preview(actor)
    lead = _chosen(actor, lead_id, leads)
    form = given.get("form")
    body = form.changed_body() if form is not None and form.is_valid() else shown.body
    return {
        "key": key,
        "name": said(shown.body.get("name")) or key,
        "live": live,
        "draft": draft,
        "editing": draft is not None and access.can(actor, EDIT),
        "may_edit": access.can(actor, EDIT),
        "form": form or TemplateForm(body=shown.body),
        "publish_form": given.get("publish_form") or ReasonForm(auto_id="publish_%s"),
        "faults": _check_words(versions.check(draft)) if draft else [],
        "fields": merging.FIELDS.items(),
        "leads": leads,
        "lead": lead,
        "previews": previews(body, lead) if lead else [],
        **_history("template", key, live, given),
    }


def _to_preview(actor: Actor) -> list[Lead]:
    if access.masks_contacts(actor):
        return []
    rows = access.leads_visible_to(actor).exclude(person__email="").select_related("person", "owner__user")
    return list(rows.order_by("-id")[:20])


def _chosen(actor: Actor, lead_id: str, leads: Sequence[Lead]) -> Lead | None:
    if access.masks_contacts(actor):
        return None
    if lead_id:
        try:
            return access.lead_for(actor, uuid.UUID(lead_id))
        except ValueError:
            return None
    return leads[0] if leads else None


def previews(body: Mapping[str, Any], lead: Lead) -> list[dict[str, Any]]:
    """The letter to a real lead in both languages; what stands against it in words."""
    shown = []
    for language, label in (("fr", _("In French")), ("en", _("In English"))):
        faults = [
            message
            for part in ("subject", "body")
            for message in wording.faults_of(
                str((body.get(part) or {}).get(language) or ""), merging.FIELDS, one_liner=part == "subject"
            )
        ]
        worded = None
        if not faults:
            try:
                worded = wording.word(
                    body["subject"][language], body["body"][language], merging.values_of(lead, language)
                )
            except wording.Missing as missing:
                faults = [_("Blocked for this lead: %(why)s.") % {"why": eligibility.words(str(missing))}]
        shown.append({"language": language, "label": label, "worded": worded, "faults": faults})
    return shown


def bound_errors(form: forms.Form, refused: Any) -> None:
    """What was refused, written into the form beside what was typed."""
    form.add_error("reason" if refused.code == "reason-needed" else None, str(refused.message))
    for where, message in refused.detail.get("faults", ()):
        form.add_error(None, f"{where}: {message}")
