"""Start-up of capture: its version kinds and the fields it brings into the lead's vocabulary."""

from importlib import import_module

from django.apps import AppConfig


class CaptureConfig(AppConfig):
    name = "capture"

    def ready(self) -> None:
        import_module("capture.kinds").register_kinds()
        import_module("capture.fields").register_fields()
