"""No table and no column is forgotten: what can hold words is either erased or named here with the reason it stays."""

from __future__ import annotations

from django.apps import apps
from django.db import models

from leadops.privacy.holdings import HOLDINGS

WORDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
# tables of the house itself: our own people, rules, figures, secrets, and what the queue and Django keep
OURS = {
    "leadops_user", "leadops_membership", "leadops_heartbeat", "leadops_team", "leadops_rep", "leadops_repterms",
    "leadops_absence", "leadops_reason", "leadops_status", "leadops_attributedef", "leadops_accountowner",
    "leadops_exchangerate", "leadops_segment", "leadops_seal", "leadops_entryorigin", "leadops_version", "leadops_publication",
    "leadops_decisionbatch", "leadops_apitoken", "leadops_secret", "leadops_demo", "leadops_erasure", "leadops_mailstop",
    "capture_campaign", "capture_source", "capture_form", "capture_refusal", "capture_cost", "routing_departure",
    "routing_pool", "routing_poolmember", "routing_poolcredit", "routing_creditentry", "routing_loadentry", "routing_territory",
    "routing_territoryplace", "nurture_groupenrolment", "reports_dayfact", "reports_askingday", "reports_askingspan",
    "reports_stayspan", "reports_standingday", "reports_factsread", "reports_dealfact", "reports_dealday",
    "reports_dealspan", "reports_dealopen", "capture_erasedmark", "auth_permission", "auth_group",
    "auth_group_permissions", "django_content_type", "django_session", "django_q_schedule", "django_q_ormq",
}  # fmt: skip
SIGN_IN = ("account_", "mfa_", "axes_", "usersessions_")  # how our own people sign in
# erased by a way of their own (`capture/imports/erasing.py`, `queue.forget`)
OWN_WAY = {"capture_import", "capture_importpart", "capture_importfault", "django_q_task"}
# about a lead, in codes, numbers and ids alone
CODES = {
    "leadops_work", "leadops_notice", "routing_reassignedlead", "routing_assignment", "routing_clock",
    "routing_clockstep", "qualification_scoresheet", "qualification_handoff", "nurture_stepdone", "nurture_groupmember",
    "reports_leadfact", "reports_askingfact", "leadops_journalentry", "qualification_frameworkanswer",
    "nurture_enrolment",
}  # fmt: skip
KEPT = {
    "leadops_consent": {"channel", "purpose", "state", "basis", "notice"},  # codes; the notice by its digest
    "leadops_suppression": {"digest", "channel", "reason", "origin"},  # the keyed hash is what it is for
    "leadops_account": {"country", "industry"},
    # where they came from and what a figure counts, in keys and choices
    "leadops_lead": {
        "product_line", "source", "campaign", "channel", "first_source", "first_campaign", "first_channel",
        "last_source", "last_campaign", "last_channel", "industry", "country", "region", "language", "stage", "status",
        "stage_reason", "pool", "held", "grade", "band",
    },
    # the deal is the company's: what was sold, for how much, and its number in the CRM
    "leadops_opportunity": {"product", "state", "reason", "currency", "external_key"},
    "leadops_task": {"kind"},
    "capture_submission": {"variant", "digest", "end"},
    "leadops_touch": {"kind", "source", "channel", "channel_rule", "campaign"},
    "leadops_decision": {"kind", "digest", "outcome"},
    "leadops_effect": {"channel", "key", "state", "purpose", "body"},  # codes and ids: words are made when it is sent
    "leadops_stalled": {"phase", "entries", "doors"},
    "routing_reassignment": {"destination"},
    "leadops_apicall": {"caller", "digest"},
    "django_admin_log": {"object_id"},
}  # fmt: skip


def test_every_column_that_can_hold_words_is_erased_or_stays_for_a_reason():
    held = {holding.model._meta.db_table: holding.personal for holding in HOLDINGS}
    forgotten, unknown = [], set(KEPT) - set(held)
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if not model._meta.managed or model._meta.proxy or table.startswith(SIGN_IN) or table in OURS | OWN_WAY | CODES:
            continue
        words = {column.name for column in model._meta.concrete_fields if isinstance(column, WORDS)}
        left = words - held.get(table, frozenset()) - KEPT.get(table, set())
        forgotten += [f"{table}.{name}" for name in sorted(left)]
        unknown |= {f"{table}.{name}" for name in KEPT.get(table, set()) - words}
    assert not forgotten, "name it in leadops/privacy/holdings.py, or here with its reason"
    assert not unknown, "named here and gone"
