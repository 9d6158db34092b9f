"""The house the access matrix walks in: every row an address can name, and what of it may betray a lead. It asserts nothing."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.test import Client

from capture import pipeline
from capture.imports import services as imports
from capture.models import Form
from leadops import moment
from leadops.access import SYSTEM, actor_of, system
from leadops.desk import services as desk
from leadops.desk.tokens import make_token
from leadops.effects import plan, suppression
from leadops.effects.models import Effect, KeptMail, Notice
from leadops.models import Absence, Account, Lead, Membership, Person, Role, Touch
from leadops.shipped import install_defaults
from leadops.stalled import Stalled
from leadops.testing import CampaignFactory, SourceFactory, member, put_in_force, rep
from leadops.unit import Unit, in_unit
from leadops.versions.models import Version
from nurture import defaults as nurture_defaults
from nurture import groups, waiting
from nurture import services as nurture
from nurture.models import Enrolment
from qualification import opportunities
from qualification.models import Handoff
from routing import reassigning
from routing import services as routing
from routing.models import Clock, Pool, Territory

OF_A_LEAD = ("own", "team", "foreign", "unowned")
NOWHERE = uuid.UUID("00000000-0000-4000-8000-00000000dead")


def person_canary(relation: str) -> str:
    return f"zqperson{relation}"


def company_canary(relation: str) -> str:
    return f"zqcompany{relation}"


class World:
    """Léa and Luc sell in Paris, Karim in Lyon, Ana is on leave; one lead of each relation to Léa with all that hangs on it."""

    def __init__(self) -> None:
        install_defaults()
        self.at = moment.now()
        self.lea, self.luc, self.karim = rep("Léa"), rep("Luc"), rep("Karim", team="lyon")
        self.ana = rep("Ana")
        self.users = {
            "rep": self.lea.user,
            "away": self.ana.user,
            "other": self.karim.user,
            "manager": member("Nadia", Role.MANAGER, "paris"),
            "marketing": member("Hugo", Role.MARKETING_OPS),
            "revenue": member("Inès", Role.REVENUE_OPS),
            "executive": member("Paul", Role.EXECUTIVE),
            "disabled": member("Dora", Role.REVENUE_OPS),
            "stale": member("Sam", Role.REVENUE_OPS),
        }
        self.boss = actor_of(self.users["revenue"])
        self.tokens = {
            "reading token": make_token(self.lea.user, "reads", ["leads:read"], self.at),
            "source token": make_token(self.users["revenue"], "sources", ["sources:write", "sources:read"], self.at),
        }
        absence = {"kind": Absence.Kind.LEAVE, "valid_from": self.at - timedelta(days=1), "known_from": self.at}
        Absence.objects.create(rep=self.ana, valid_to=self.at + timedelta(days=9), **absence)
        self.rows: dict[str, dict[str, Any]] = {}
        self.admin_rows: dict[str, Any] = {}
        self._setting_rows()
        self.leads = {relation: self._lead(relation) for relation in OF_A_LEAD}
        self._rows_of_leads()
        self._personal_rows()

    # -- leads --------------------------------------------------------------------------------------------

    def _lead(self, relation: str) -> Lead:
        """As it arrives from outside, worked on by its owner; each word that names somebody is a canary."""
        word, company = person_canary(relation), company_canary(relation)
        sent = {"name": f"{word} {word}", "email": f"{word}@{company}.example", "company": company, "title": f"{word}-title",
                "phone": "+33 6 12 34 56 78", "message": f"{word}-message", "city": f"{word}-city"}  # fmt: skip
        answer = Client().post("/in/key-website", json.dumps(sent), "application/json")
        pipeline.run_now([uuid.UUID(answer.json()["submission"])], system("test"))
        lead = Lead.objects.get(submission=answer.json()["submission"])
        owner = {"own": self.lea, "team": self.luc, "foreign": self.karim}.get(relation)
        if owner is not None:
            in_unit(lambda unit: routing.assign(lead, owner, unit), actor=system("setup"))
        account = Account.objects.create(name=company, name_folded=company, created_at=self.at)
        Person.objects.filter(pk=lead.person_id).update(account=account)
        Lead.objects.filter(pk=lead.pk).update(account=account)

        def worked(unit: Unit) -> None:
            (mine,) = unit.leads([lead.pk])
            desk.note(mine, f"{word}-note", unit)
            opportunities.open(mine, unit, f"{word}-deal", 100, "EUR", None, external_key=f"{word}-key")

        in_unit(worked, actor=self.boss)
        return Lead.objects.get(pk=lead.pk)

    def _rows_of_leads(self) -> None:
        fresh = {relation: lead.pk for relation, lead in self.leads.items()}
        cards = Version.objects.filter(kind="mql").first()
        for lead in self.leads.values():
            in_unit(lambda unit, lead=lead: nurture.enrol_one(lead, "unreached", unit), actor=SYSTEM)
            if not Handoff.objects.filter(lead=lead).exists():
                Handoff.objects.create(lead=lead, definition=cards, rep=lead.owner, offered_at=self.at)
            Stalled.objects.create(lead=lead, phase="clocks", error="test", at=self.at)
        in_unit(self._letters, actor=SYSTEM)
        of = {"lead": fresh, "stalled": fresh}
        of["deal"] = {r: lead.opportunities.get().pk for r, lead in self.leads.items()}
        of["person"] = {r: lead.person_id for r, lead in self.leads.items()}
        of["account"] = {r: lead.account_id for r, lead in self.leads.items()}
        of["touch"] = {r: Touch.objects.filter(lead=lead).first().pk for r, lead in self.leads.items()}
        of["handoff"] = {r: Handoff.objects.filter(lead=lead).first().pk for r, lead in self.leads.items()}
        of["clock"] = {r: c.pk for r, lead in self.leads.items() if (c := Clock.objects.filter(lead=lead).first())}
        of["decision"] = {
            r: d.pk for r, lead in self.leads.items() if (d := lead.decisions.filter(kind="routing").first())
        }
        of["enrolment"] = {r: Enrolment.objects.get(lead=lead).pk for r, lead in self.leads.items()}
        of["message"] = {r: Effect.objects.get(lead=lead, person__isnull=False).pk for r, lead in self.leads.items()}
        of["submission"] = {r: lead.submission for r, lead in self.leads.items()}
        of["effect"] = {"one": Effect.objects.order_by("pk").first().pk}
        self.rows |= of

    def _letters(self, unit: Unit) -> None:
        template = Version.objects.filter(kind="template").first()
        for relation, lead in self.leads.items():
            row = Enrolment.objects.get(lead=lead)
            body = {
                "enrolment": str(row.pk),
                "sequence": row.sequence,
                "step": 0,
                "template": str(template.pk),
                "digest": "",
            }
            plan.letter(
                unit, person_id=lead.person_id, key=f"matrix:{relation}", purpose="sequence", lead=lead, body=body
            )

    # -- what is nobody's ------------------------------------------------------------------------------------

    def _setting_rows(self) -> None:
        source = SourceFactory(slug="website", hand_raiser=True)
        form = Form.objects.create(slug="contact", source=SourceFactory(slug="form", adapter="hosted"),
                                   fields=[{"name": "email", "required": True}])  # fmt: skip
        SourceFactory(slug="import", channel="", trigger="now")
        territory = Territory.objects.create(key="north", name={"en": "North"})
        in_unit(lambda unit: nurture_defaults.publish_starters(unit, "test"), actor=system("setup"))
        put_in_force(waiting.KIND, waiting.KEY, {"per_day": 1, "per_week": 3})
        upload = in_unit(
            lambda u: imports.upload("leads", "r.csv", [b"email\nzqimport@x.example\n"], u), actor=self.boss
        )
        kept = KeptMail.objects.create(to="a@b.example", sender="c@d.example", subject="x", text="x", at=self.at)
        silenced = self._suppression()
        one: dict[str, Any] = {
            "source": source.pk, "form": form.pk, "campaign": CampaignFactory().pk, "territory": territory.pk,
            "pool": Pool.objects.get(key="everyone").pk, "import": upload[0].pk, "kept mail": kept.pk,
            "suppression": silenced, "user": self.users["executive"].pk, "rep": self.karim.pk,
            "membership": Membership.objects.get(user=self.users["executive"]).pk,
            "absence": Absence.objects.get().pk, "source key": source.key, "form slug": form.slug,
        }  # fmt: skip
        self.rows |= {name: {"one": key} for name, key in one.items()}
        self.rows["policy key"] = {"one": Version.objects.get(kind="sla").body["policies"][0]["key"]}
        kinds = (
            "ruleset",
            "sla",
            "calendar",
            "scorecard",
            "framework",
            "mql",
            "sequence",
            "template",
            "channels",
            waiting.KIND,
            "retention",
            "sign_in",
        )
        for kind in kinds:
            version = Version.objects.filter(kind=kind).order_by("number").first()
            self.rows[kind] = {"one": version.pk} if version else {}
            self.rows[f"{kind} key"] = {"one": version.key} if version else {}

    def _suppression(self) -> int:
        in_unit(lambda unit: suppression.add("gone@x.example", "test", unit), actor=self.boss)
        return suppression.in_force().get().pk

    def _personal_rows(self) -> None:
        """What belongs to one person of the house: Léa's own, and Karim's."""
        mine, theirs = self.lea.user, self.karim.user

        def work(unit: Unit) -> None:
            for user, relation in ((mine, "own"), (theirs, "foreign")):
                plan.notice(
                    unit, user_id=user.pk, key=f"matrix:{user.pk}", kind="lead_assigned", lead=self.leads[relation]
                )

        in_unit(work, actor=SYSTEM)
        self.rows["notice"] = {
            r: Notice.objects.filter(user=u).first().pk for r, u in (("own", mine), ("foreign", theirs))
        }
        make_token(theirs, "theirs", ["all"], self.at)
        self.rows["token"] = {r: u.api_tokens.first().pk for r, u in (("own", mine), ("foreign", theirs))}
        leads = list(Lead.objects.filter(pk__in=[self.leads["own"].pk, self.leads["foreign"].pk]).order_by("pk"))
        (move, _rows), (group, _members) = (
            in_unit(lambda unit: reassigning.plan(leads, "rules", "test", unit), actor=self.boss),
            in_unit(lambda unit: groups.plan(leads, "unreached", unit), actor=self.boss),
        )
        self.rows |= {"reassignment": {"one": move.pk}, "group": {"one": group.pk}}
