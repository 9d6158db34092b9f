"""Start-up of the ground: its tables, its checks, and the choreography table."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

GROUND_TABLES = (
    "leadops.audited",
    "leadops.journal",
    "leadops.stalled",
    "leadops.work",
    "leadops.effects.models",
    "leadops.versions.models",
    "leadops.decisions",
    "leadops.apitables",
    "leadops.sealed",
    "leadops.demo.models",
    "leadops.privacy.models",
)


class LeadopsConfig(AppConfig):
    name = "leadops"
    label = "leadops"
    verbose_name = _("People and operations")

    def import_models(self) -> None:
        """Tables live beside the ground module that writes them: load those modules with the models."""
        super().import_models()
        for module in GROUND_TABLES:
            import_module(module)

    def ready(self) -> None:
        import_module("leadops.moment")
        import_module("leadops.versions.calendars").register_kind()
        import_module("leadops.privacy.policy").register_kind()
        import_module("leadops.desk.factor_policy").register_kind()
        import_module("leadops.checks")
        import_module("leadops.choreography").hand_over()
        import_module("leadops.desk.notices").register_letters()
        import_module("leadops.desk.invitations").register_letters()
