# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo shows: a readable time line while it runs, one object a scenario for machines."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass
class Check:
    """One measured value and whether it holds."""

    value: Any
    holds: bool
    wanted: str


@dataclass
class Report:
    """One scenario's course and checks."""

    scenario: str
    quiet: bool = False  # machine-readable output: no time line
    out: TextIO = field(default_factory=lambda: sys.stdout)
    checks: dict[str, Check] = field(default_factory=dict)
    error: str = ""
    _began: float = field(default_factory=time.monotonic)
    _ended: float | None = None

    @property
    def seconds(self) -> float:
        """Since the scenario began, or as long as it took."""
        return (self._ended or time.monotonic()) - self._began

    def finish(self) -> None:
        """The scenario is over."""
        self._ended = time.monotonic()

    @property
    def ok(self) -> bool:
        """Every check holds and nothing went wrong."""
        return not self.error and bool(self.checks) and all(c.holds for c in self.checks.values())

    def say(self, text: str, sign: str = "·") -> None:
        """A line of the time line."""
        if not self.quiet:
            course = f"{self.scenario:<15}{self.seconds:6.2f} s"
            print(f"  {course}  {sign} {text}", file=self.out, flush=True)

    def check(self, name: str, value: Any, holds: bool, wanted: str = "") -> None:
        """Note a measured value; ``wanted`` says what would hold."""
        value = round(value, 3) if isinstance(value, float) else value
        self.checks[name] = Check(value, bool(holds), wanted)
        self.say(f"{name}: {value}" + (f" ({wanted})" if wanted else ""), "✓" if holds else "✗")

    def fail(self, error: BaseException) -> None:
        """The scenario ended with an error."""
        self.error = f"{type(error).__name__}: {error}"
        self.say(self.error, "✗")

    def as_dict(self) -> dict[str, Any]:
        """One object for machines."""
        checks = {
            name: {"value": c.value, "holds": c.holds, "wanted": c.wanted}
            for name, c in self.checks.items()
        }
        result = {
            "scenario": self.scenario,
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "checks": checks,
        }
        return result | ({"error": self.error} if self.error else {})

    def print_json(self) -> None:
        """The object as one line."""
        print(json.dumps(self.as_dict(), ensure_ascii=False), file=self.out, flush=True)
