"""Forms of the import pages: they read what people chose; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capture.imports import files
from capture.imports.kinds import DAY, known_kinds
from capture.imports.newfields import KINDS as NEW_KINDS
from capture.imports.newfields import NEW_FIELD
from capture.imports.rows import targets_of
from capture.models import Import, Source
from leadops import access
from leadops.access import Actor
from leadops.models import Reason, Rep, Team
from leadops.money import format_number
from leadops.templatetags.house import said

SEPARATOR_NAMES = [(",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Vertical bar"))]
ENCODING_NAMES = [
    ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 (BOM)"), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252"),
    ("latin-1", "ISO 8859-1"),
]  # fmt: skip


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the rows are"), widget=forms.RadioSelect, initial=Import.Kind.LEADS)
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        words = _("CSV with a header, up to %(rows)s rows and %(size)s MB.")
        self.fields["file"].help_text = words % {
            "rows": format_number(files.MOST_ROWS, get_language() or "en"),
            "size": files.MOST_BYTES >> 20,
        }
        mine = {kind.key for kind in known_kinds() if access.can(actor, kind.verb)}
        self.fields["kind"].choices = [c for c in Import.Kind.choices if c[0] in mine]  # type: ignore[attr-defined]


class FormatForm(forms.Form):
    encoding = forms.ChoiceField(label=_("Encoding"), choices=ENCODING_NAMES)
    separator = forms.ChoiceField(label=_("Separator"), choices=SEPARATOR_NAMES)


class MappingForm(forms.Form):
    """A select per column, then what else must be known to read the cells and to take the rows."""

    decimal = forms.ChoiceField(
        label=_("Decimal mark"), choices=[(",", _("Comma: 1 234,50")), (".", _("Point: 1,234.50"))]
    )
    days = forms.ChoiceField(label=_("01/02/2026 is"), required=False)
    empty = forms.CharField(
        label=_("Values that mean nothing"),
        required=False,
        max_length=200,
        help_text=_("Parted by commas, such as N/A, -, Select."),
    )

    def __init__(self, *args: Any, file: Import, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.file = file
        targets = targets_of(file)
        choices: list[tuple[Any, Any]] = [("", _("Keep aside"))]
        groups: dict[str, list[tuple[str, Any]]] = {}
        for target in targets.values():
            groups.setdefault(str(target.group), []).append((target.key, target.label))
        for name, listed in groups.items():
            choices += [(name, listed)] if name else listed
        if file.kind == Import.Kind.LEADS and access.can(actor, "edit_reference"):
            fresh = [(f"{NEW_FIELD}{kind}", label) for kind, label in NEW_KINDS.items()]
            choices.append((_("New custom field, named as the column"), fresh))
        for place, column in enumerate(file.columns):
            self.fields[f"column_{place}"] = forms.ChoiceField(label=column["name"], choices=choices, required=False)
        self._days(any(target.kind == DAY for target in targets.values()))
        adder = {"leads": self._of_leads, "deals": self._of_deals}.get(file.kind)
        if adder is not None:
            adder(actor)

    def _days(self, asked: bool) -> None:
        if not asked:
            del self.fields["days"]
            return
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            ("", _("The file says it")), ("dmy", _("1 February (day first)")), ("mdy", _("2 January (month first)")),
        ]  # fmt: skip

    def _of_leads(self, actor: Actor) -> None:
        self.fields["source"] = forms.ModelChoiceField(
            label=_("Source"),
            queryset=Source.objects.filter(state=Source.State.LIVE).order_by("name"),
            to_field_name="slug",
            empty_label=None,
        )
        routes = [("now", _("Route them now")), ("mql", _("Hold them until they are qualified"))]
        routes += [("source", _("As the source says"))]
        if access.can(actor, "assign"):
            routes.append(("assign", _("Give them all to one rep")))
        self.fields["route"] = forms.ChoiceField(label=_("New leads"), choices=routes, widget=forms.RadioSelect)
        if access.can(actor, "assign"):
            reps = Rep.objects.filter(active=True).select_related("user").order_by("user__name")
            self.fields["owner"] = forms.ModelChoiceField(
                label=_("Rep"),
                queryset=reps,
                required=False,
                empty_label="—",
                help_text=_("Only when one rep gets them all."),
            )

    def _of_deals(self, actor: Actor) -> None:
        words = _("Words of the state, parted by commas; every other deal is open.")
        self.fields["won"] = forms.CharField(label=_("Won deals say"), max_length=200, help_text=words)
        self.fields["lost"] = forms.CharField(label=_("Lost deals say"), max_length=200, help_text=words)
        reasons = Reason.objects.filter(use=Reason.Use.LOST, active=True).order_by("position")
        self.fields["reason"] = forms.ChoiceField(
            label=_("Reason of a loss that names none"), choices=[(row.key, said(row.labels)) for row in reasons]
        )
        self.fields["currency"] = forms.CharField(
            label=_("Currency"), min_length=3, max_length=3, initial=settings.HOUSE_CURRENCY
        )
        self.fields["create_accounts"] = forms.BooleanField(
            label=_("Create the accounts that are missing"), required=False
        )
        agents = [("", _("Set the row aside")), ("none", _("Leave the deal without an owner"))]
        if access.can(actor, "edit_users"):
            agents.append(("create", _("Create a former rep, who cannot sign in and gets no lead")))
        self.fields["agents"] = forms.ChoiceField(
            label=_("Owners who are unknown here"), choices=agents, required=False
        )
        if access.can(actor, "edit_users"):
            self.fields["team"] = forms.ModelChoiceField(
                label=_("Their team"),
                queryset=Team.objects.order_by("name"),
                to_field_name="key",
                required=False,
                empty_label="—",
            )

    # -- what the page and the service need --------------------------------------------------------------

    def columns(self) -> list[tuple[dict[str, Any], Any]]:
        """Each column with its select."""
        return [(column, self[f"column_{place}"]) for place, column in enumerate(self.file.columns)]

    def others(self) -> list[Any]:
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def mapping(self) -> dict[str, str]:
        return {str(n): self.cleaned_data[f"column_{n}"] for n in range(len(self.file.columns))}

    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if not name.startswith("column_"):
                found[name] = getattr(value, "slug", "") or getattr(value, "key", "") or value
                if isinstance(value, Rep):
                    found[name] = str(value.pk)
        return {name: "" if value is None else value for name, value in found.items()}


def initial_of(file: Import) -> dict[str, Any]:
    """What the form shows first: what is known of the file."""
    start = {f"column_{place}": key for place, key in file.mapping.items()}
    start |= {key: value for key, value in file.options.items() if value not in ("?",)}
    start.setdefault("source", "import")
    start.setdefault("route", "now")
    return start
