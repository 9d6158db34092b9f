"""`manage.py cluster`: a cluster of workers; which one, and how many, the environment says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from leadops.platform import cluster


class Command(BaseCommand):
    help = "Run the tasks of the queue Q_CLUSTER_NAME."

    def handle(self, *args: Any, **options: Any) -> None:
        cluster.run()
