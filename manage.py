#!/usr/bin/env python
"""The command line door of leadops; `manage.py up` runs everything. A database that is away is one line and status 1."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadops.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import InterfaceError, OperationalError  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except (InterfaceError, OperationalError) as fault:
        from leadops.platform import outage  # noqa: PLC0415

        line = None if "--traceback" in sys.argv else outage.line(fault, sys.argv[1:])
        if line is None:
            raise
        sys.exit(f"leadops: {line}")


if __name__ == "__main__":
    main()
