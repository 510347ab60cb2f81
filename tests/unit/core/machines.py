# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that answer as they were told and write down what they saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from firmware.clock import Now
from firmware.core import Core
from firmware.lines.countries import COUNTRIES
from firmware.values import CallId, LegId, LineId

NOW = Now(1000.0, datetime(2026, 10, 26, 10, 0, tzinfo=UTC))
Answer = list[Any] | Callable[[Any], list[Any]]


@dataclass
class FakeMachine:
    """A line machine, or the calls: answers by the type of what it is given."""

    name: str
    journal: list[tuple[str, Any]]
    answers: dict[Any, Answer] = field(default_factory=dict)
    due: float | None = None

    def _see(self, what: Any, key: Any) -> list[Any]:
        self.journal.append((self.name, what))
        answer = self.answers.get(key, [])
        return list(answer(what) if callable(answer) else answer)

    def on_fact(self, fact: Any, now: Now) -> list[Any]:
        return self._see(fact, type(fact))

    def on_order(self, order: Any, now: Now) -> list[Any]:
        return self._see(order, type(order))

    def on_timer(self, now: Now) -> list[Any]:
        return self._see("timer", "timer")

    def next_timeout(self) -> float | None:
        return self.due

    def restore(self, leg: LegId, tag: str, now: Now) -> list[Any]:
        return self._see(("restore", leg, tag), "restore")

    def start(self, now: Now) -> list[Any]:
        return self._see("start", "start")


@dataclass
class FakeSip(FakeMachine):
    """The SIP endpoint."""

    contacts: list[dict[str, Any]] = field(default_factory=list)

    def stop(self, now: Now) -> list[Any]:
        return self._see("stop", "stop")

    def on_unreachable(self, source: tuple[str, str, int], now: Now) -> list[Any]:
        return self._see(("unreachable", source), "unreachable")

    def on_resolved(self, host: str, addresses: tuple[str, ...]) -> None:
        self.journal.append((self.name, ("resolved", host, addresses)))

    def snapshot(self, now: Now) -> dict[str, Any]:
        return {"contacts": self.contacts, "counts": {"bad": 2}}

    def restore_contacts(self, contacts: list[dict[str, Any]], now: Now) -> list[Any]:
        return self._see(("contacts", contacts), "contacts")

    def on_message(self, data: bytes, source: tuple[str, str, int], now: Now) -> list[Any]:
        return self._see(("message", data), "message")


@dataclass
class FakeCalls(FakeMachine):
    """The calls."""

    def hang_up(self, call: CallId, now: Now) -> list[Any]:
        return self._see(("hang up", call), "hang up")


class Bench:
    """A core with two analog lines, two SIP phones and a trunk, all fake."""

    def __init__(self) -> None:
        self.journal: list[tuple[str, Any]] = []
        self.fxs = FakeMachine("fxs", self.journal)
        self.fxo = FakeMachine("fxo", self.journal)
        self.sip = FakeSip("sip", self.journal)
        self.calls = FakeCalls("calls", self.journal)
        self.core = Core(
            {LineId("FXS1"): self.fxs, LineId("FXO1"): self.fxo},
            self.sip,
            (LineId("sip:109"), LineId("sip:110"), LineId("itsp")),
            self.calls,
            COUNTRIES["UA"].tones,
        )

    def tell(self, fact: Any) -> list[Any]:
        """Effects of a fact."""
        return self.core.on_fact(fact, NOW)

    def seen(self, name: str) -> list[Any]:
        """What a machine was given, the start apart."""
        return [what for who, what in self.journal if who == name]

    @property
    def books(self) -> tuple[int, int, int]:
        """How many legs the core remembers, in each of its books."""
        return self.core.books
