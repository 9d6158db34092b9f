"""Start-up of capture: its version kinds and the fields it brings into the lead's vocabulary."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaptureConfig(AppConfig):
    name = "capture"
    verbose_name = _("Capture")

    def ready(self) -> None:
        import_module("capture.kinds").register_kinds()
        import_module("capture.fields").register_fields()
