"""Start-up of routing: its version kinds and fields."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        import_module("routing.sla.policy").register_kind()
        import_module("routing.kinds").register_kinds()
        import_module("routing.fields").register_fields()
