"""Compiles the French catalogues (.po to .mo) where the text is newer, with Babel: no gettext programs are needed.

It changes no catalogue. The .mo files are not kept in git.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

BASE = Path(__file__).resolve().parent.parent.parent
PATTERN = "*/locale/*/LC_MESSAGES/django.po"


def catalogues(base: Path = BASE) -> list[Path]:
    """Every catalogue of the house; installed packages bring theirs compiled."""
    return sorted(base.glob(PATTERN))


def compile_one(source: Path) -> bool:
    """Write the .mo beside the .po; False when it is already newer. Readers never see half a file."""
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return False
    with source.open("rb") as text:
        catalogue = read_po(text, locale=source.parent.parent.name, abort_invalid=True)
    fresh = target.with_name(f".django.{os.getpid()}.mo")
    with fresh.open("wb") as compiled:
        write_mo(compiled, catalogue)
    os.replace(fresh, target)
    return True


def compile_all(base: Path = BASE) -> int:
    """Compile what changed; how many were."""
    return sum(compile_one(source) for source in catalogues(base))


if __name__ == "__main__":
    try:
        compile_all()
    except PoFileError as fault:
        sys.exit(f"leadops: a catalogue cannot be read: {fault}")
