"""`manage.py stop`: ends what `manage.py up` left or still runs in this folder, and the private PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from leadops.platform import parent


class Command(BaseCommand):
    help = "Ends a running `up`, processes an earlier one left behind, and the private PostgreSQL."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        parent.stop()
