# SPDX-License-Identifier: GPL-2.0-or-later
"""Timers as data: named ones inside a machine, and one heap over many machines. Pure.

No clock is read here; all times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K")

T1_S = 0.5  # round-trip estimate, RFC 3261 17.1.1.1
T2_S = 4.0  # longest retransmission interval of non-INVITE requests and INVITE responses
T4_S = 5.0  # longest time a message stays in the network
TIMEOUT_S = 64 * T1_S  # timers B, D, F, H, J, L and M


class Timers:
    """The named timers of one machine; few, so a dictionary is searched."""

    __slots__ = ("_due",)

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def start(self, name: str, at_s: float) -> None:
        """(Re)start a timer; it is due at ``at_s``."""
        self._due[name] = at_s

    def stop(self, *names: str) -> None:
        for name in names:
            self._due.pop(name, None)

    def clear(self) -> None:
        self._due.clear()

    def running(self, name: str) -> bool:
        return name in self._due

    def next(self) -> float | None:
        """When the first timer is due, None when none runs."""
        return min(self._due.values(), default=None)

    def pop_due(self, now_s: float) -> list[str]:
        """Names of the timers that are due, earliest first; they no longer run."""
        due = sorted((at, name) for name, at in self._due.items() if at <= now_s)
        for _, name in due:
            del self._due[name]
        return [name for _, name in due]


class Deadlines(Generic[K]):
    """The next deadline of each of many machines; setting and asking cost O(log n)."""

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []  # also holds outdated entries
        self._count = 0

    def set(self, key: K, at_s: float | None) -> None:
        """The machine's next deadline, or None when it has none any more."""
        if at_s is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at_s:
            self._at[key] = at_s
            self._count += 1
            heappush(self._heap, (at_s, self._count, key))

    def next(self) -> float | None:
        """The earliest deadline of all."""
        while self._heap:
            at_s, _, key = self._heap[0]
            if self._at.get(key) == at_s:
                return at_s
            heappop(self._heap)
        return None

    def pop_due(self, now_s: float) -> list[K]:
        """Machines whose deadline has come, earliest first; each must be set again."""
        due: list[K] = []
        while (at_s := self.next()) is not None and at_s <= now_s:
            key = heappop(self._heap)[2]
            del self._at[key]
            due.append(key)
        return due
