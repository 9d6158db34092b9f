"""Live door: uvicorn serves only the event stream through this; pages go through wsgi.py."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadops.settings")
django.setup()

from leadops.platform.live import application  # noqa: E402

__all__ = ["application"]
