"""What a person wrote in an answer: without what they quote, their signature, and their mail program's last line."""

from __future__ import annotations

import re

_separators = re.compile(
    r"^(?:-{2,}\s*(?:original message|message d.origine|mensaje original|ursprüngliche nachricht|forwarded message|"
    r"message transféré|reply above this line)\s*-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)
_wrote = re.compile(
    r"^(?:on\b.{1,300}\bwrote\s*:|le\b.{1,300}\ba écrit\s*:|el\b.{1,300}\bescribió\s*:|am\b.{1,300}\bschrieb\b.{0,200}:)\s*$",
    re.IGNORECASE,
)
_named = re.compile(r"^.{0,200}<[^<>\s]+@[^<>\s]+>\s*(?:wrote|a écrit)\s*:\s*$", re.IGNORECASE)
_rule = re.compile(r"^[-_=*\s]{3,}$")
_head = re.compile(r"^\*?(?:from|de|von)\s?:\*?\s.*", re.IGNORECASE)
_head_next = re.compile(
    r"^\*?(?:sent|date|to|subject|envoyé|à|objet|cc|gesendet|an|betreff|reply-to)\s?:\*?", re.IGNORECASE
)
_from_device = re.compile(
    r"^(?:sent from (?:my|mail for|a)\b.{0,60}|sent via .{0,60}|envoyé (?:de|depuis) mon\b.{0,60}|"
    r"get outlook for .{0,60}|télécharger outlook.{0,60}|enviado desde mi\b.{0,60}|von meinem .{0,60} gesendet)$",
    re.IGNORECASE,
)
MOST_LINES = 5000


def words_alone(text: str) -> str:
    """The new words of an answer; a text that is nothing but quotes stays as it is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:MOST_LINES]
    lines = lines[: _cut(lines)]
    kept = [line for line in lines if not line.lstrip().startswith(">")]
    while kept and (not kept[-1].strip() or _rule.match(kept[-1]) or _from_device.match(kept[-1].strip())):
        kept.pop()
    found = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()
    return found or text.strip()


def _cut(lines: list[str]) -> int:
    """The line at which what was written before, or the signature, begins."""
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            continue
        if line.rstrip("\r") in ("--", "-- ", "—") or _separators.match(stripped):
            return number
        if _head.match(stripped) and any(_head_next.match(each.strip()) for each in lines[number + 1 : number + 4]):
            return number
        # the line that names who wrote what follows is often broken in two or three
        told = next((n for n in (1, 2, 3) if _wrote.match(" ".join(p.strip() for p in lines[number : number + n]))), 0)
        told = told or (1 if _named.match(stripped) else 0)
        if told:
            if not _answers_between(lines[number + told :]):
                return number
            lines[number : number + told] = [">"] * told
    return len(lines)


def _answers_between(after: list[str]) -> bool:
    """Whether somebody answered between the lines they quote: then what follows is theirs too."""
    quoted = [line.lstrip().startswith(">") for line in after]
    first = next((i for i, each in enumerate(quoted) if each), None)
    if first is None:
        return False
    last = len(quoted) - 1 - quoted[::-1].index(True)
    around = zip(after[first : last + 60], quoted[first:], strict=False)
    own = [line for line, is_quoted in around if not is_quoted and line.strip()]
    ending = next((i for i, line in enumerate(own) if line.strip() in ("--", "—")), len(own))
    return any(not _from_device.match(line.strip()) for line in own[:ending])
