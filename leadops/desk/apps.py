"""The stock admin with our own site: same session, same access policy."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class AdminConfig(StockAdminConfig):
    default_site = "leadops.adminsite.HouseAdminSite"

    def ready(self) -> None:
        super().ready()
        # the ground has no admin module of its own
        for module in ("admin_people", "admin_reps", "admin_reference", "admin_operations"):
            import_module(f"leadops.desk.{module}")
