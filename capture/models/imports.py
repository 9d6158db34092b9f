"""What an import keeps: the file as it came, what its columns mean, how far it is. Fields and constraints only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from capture import reasons
from leadops.models import User
from leadops.models.columns import address


class Import(models.Model):
    """A file of rows on its way in. The same bytes are one import of their kind, until it is discarded or taken back."""

    class Kind(models.TextChoices):
        LEADS = "leads", _("Leads")
        ACCOUNTS = "accounts", _("Accounts")
        DEALS = "deals", _("Deals")

    class State(models.TextChoices):
        MAPPING = "mapping", _("Columns to be matched")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        LOADING = "loading", _("Being imported")
        SETTLING = "settling", _("Being resolved")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Stopped by a fault")
        DISCARDED = "discarded", _("Discarded")
        UNDOING = "undoing", _("Being taken back")
        UNDONE = "undone", _("Taken back")

    id = address()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.LEADS)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MAPPING)
    name = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the file.")
    header = models.BinaryField(max_length=32, help_text="SHA-256 of the names of its columns: a file like this one.")
    size = models.BigIntegerField()
    rows = models.PositiveIntegerField(default=0)
    columns = models.JSONField(default=list, help_text='[{"name": …, "samples": […]}] in the order of the file.')
    encoding = models.CharField(max_length=16)
    separator = models.CharField(max_length=1)
    mapping = models.JSONField(default=dict, help_text="Position of a column → what it holds.")
    options = models.JSONField(default=dict)
    source = models.ForeignKey("capture.Source", on_delete=models.PROTECT, null=True, related_name="imports")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    next_row = models.PositiveIntegerField(default=0, help_text="Rows up to here are done in this state.")
    found = models.JSONField(default=dict, help_text="Counts of the dry run.")
    ends = models.JSONField(default=dict, help_text="Counts of what became of the rows.")
    starts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    committed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undo_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    lap = models.PositiveSmallIntegerField(default=0, help_text="How often the same file was taken back before.")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "digest"], condition=~Q(state__in=["discarded", "undone"]), name="import_once_per_file"
            ),
            models.CheckConstraint(
                name="import_committed_has_time",
                condition=Q(state__in=["mapping", "checking", "checked", "discarded"]) | Q(committed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_undone_in_order",
                condition=(~Q(state__in=["undoing", "undone"]) | Q(undo_at__isnull=False))
                & (Q(undone_at__isnull=True) | Q(undo_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["header", "-id"], name="import_like_this"),
            models.Index(
                fields=["id"],
                name="import_at_work",
                condition=Q(state__in=["checking", "loading", "settling", "undoing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/imports/{self.pk}"


class ImportPart(models.Model):
    """A piece of the file as it came."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.file_id} {self.number}"


class ImportFault(models.Model):
    """A row that cannot be taken and why; `row` counts as a spreadsheet does, the header is row 1."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "row"], name="import_fault_once")]

    def __str__(self) -> str:
        return f"{self.file_id} {self.row}: {self.reason}"

    @property
    def words(self) -> str:
        return reasons.words_of_row(self.reason)
