"""`manage.py install_defaults`: what a fresh house starts with; safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from leadops.shipped import install_defaults


class Command(BaseCommand):
    help = "Install the shipped sources, pool and versions where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in install_defaults():
            self.stdout.write(f"installed {name}")
