"""Two tables made inside the tests of this package, with every kind of column conditions read; never migrated."""

from __future__ import annotations

from django.db import models


class Row(models.Model):
    name_folded = models.CharField(max_length=80, blank=True, default="")
    note_folded = models.TextField(null=True)
    country = models.CharField(max_length=2, blank=True, default="")
    tags = models.JSONField(null=True)
    score = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    employees = models.IntegerField(null=True)
    asked_on = models.DateField(null=True)
    seen_at = models.DateTimeField(null=True)
    free_mail = models.BooleanField(null=True)
    attributes = models.JSONField(default=dict)
    attributes_folded = models.JSONField(default=dict)

    class Meta:
        app_label = "conditions_tests"  # of no installed app: no migration ever sees it

    def __str__(self) -> str:
        return f"row {self.pk}"


class Hit(models.Model):
    row = models.ForeignKey(Row, on_delete=models.CASCADE, related_name="hits")
    occurred_at = models.DateTimeField()

    class Meta:
        app_label = "conditions_tests"

    def __str__(self) -> str:
        return f"hit {self.pk}"
