"""Which account the private PostgreSQL runs as, and what that account can reach; it changes no account and no folder.

PostgreSQL refuses to run as root. When we are root its programs run as an unprivileged account that already exists;
parents of a folder are never opened up for it (chmod) and no account is ever made (useradd).
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The account that runs PostgreSQL's programs: ours, or another one because we are root."""

    uid: int
    gid: int
    name: str
    other: bool  # True when we are root and must step down

    def popen(self) -> dict[str, Any]:
        """Arguments that make `subprocess` run a program as this account."""
        if not self.other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Can this account enter the folder (or run the program)? Asked of the kernel, not computed from modes."""
        if not self.other:
            return os.access(path, os.X_OK)
        asked = subprocess.run(["/usr/bin/env", "test", "-x", str(path)], check=False, cwd="/", **self.popen())
        return asked.returncode == 0

    def give(self, path: Path) -> None:
        """Make one file or folder of ours belong to the account."""
        if self.other:
            os.chown(path, self.uid, self.gid)


def account_for(data: Path) -> Account:
    """Ourselves; as root, the owner of the data that is there, else an unprivileged account of the machine."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), f"uid {os.geteuid()}", other=False)
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid, f"uid {owner.st_uid}", other=True)
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name, other=True)
    plain = [entry for entry in pwd.getpwall() if entry.pw_uid > 0]
    if plain:
        entry = max(plain, key=lambda each: each.pw_uid)
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, other=True)
    return Account(65534, 65534, "uid 65534", other=True)  # a container without any account: the kernel needs no name
