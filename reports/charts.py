"""Figures as the page's components draw them: bars and funnel steps with widths and words. Computes no figure itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from leadops.models import Stage
from leadops.templatetags.house import scale
from reports.metrics.funnel import Step


def bars(rows: Iterable[tuple[str, float | None, str, str]], *, tone: str = "", most: int = 8) -> list[dict[str, Any]]:
    """Bars of (label, value, words, url): the largest is full width."""
    shown = [row for row in rows if row[1] is not None][:most]
    largest = max((value for _label, value, _text, _url in shown if value), default=0)
    return [
        {"label": label, "text": text, "width": scale(value, largest), "url": url, "tone": tone}
        for label, value, text, url in shown
    ]


def shares(rows: Iterable[tuple[str, int, str, str, str]], whole: int) -> list[dict[str, Any]]:
    """Bars of (label, count, words, url, tone), each as wide as its share of the whole."""
    return [
        {"label": label, "text": text, "width": scale(n, whole), "url": url, "tone": tone}
        for label, n, text, url, tone in rows
    ]


def funnel_steps(steps: Iterable[Step], urls: dict[str, str]) -> list[dict[str, Any]]:
    """Steps of the funnel component, each as wide as its share of the first."""
    found = list(steps)
    return [
        {
            "label": Stage(step.stage).label,
            "n": step.n,
            "of_previous": step.of_previous,
            "of_first": step.of_first,
            "median": step.median_seconds,
            "url": urls.get(step.stage, ""),
            "width": scale(step.n, found[0].n),
            "hatched": False,
        }
        for step in found
    ]


def columns(values: Sequence[tuple[str, float, float | None, str]]) -> dict[str, Any]:
    """A column per (label, value, usual value or None, words), in a box of 100 units' height; `usual` is a tick.

    `lines` are the values of the scale, the highest first, at equal distances down to zero.
    """
    lines = round_lines(max((max(value, usual or 0) for _label, value, usual, _words in values), default=0))
    largest, step = lines[0], 10
    shown = []
    for i, (label, value, usual, words) in enumerate(values):
        height = 100 * value / largest
        shown.append(
            {
                "label": label,
                "words": words,
                "x": str(i * step + 1),
                "y": f"{100 - height:.2f}",
                "height": f"{height:.2f}",
                "usual": None if not usual else f"{100 - 100 * usual / largest:.2f}",
                "x2": str(i * step + 9),
            }
        )
    marks = [f"{100 - 100 * value / largest:.2f}" for value in lines[:-1]]
    return {"columns": shown, "width": str(len(values) * step), "lines": lines, "marks": marks}


def round_lines(largest: float) -> list[int]:
    """Whole, round values (1, 2 or 5 and zeros apart), from the first at or above the largest down to zero: two to five."""
    apart = 1
    while largest > 4 * apart:
        apart = apart * 5 // 2 if str(apart)[0] == "2" else apart * 2
    return list(range(max(math.ceil(largest / apart), 1) * apart, -1, -apart))
