"""Decision records: what a decision saw, chose and why; kept so that it can be replayed. Decides nothing.

The digest is sha256(salt ‖ canonical facts): erasing deletes salt and facts, and the record still verifies.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Hashable
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadops import bulk, ids
from leadops.models import Lead
from leadops.models.columns import address, transaction_id
from leadops.packing import written
from leadops.unit import Unit
from leadops.versions.models import Version

ENGINE = 2  # number of the deciding code; an older engine's record replays against its golden result


class DecisionBatch(models.Model):
    """The state before a batch, once; the state at ordinal k is that and the outcomes before k."""

    id = address()
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    state = models.JSONField(default=dict)
    xid = transaction_id()

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"


class Decision(models.Model):
    """One decision about one lead. `propensity` is the probability with which the outcome was chosen."""

    class Kind(models.TextChoices):
        ROUTING = "routing", _("Routing")
        MQL = "mql", _("MQL")
        SLA = "sla", _("SLA policy")
        ENROLMENT = "enrolment", _("Enrolment")
        ARM = "arm", _("Experiment arm")

    id = address()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="decisions", db_constraint=False, db_index=False
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        DecisionBatch,
        on_delete=models.PROTECT,
        null=True,
        related_name="decisions",
        db_constraint=False,
        db_index=False,
    )
    ordinal = models.PositiveIntegerField(default=0)
    digest = models.BinaryField(max_length=32)
    outcome = models.JSONField(default=dict)
    why = models.JSONField(default=dict)
    seed = models.BigIntegerField(null=True)
    propensity = models.FloatField(default=1.0)
    engine = models.PositiveSmallIntegerField(default=ENGINE)
    at = models.DateTimeField()
    xid = transaction_id()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [
            models.Index(fields=["lead", "kind", "-id"], name="decision_of_lead"),
            models.Index(
                fields=["batch", "ordinal"], name="decision_in_batch", condition=models.Q(batch__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(name="decision_propensity", condition=models.Q(propensity__gt=0, propensity__lte=1))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"


class DecisionFacts(models.Model):
    """Personal side of a decision: the facts it saw and their salt; deleted on erasure."""

    decision = models.UUIDField(primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    salt = models.BinaryField(max_length=16)
    facts = models.JSONField()
    xid = transaction_id()

    def __str__(self) -> str:
        return str(self.decision)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value.normalize()) if value else "0"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"not a fact: {value!r}")


def _encoder_of(made: json.JSONEncoder) -> Callable[[Any], str]:
    """`made.encode` set up once, which is most of what encoding a small value costs; no indents, no ASCII, no circles."""
    fast = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if fast is None or type(made).iterencode is not json.JSONEncoder.iterencode:
        return made.encode
    signs, joined = (made.key_separator, made.item_separator), "".join
    chunks = fast(None, made.default, encode_basestring, None, *signs, made.sort_keys, made.skipkeys, made.allow_nan)
    return lambda value: joined(chunks(value, 0))


_encode = _encoder_of(json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain))
_ALIKE = "decisions.alike"


def canonical(facts: dict[str, Any]) -> str:
    """Facts as one canonical JSON text: sorted keys, no spaces, decimals and times as text."""
    return _encode(facts)


def digest_of(salt: bytes, facts_text: str) -> bytes:
    return hashlib.sha256(salt + facts_text.encode()).digest()


class Alike(NamedTuple):
    """What decisions about like facts say, as JSON texts: facts, outcome and why."""

    facts: bulk.Text
    outcome: bulk.Text
    why: bulk.Text


def alike(
    unit: Unit, key: tuple[Hashable, ...], told: Callable[[], tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]
) -> Alike:
    """The texts of the decisions of this unit with this key; `told` gives (facts, outcome, why) for the first of them."""
    known: dict[tuple[Hashable, ...], Alike] = unit.memo.setdefault(_ALIKE, {})
    found = known.get(key)
    if found is None:
        facts, outcome, why = told()
        told_as = [bulk.Text(written(each).decode()) for each in (outcome, why)]
        found = known[key] = Alike(bulk.Text(canonical(facts)), *told_as)
    return found


def record(
    unit: Unit,
    *,
    kind: str,
    lead: Lead,
    facts: dict[str, Any] | bulk.Text,
    outcome: dict[str, Any] | bulk.Text,
    why: dict[str, Any] | bulk.Text,
    version: Version | None = None,
    batch: DecisionBatch | None = None,
    ordinal: int = 0,
    seed: int | None = None,
    propensity: float = 1.0,
) -> Decision:
    """Buffer one decision and its facts in the unit; the batch itself is added by the caller, first.

    What many decisions of a batch say alike may be given as text, encoded once (`Alike`).
    """
    text = facts if isinstance(facts, bulk.Text) else bulk.Text(canonical(facts))
    salt = ids.chance(16)
    row = bulk.make(
        Decision,
        kind=kind,
        lead_id=lead.id,
        version_id=version.id if version else None,
        batch_id=batch.id if batch else None,
        ordinal=ordinal,
        digest=digest_of(salt, text),
        outcome=outcome,
        why=why,
        seed=seed,
        propensity=propensity,
        at=unit.at,
    )
    unit.add([row])
    unit.note(DecisionFacts, {"decision": row.id, "lead_id": lead.id, "salt": salt, "facts": text})
    return row
