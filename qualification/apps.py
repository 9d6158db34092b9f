"""Start-up of qualification: its fields and its version kinds are handed over, nothing else happens."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QualificationConfig(AppConfig):
    name = "qualification"
    verbose_name = _("Qualification")

    def ready(self) -> None:
        from qualification import fields, kinds  # noqa: PLC0415  # models exist only now

        fields.register_fields()
        kinds.register_kinds()
