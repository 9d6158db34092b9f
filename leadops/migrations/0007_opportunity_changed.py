"""The journal knows one more kind: an amount or day of a deal corrected by the system that tells it."""

from django.db import migrations, models


KINDS = [
    ("captured", "Captured"),
    ("came_back", "Came back"),
    ("edited", "Edited"),
    ("scored", "Scored"),
    ("stage_moved", "Stage moved"),
    ("status_set", "Status set"),
    ("handed_off", "Handed off to sales"),
    ("accepted", "Accepted"),
    ("handed_back", "Handed back"),
    ("assigned", "Assigned"),
    ("taken_away", "Taken away"),
    ("released", "Released to the pool"),
    ("claimed", "Claimed"),
    ("held", "Held"),
    ("clock_started", "Clock started"),
    ("clock_met", "Clock met"),
    ("clock_breached", "Clock breached"),
    ("clock_cancelled", "Clock cancelled"),
    ("escalated", "Escalated"),
    ("attempted", "Attempt logged"),
    ("conversed", "Conversation"),
    ("noted", "Note"),
    ("snoozed", "Snoozed"),
    ("task_set", "Task set"),
    ("task_done", "Task done"),
    ("opportunity_opened", "Opportunity opened"),
    ("opportunity_changed", "Opportunity changed"),
    ("opportunity_won", "Won"),
    ("opportunity_lost", "Lost"),
    ("stalled", "Stalled"),
    ("resumed", "Resumed"),
    ("merged", "Merged"),
    ("unmerged", "Split again"),
    ("submission_replayed", "Submission replayed"),
    ("version_published", "Version published"),
    ("rep_deactivated", "Rep deactivated"),
    ("rep_absent", "Absence set"),
    ("setting_changed", "Setting changed"),
]


class Migration(migrations.Migration):
    dependencies = [("leadops", "0006_set_apart")]

    operations = [
        migrations.AlterField("journalentry", "kind", models.CharField(choices=KINDS, max_length=24)),
    ]
