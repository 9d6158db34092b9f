"""The living style guide: sample data for every component, shown with the real templates; it reads and writes nothing.

The samples are content, not interface, so each carries both of its languages here instead of passing the catalogue.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from leadops import moment

CODE = '<script async src="https://leads.example.test/t.js"></script>\n<form action="https://leads.example.test/f/demo" method="post">'


def _pick(en: str, fr: str) -> str:
    return fr if (get_language() or "en").startswith("fr") else en


class SampleForm(forms.Form):
    """One field of each kind, two of them wrong."""

    name = forms.CharField(label=_("Name"), help_text=_("As the team says it."))
    target = forms.IntegerField(label=_("Target in minutes"), min_value=1)
    calendar = forms.ChoiceField(
        label=_("Working hours"), choices=[("team", _("The team’s")), ("rep", _("The rep’s"))], required=False
    )
    why = forms.CharField(label=_("Why this change?"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    shadow = forms.BooleanField(label=_("Observe first, decide nothing"), required=False)


def icons() -> list[str]:
    """Every drawing of the sprite."""
    text = Path(settings.BASE_DIR, "static", "img", "icons.svg").read_text()
    return re.findall(r'<symbol id="([^"]+)"', text)


def _leads(now: datetime) -> list[dict[str, Any]]:
    def lead(
        name: str,
        role: str,
        company: str,
        intent: str,
        score: int,
        band: str,
        reasons: list[str],
        source: str,
        **more: Any,
    ) -> dict[str, Any]:
        return {
            "name": name,
            "role": role,
            "company": company,
            "intent": intent,
            "score": score,
            "band": band,
            "reasons": reasons,
            "source": source,
            "owner": "Léa Moreau",
            **more,
        }

    return [
        lead("Anna Roux", _pick("Head of Energy", "Directrice énergie"), "Papeterie du Rhône",
             _pick("Demo request · pricing page ×3", "Demande de démo · page tarifs ×3"), 86, "A",
             [_pick("50–500 staff", "50–500 salariés"), _pick("pricing ×3", "tarifs ×3")], "Google Ads",
             clock={"state": "at_risk", "due": now + timedelta(minutes=4)}, presence="viewing"),
        lead("Karim Benali", _pick("Plant manager", "Directeur d’usine"), "Atelier Boréal",
             _pick("Call back asked for this morning", "Rappel demandé ce matin"), 71, "B",
             [_pick("industry", "industrie"), _pick("came back", "de retour")], _pick("Partner", "Partenaire"),
             clock={"state": "breached", "due": now - timedelta(minutes=26)}),
        lead("Margaret O’Hara", "COO", "Northwind Foods", _pick("Webinar, asked two questions", "Webinaire, deux questions posées"), 58, "B",
             [_pick("multi-site", "multisite")], _pick("Webinar", "Webinaire"), clock={"state": "running", "due": now + timedelta(hours=3, minutes=12)}),
        lead("Jean de la Tour", _pick("Buyer", "Acheteur"), "Ville de Grenoble", _pick("Tender document", "Cahier des charges"), 44, "C",
             [_pick("public sector", "secteur public")], _pick("Trade show", "Salon"), clock={"state": "met", "at": now - timedelta(hours=2)}),
    ]  # fmt: skip


def _figures() -> dict[str, Any]:
    steps = [(_pick("Leads", "Leads"), 6012, None), ("MQL", 2104, 0.35), (_pick("Accepted", "Acceptés"), 1487, 0.707),
             (_pick("Opportunity", "Opportunité"), 391, 0.263), (_pick("Won", "Gagnés"), 96, 0.246)]  # fmt: skip
    rows = [("Google Ads", 1840, 612, 1_240_000, 0.031, "0,20 12,18 25,19 37,12 50,14 62,9 75,10 87,5 100,3", "good"),
            (_pick("Webinars", "Webinaires"), 912, 401, 480_050, 0.062, "0,18 20,16 40,15 60,15 80,12 100,11", "good"),
            ("LinkedIn Ads", 2231, 498, 1_985_000, 0.008, "0,6 20,8 40,7 60,13 80,15 100,19", "warn"),
            (_pick("Partner file", "Fichier partenaire"), 140, 22, None, None, "0,22 100,22", "bad")]  # fmt: skip
    states = {"good": (_pick("Receiving", "Reçoit"), "circle-check"), "warn": (_pick("Slowing", "Ralentit"), "triangle-alert"), "bad": (_pick("Silent 36 h", "Silencieuse 36 h"), "octagon-alert")}  # fmt: skip
    return {
        "funnel": [
            {
                "label": label,
                "n": n,
                "of_previous": share,
                "of_first": n / 6012,
                "width": f"{n / 60.12:.2f}",
                "median": 86_400 * i * 3 or None,
                "url": "#",
                "hatched": i == 3,
            }
            for i, (label, n, share) in enumerate(steps)
        ],
        "bars": [
            {"label": label, "text": text, "width": str(width), "tone": tone}
            for label, text, width, tone in (
                ("0–5 min", "412", 82, "good"),
                ("5–15 min", "503", 100, ""),
                ("15–60 min", "221", 44, ""),
                ("60+ min", "187", 37, "warn"),
                (_pick("Never", "Jamais"), "64", 13, "bad"),
            )
        ],
        "table": [
            {
                "source": s,
                "leads": n,
                "mql": m,
                "cost": c,
                "won": w,
                "points": p,
                "text": s,
                "state": {"label": states[t][0], "icon": states[t][1], "tone": t},
            }
            for s, n, m, c, w, p, t in rows
        ],
        "stats": [
            {
                "label": _pick("First response, median", "Première réponse, médiane"),
                "figure": "4 min 12 s",
                "url": "#",
                "comparison": _pick("38 s faster than May", "38 s de moins qu’en mai"),
                "comparison_tone": "good",
                "definition": _pick(
                    "From receipt to the first human attempt, working time.",
                    "De la réception à la première tentative humaine, en temps ouvré.",
                ),
            },
            {
                "label": _pick("Within five minutes", "En cinq minutes"),
                "figure": _pick("62.4%", "62,4 %"),
                "note": "n = 1 387",
            },
            {
                "label": _pick("Overdue now", "En dépassement"),
                "figure": "3",
                "url": "#",
                "tone": "bad",
                "comparison": _pick("2 more than yesterday", "2 de plus qu’hier"),
                "comparison_tone": "bad",
            },
            {"label": "MQL → SAL", "figure": _pick("70.7%", "70,7 %"), "comparison": _pick("no change", "stable")},
        ],
    }


def sample() -> dict[str, Any]:
    """Everything the guide shows, in the reader's language."""
    now = moment.now()
    form = SampleForm({"name": "", "target": "-5", "calendar": "team"})
    return {
        **_figures(),
        "leads": _leads(now),
        "form": form,
        "code": CODE,
        "icons": icons(),
        "tabs": [{"label": _pick("To do now", "À traiter maintenant"), "url": "#", "count": 12, "current": True}, {"label": _pick("Snoozed", "Reportés"), "url": "#", "count": 4}, {"label": _pick("Waiting for the prospect", "En attente du prospect"), "url": "#", "count": "99+"}],
        "clocks": [{"state": "running", "due": now + timedelta(hours=3)}, {"state": "at_risk", "due": now + timedelta(seconds=48)}, {"state": "breached", "due": now - timedelta(minutes=26)}, {"state": "met", "at": now - timedelta(hours=1)}, {"state": "late", "at": now - timedelta(hours=1)}, {"state": "paused"}],
        "badges": [{"label": _pick("New", "Nouveau"), "tone": "info", "icon": "sparkles"}, {"label": _pick("Qualified", "Qualifié"), "tone": "good", "icon": "badge-check"}, {"label": _pick("Away", "Absent"), "tone": "warn", "icon": "calendar-off"}, {"label": _pick("Refused", "Refusé"), "tone": "bad", "icon": "ban"}, {"label": _pick("Draft", "Brouillon"), "tone": "neutral", "icon": "pencil"}],
        "stages": [{"label": "Lead", "state": "done"}, {"label": "MQL", "state": "done"}, {"label": _pick("Accepted", "Accepté"), "state": "current"}, {"label": _pick("Opportunity", "Opportunité"), "state": "todo"}, {"label": _pick("Customer", "Client"), "state": "todo"}],
        "why": [_pick("Rule “Greater Paris, 50–500 staff” v7", "Règle « IDF 50–500 salariés » v7"), _pick("Left out: Karim (away until the 12th)", "Écarté : Karim (absent jusqu’au 12)"), _pick("Fairness: Léa 21 → 22, mean 21.6", "Équité : Léa 21 → 22, moyenne 21,6")],
        "warning": {"title": _pick("Possible duplicate", "Doublon possible"), "text": _pick("Same phone as A. Roux, refused in March.", "Même téléphone que A. Roux, refusée en mars."), "action": _pick("Compare", "Comparer")},
        "facts": [{"label": _pick("Company", "Société"), "value": "Papeterie du Rhône", "url": "#"}, {"label": _pick("Staff", "Effectif"), "value": "50–500"}, {"label": _pick("Region", "Région"), "value": "Auvergne-Rhône-Alpes"}, {"label": _pick("Budget", "Budget"), "value": None}, {"label": "Score", "value": "86", "why": _pick("Pricing page three times in a week: +18", "Page tarifs trois fois en une semaine : +18")}],
        "events": [{"icon": "phone-missed", "title": _pick("Call, voicemail", "Appel, répondeur"), "actor": "Léa Moreau", "at": now - timedelta(minutes=3), "text": _pick("Left a message, calling back at 15:00.", "Message laissé, rappel à 15:00.")}, {"icon": "route", "tone": "info", "title": _pick("Assigned to Léa in 1.2 s", "Attribution à Léa en 1,2 s"), "actor": _pick("Rule v7", "Règle v7"), "at": now - timedelta(minutes=21)}, {"icon": "inbox", "title": _pick("Demo form received", "Formulaire de démo reçu"), "at": now - timedelta(minutes=21, seconds=2)}],
        "menu": [{"label": _pick("Reassign", "Réattribuer"), "url": "#", "icon": "user-plus"}, {"label": _pick("Copy the link", "Copier le lien"), "url": "#", "icon": "link"}, {"label": _pick("Erase", "Effacer"), "url": "#", "icon": "trash-2", "danger": True}],
        "finding": _pick("Accepted → opportunity lost 6 points, mostly webinars.", "Accepté → opportunité a perdu 6 points, surtout les webinaires."),
        "shown": _pick("25 of more than 1,000", "25 sur plus de 1 000"),
        "empty": {"title": _pick("Everything is handled", "Tout est traité"), "text": _pick("Next call-back at 14:30.", "Prochain rappel à 14:30."), "action": _pick("Open the pool", "Ouvrir le vivier")},
        "notes": {"info": _pick("Figures of yesterday, 23:00.", "Chiffres d’hier, 23:00."), "good": _pick("Version 8 is live.", "La version 8 est en vigueur."), "conflict": _pick("Reassigned to Karim 20 s ago by the rule “Lyon”.", "Réattribution à Karim il y a 20 s par la règle « Lyon »."), "progress": _pick("Importing 1,240 rows", "Import de 1 240 lignes"), "share": _pick("62%", "62 %")},
    }  # fmt: skip


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """GET /styleguide."""
    return render(request, "desk/styleguide.html", {"guide": sample()})
