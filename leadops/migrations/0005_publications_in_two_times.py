"""Publications become two-time rows with the reason given: closed, never deleted. Known so far = as far as they hold."""

import django.contrib.postgres.constraints
from django.db import migrations, models
from django.db.models import F, Q


def one_live(start: str, end: str, condition: Q) -> django.contrib.postgres.constraints.ExclusionConstraint:
    return django.contrib.postgres.constraints.ExclusionConstraint(
        name="publication_one_live",
        expressions=[("kind", "="), ("key", "="), (models.Func(F(start), F(end), function="tstzrange"), "&&")],
        condition=condition,
    )


def reasons(apps, schema_editor):
    version = apps.get_model("leadops", "Version").objects.filter(pk=models.OuterRef("version"))
    rows = apps.get_model("leadops", "Publication").objects
    rows.update(reason=models.Subquery(version.values("reason")[:1]), known_from=F("valid_from"))


def open_rows_only(apps, schema_editor):
    """Back: the older shape has no closed knowledge, what was corrected since is dropped."""
    apps.get_model("leadops", "Publication").objects.filter(known_to__isnull=False).delete()


class Migration(migrations.Migration):
    dependencies = [("leadops", "0004_journal_of_lead_kind")]

    operations = [
        migrations.RemoveConstraint("publication", "publication_one_live"),
        migrations.RenameField("publication", "from_at", "valid_from"),
        migrations.RenameField("publication", "to_at", "valid_to"),
        migrations.AddField("publication", "known_from", models.DateTimeField(null=True)),
        migrations.AddField("publication", "known_to", models.DateTimeField(null=True, blank=True)),
        migrations.AddField("publication", "reason", models.CharField(max_length=500, default=""), preserve_default=False),
        migrations.RunPython(reasons, open_rows_only),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.AlterField("publication", "known_from", models.DateTimeField()),
        migrations.AddConstraint("publication", one_live("valid_from", "valid_to", Q(mode="live", known_to__isnull=True))),
        migrations.AddConstraint(
            "publication",
            models.CheckConstraint(
                name="leadops_publication_valid", condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))
            ),
        ),
        migrations.AddConstraint(
            "publication",
            models.CheckConstraint(
                name="leadops_publication_known", condition=Q(known_to__isnull=True) | Q(known_to__gte=F("known_from"))
            ),
        ),
        migrations.AddConstraint(
            "publication", models.CheckConstraint(name="publication_has_reason", condition=~Q(reason=""))
        ),
    ]
