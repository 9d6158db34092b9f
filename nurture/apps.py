"""Start-up of nurture: its version kinds and its letters are handed over, nothing else happens."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NurtureConfig(AppConfig):
    name = "nurture"
    verbose_name = _("Nurture")

    def ready(self) -> None:
        import_module("nurture.kinds").register_kinds()
        import_module("nurture.letters").register_letters()
