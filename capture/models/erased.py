"""What is kept of a submission whose person was erased, so that it stays erased when it is sent again. Fields only."""

from __future__ import annotations

from django.db import models


class ErasedMark(models.Model):
    """Digest of an erased body, or of the delivery (source and key) it came by; the database writes and asks them.

    A table of their own: every submission that comes is asked for, and of nearly all of them nothing is found.
    """

    mark = models.BinaryField(primary_key=True, max_length=32)

    def __str__(self) -> str:
        return bytes(self.mark).hex()
