"""What the queue runs for privacy: fetch, call, nothing else; may run twice."""

from __future__ import annotations

from leadops.privacy import log, retention


def erase_kept_long_enough() -> int:
    return retention.erase_due()


def log_erasures() -> int:
    return log.write_new() + log.write_noes()
