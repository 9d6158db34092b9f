"""Statuses and reason lists, shipped filled in both languages; revenue ops may rename and add."""

from django.db import migrations

STATUSES = [
    ("untouched", "Non traité", "Untouched"),
    ("attempting", "Tentative en cours", "Attempting"),
    ("connected", "En contact", "Connected"),
    ("waiting", "En attente du prospect", "Waiting"),
    ("nurturing", "En nurture", "Nurturing"),
]
REASONS = {
    "hand_back": [
        ("invalid_data", "Coordonnées invalides", "Invalid contact data"),
        ("no_fit", "Hors cible", "Not a fit"),
        ("not_now", "Pas maintenant", "Not now"),
        ("already_owned", "Doublon ou déjà suivi", "Duplicate or already owned"),
        ("wrong_rep", "Mauvais interlocuteur", "Wrong rep"),
        ("unreachable", "Injoignable après plusieurs tentatives", "No response after several attempts"),
    ],
    "disqualify": [
        ("no_fit_size", "Hors cible : taille", "No fit: size"),
        ("no_fit_industry", "Hors cible : secteur", "No fit: industry"),
        ("no_fit_geography", "Hors cible : géographie", "No fit: geography"),
        ("no_budget", "Pas de budget", "No budget"),
        ("no_authority", "Pas de pouvoir de décision", "No authority"),
        ("no_need", "Pas de besoin", "No need"),
        ("competitor", "Concurrent", "Competitor"),
        ("student", "Étudiant, chercheur ou candidat", "Student, researcher or job seeker"),
        ("customer", "Déjà client ou affaire en cours", "Existing customer or open deal"),
        ("duplicate", "Doublon", "Duplicate"),
        ("invalid_data", "Coordonnées invalides", "Invalid contact data"),
        ("unreachable", "Injoignable", "Unreachable"),
        ("spam", "Indésirable ou test", "Spam or test"),
        ("no_consent", "Consentement refusé", "Consent refused"),
    ],
    "lost": [
        ("price", "Prix", "Price"),
        ("competitor", "Concurrent choisi", "Chose a competitor"),
        ("no_decision", "Pas de décision", "No decision"),
        ("no_budget", "Budget supprimé", "Budget cut"),
        ("timing", "Calendrier", "Timing"),
        ("product_gap", "Fonction manquante", "Product gap"),
        ("lost_contact", "Contact perdu", "Lost contact"),
    ],
    "recycle": [
        ("no_timing", "Pas le bon moment", "Not the right time"),
        ("no_budget_now", "Pas de budget cette année", "No budget this year"),
        ("no_answer", "Sans réponse", "No answer"),
        ("project_postponed", "Projet reporté", "Project postponed"),
    ],
    "take_away": [
        ("breach", "Délai dépassé", "Clock breached"),
        ("rep_deactivated", "Commercial désactivé", "Rep deactivated"),
        ("rebalanced", "Rééquilibrage", "Rebalanced"),
        ("by_hand", "Décision du manager", "Manager’s decision"),
    ],
}


def fill(apps, schema_editor):
    status, reason = apps.get_model("leadops", "Status"), apps.get_model("leadops", "Reason")
    status.objects.bulk_create(
        status(key=key, labels={"fr": fr, "en": en}, position=i) for i, (key, fr, en) in enumerate(STATUSES)
    )
    reason.objects.bulk_create(
        reason(use=use, key=key, labels={"fr": fr, "en": en}, position=i)
        for use, rows in REASONS.items()
        for i, (key, fr, en) in enumerate(rows)
    )


class Migration(migrations.Migration):
    dependencies = [("leadops", "0002_guards")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
