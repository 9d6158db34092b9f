"""What the page shows before anything is erased: who is meant, what is there, what stays. Reads only."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadops import access
from leadops.access import WHOLE_HOUSE, Actor
from leadops.errors import NotFound
from leadops.models import Account, Lead, Opportunity, Person
from leadops.privacy.holdings import HOLDINGS, Holding
from leadops.privacy.models import Erasure
from leadops.privacy.subject import Subject, sole_account, subject_of

GOES, BLANKED, STAYS = "goes", "blanked", "stays"


def preview(person_id: uuid.UUID, actor: Actor) -> dict[str, Any]:
    """The person with all that is kept of them, table by table; 404 for who may do neither."""
    if not (access.can(actor, "erase_person", WHOLE_HOUSE) or access.can(actor, "export_person", WHOLE_HOUSE)):
        raise NotFound(_("There is no such person."))
    subject = subject_of(person_id)
    alone = sole_account(subject.person, subject.people)
    whole = replace(subject, account=alone)
    return {
        "person": subject.person,
        "aliases": Person.objects.filter(pk__in=subject.people - {subject.person.pk}).order_by("pk"),
        "erasure": Erasure.objects.filter(person=subject.person).order_by("-at").first(),
        "leads": Lead.objects.filter(pk__in=subject.leads).order_by("-id"),
        "deals": Opportunity.objects.filter(lead__in=subject.leads, state=Opportunity.State.OPEN).count(),
        "company": Account.objects.filter(pk=alone).first() if alone else None,
        "tables": [row for row in (_counted(holding, whole) for holding in HOLDINGS) if row["rows"]],
        "may_erase": access.can(actor, "erase_person", WHOLE_HOUSE),
        "may_copy": access.can(actor, "export_person", WHOLE_HOUSE),
    }


def _counted(holding: Holding, subject: Subject) -> dict[str, Any]:
    fate = GOES if holding.gone else BLANKED if holding.personal else STAYS
    count = holding.rows(subject).distinct().count()
    return {"table": holding.model._meta.db_table, "label": holding.label, "rows": count, "fate": fate}
