# SPDX-License-Identifier: GPL-2.0-or-later
"""The books of legs: who owns each, what a restart must know of it, which have a port open.

A leg is entered when a machine first names it, or when it is adopted after a restart, and is
forgotten when its port closes or, if it never had one, when it ends. Pure.
"""

from __future__ import annotations

import json

from firmware.effects import CloseLeg, Effect, OpenCard, OpenRtp, TagLeg
from firmware.events import LegEnded, LegFact
from firmware.machines import LineMachine
from firmware.values import LegId, LineId


class LegBook:
    """All legs of one exchange."""

    def __init__(self) -> None:
        self._owners: dict[LegId, LineMachine] = {}
        self._tags: dict[LegId, dict[str, str]] = {}
        self._open: set[LegId] = set()  # legs that have a port in the media engine

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many legs have an owner, a tag, a port."""
        return len(self._owners), len(self._tags), len(self._open)

    def owner(self, leg: LegId) -> LineMachine | None:
        """The machine of a leg; None for one that is over."""
        return self._owners.get(leg)

    def claim(self, leg: LegId, line: LineId, machine: LineMachine) -> None:
        """A machine has a new leg on a line of its own."""
        self._owners[leg] = machine
        self._tags.setdefault(leg, {"line": line})

    def adopt(self, leg: LegId, machine: LineMachine, tag: dict[str, str]) -> None:
        """A leg whose port stayed open in the media host while the exchange was away."""
        self._owners[leg] = machine
        self._tags[leg] = tag
        self._open.add(leg)

    def note(self, source: LineMachine | None, fact: LegFact) -> None:
        """A leg fact on its way up may begin a leg, or end one that never had a port."""
        leg: LegId | None = getattr(fact, "leg", None)
        line: LineId | None = getattr(fact, "line", None)
        if source is None or leg is None:
            return
        if isinstance(fact, LegEnded) and leg not in self._open:
            self._forget(leg)
        elif line is not None:
            self.claim(leg, line, source)

    def leave(self, source: LineMachine | None, effect: Effect) -> Effect:
        """An effect on its way out: keep the books and join the parts of a tag."""
        if isinstance(effect, TagLeg):
            return self._join(source, effect)
        if isinstance(effect, CloseLeg):
            self._forget(effect.leg)
        elif isinstance(effect, OpenCard | OpenRtp) and source is not None:
            self._open.add(effect.leg)
            self._owners.setdefault(effect.leg, source)
        return effect

    def _join(self, source: LineMachine | None, effect: TagLeg) -> TagLeg:
        """The calls and the leg's machine each know a part of what a restart needs."""
        part = "call" if source is None else "signalling"
        tag = self._tags.setdefault(effect.leg, {}) if effect.leg in self._owners else {}
        tag[part] = effect.tag
        return TagLeg(effect.leg, json.dumps(tag))

    def _forget(self, leg: LegId) -> None:
        self._owners.pop(leg, None)
        self._tags.pop(leg, None)
        self._open.discard(leg)


def parse_tag(text: str) -> dict[str, str]:
    """What was tagged; empty if it cannot be read."""
    try:
        tag = json.loads(text)
    except ValueError:
        return {}
    return tag if isinstance(tag, dict) else {}
