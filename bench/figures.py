# SPDX-License-Identifier: GPL-2.0-or-later
"""What a measurement gives: named figures, and how they are written down."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity. ``median`` and ``p99`` are in ``unit``; p99 is None for one value."""

    part: str
    name: str
    unit: str
    median: float
    p99: float | None = None
    count: int = 1
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def line(self) -> str:
        """One line for people."""
        p99 = "" if self.p99 is None else f"p99 {_number(self.p99)}"
        count = f"of {self.count}" if self.count > 1 else ""
        note = f"  ({self.note})" if self.note else ""
        return f"  {self.name:<46}{_number(self.median):>9} {self.unit:<10}{p99:<13}{count}{note}"


def figure_of(part: str, name: str, unit: str, values: Sequence[float], note: str = "") -> Figure:
    """Median and 99th percentile of repeated measurements; at least one."""
    p99 = percentile(values, 0.99) if len(values) > 1 else None
    return Figure(part, name, unit, statistics.median(values), p99, len(values), note)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * len(ordered) * 1000) // 1000) - 1)]


def median_of_runs(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """One figure for each name: the median of the runs' medians, and of their p99."""
    return [_merge([_same(run, figure) for run in runs]) for figure in runs[0]]


def _same(run: Sequence[Figure], wanted: Figure) -> Figure:
    return next(f for f in run if (f.part, f.name) == (wanted.part, wanted.name))


def _merge(figures: Sequence[Figure]) -> Figure:
    first = figures[0]
    take: Callable[[Sequence[float]], float] = statistics.median
    p99 = [f.p99 for f in figures if f.p99 is not None]
    return Figure(
        first.part,
        first.name,
        first.unit,
        take([f.median for f in figures]),
        take(p99) if p99 else None,
        first.count,
        first.note,
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
