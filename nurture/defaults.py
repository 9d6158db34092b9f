"""Starters: three templates and two sequences to begin with. Drafted when somebody asks, never in force by themselves."""

from __future__ import annotations

from typing import Any

from leadops.access import Actor
from leadops.unit import Unit
from leadops.versions import services as versions
from leadops.versions.models import Version

TEMPLATES: dict[str, dict[str, Any]] = {
    "follow-up": {
        "name": {"fr": "Suite à votre demande", "en": "About your inquiry"},
        "subject": {
            "fr": "Votre demande, {{ given_name | default: 'bonjour' }}",
            "en": "Your inquiry, {{ given_name | default: 'hello' }}",
        },
        "body": {
            "fr": "Bonjour {{ given_name | default: '' }},\n\nVous nous avez écrit et je n’ai pas encore réussi à vous"
            " joindre.{% if company %} Quel est le sujet le plus urgent chez {{ company }} en ce moment ?{% endif %}\n\n"
            "Répondez simplement à ce message : je le lis moi-même.\n\n{{ owner_name | default: 'L’équipe' }}",
            "en": "Hello {{ given_name | default: 'there' }},\n\nYou wrote to us and I have not reached you yet."
            "{% if company %} What matters most at {{ company }} right now?{% endif %}\n\nJust answer this mail: I read"
            " it myself.\n\n{{ owner_name | default: 'The team' }}",
        },
    },
    "useful-reading": {
        "name": {"fr": "Une lecture utile", "en": "Something useful to read"},
        "subject": {"fr": "Une idée qui peut vous servir", "en": "An idea you may find useful"},
        "body": {
            "fr": "Bonjour {{ given_name | default: '' }},\n\nNos clients{% if industry %} ({{ industry }}){% endif %}"
            " commencent souvent par mesurer leur délai de réponse. C’est rapide, et le résultat surprend.\n\n"
            "Voulez-vous que je vous montre comment ?\n\n{{ owner_name | default: 'L’équipe' }}",
            "en": "Hello {{ given_name | default: 'there' }},\n\nOur customers{% if industry %} ({{ industry }})"
            "{% endif %} often begin by measuring how long they take to answer. It is quick, and the result"
            " surprises.\n\nShall I show you how?\n\n{{ owner_name | default: 'The team' }}",
        },
    },
    "still-interested": {
        "name": {"fr": "Toujours d’actualité ?", "en": "Still on your mind?"},
        "subject": {"fr": "Toujours d’actualité ?", "en": "Still on your mind?"},
        "body": {
            "fr": "Bonjour {{ given_name | default: '' }},\n\nNous nous étions parlé il y a quelque temps. Le sujet"
            " est-il revenu sur votre bureau ?\n\nUn mot suffit, même pour dire non.\n\n"
            "{{ owner_name | default: 'L’équipe' }}",
            "en": "Hello {{ given_name | default: 'there' }},\n\nWe were in touch some time ago. Is it back on your"
            " desk?\n\nOne word is enough, even a no.\n\n{{ owner_name | default: 'The team' }}",
        },
    },
}
WINDOW = {"calendar": "house", "opens": "09:00", "closes": "17:30"}
CALL = {"fr": "Appeler : les messages sont restés sans réponse.", "en": "Call: the mails were not answered."}
SEQUENCES: dict[str, dict[str, Any]] = {
    "unreached": {
        "name": {"fr": "Pas encore joint", "en": "Not reached yet"},
        "goal": {"fr": "Obtenir une première réponse.", "en": "Get a first answer."},
        "by": "hand",
        "entry": {},
        "needs_consent": False,
        "exits": ["stage", "touch"],
        "window": WINDOW,
        "steps": [
            {"kind": "mail", "template": "follow-up"},
            {"kind": "wait", "days": 3},
            {"kind": "mail", "template": "useful-reading"},
            {"kind": "wait", "days": 2},
            {"kind": "call", "text": CALL},
        ],
    },
    "resting": {
        "name": {"fr": "Au repos", "en": "Resting"},
        "goal": {
            "fr": "Faire revenir ceux pour qui c’était trop tôt.",
            "en": "Bring back those for whom it was too early.",
        },
        "by": "condition",
        "entry": {"all": [{"field": "stage", "op": "eq", "value": "recycled"}]},
        "needs_consent": False,
        "exits": ["stage", "touch"],
        "window": WINDOW,
        "steps": [
            {"kind": "wait", "days": 15},
            {"kind": "mail", "template": "useful-reading"},
            {"kind": "wait", "days": 20},
            {"kind": "mail", "template": "still-interested"},
        ],
    },
}


def missing() -> bool:
    """Whether any starter is not there yet."""
    known = set(Version.objects.filter(kind__in=("sequence", "template")).values_list("kind", "key"))
    wanted = {("template", key) for key in TEMPLATES} | {("sequence", key) for key in SEQUENCES}
    return bool(wanted - known)


def draft_starters(*, actor: Actor, unit: Unit) -> list[Version]:
    """Drafts of the starters that are not there yet, templates first: a person reads and publishes them."""
    made = []
    for kind, bodies in (("template", TEMPLATES), ("sequence", SEQUENCES)):
        for key, body in bodies.items():
            if not versions.latest_number(kind, key):
                made.append(versions.draft(kind, key, body, actor=actor, at=unit.at))
    return made


def publish_starters(unit: Unit, reason: str) -> list[Version]:
    """The starters in force, for a demo or a house that trusts them as they are."""
    made = draft_starters(actor=unit.actor, unit=unit)
    return [versions.publish(version.pk, unit=unit, reason=reason) for version in made]
