# SPDX-License-Identifier: GPL-2.0-or-later
"""The telephones that ring for one call, each with its place in the record. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.values import Cause, LegId, LineId, RingClass

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.leg import Leg


@dataclass(slots=True)
class Ring:
    """One telephone that rings."""

    leg: Leg
    extension: str
    line: LineId
    since: float  # monotonic s
    until: float | None = None  # its own answer time, monotonic s


class Rings:
    """Ringing set of a call; every ring writes `offered` and `offer-ended`."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._rings: dict[LegId, Ring] = {}

    def __bool__(self) -> bool:
        return bool(self._rings)

    def __len__(self) -> int:
        return len(self._rings)

    def all(self) -> tuple[Ring, ...]:
        """Everything that rings, oldest first."""
        return tuple(self._rings.values())

    def extensions(self) -> set[str]:
        """Who is being rung."""
        return {ring.extension for ring in self._rings.values()}

    def start(
        self, extension: str, line: LineId, ring_class: RingClass, until: float | None = None
    ) -> None:
        """Ring a telephone."""
        ctx = self.call.ctx
        leg = ctx.originate(self.call, line, extension, self.call.shown(), ring_class)
        self._rings[leg.id] = Ring(leg, extension, line, ctx.now.mono_s, until)
        self.call.write("offered", extension=extension, line=line)

    def end(self, leg: Leg, why: str) -> Ring | None:
        """A telephone rings no more; None when it was not in the set."""
        ring = self._rings.pop(leg.id, None)
        if ring is not None:
            self._write_end(ring, why)
        return ring

    def release(self, ring: Ring, why: str, cause: Cause) -> None:
        """Stop one telephone."""
        self.end(ring.leg, why)
        self.call.ctx.release(ring.leg, cause)

    def stop(self, why: str, cause: Cause = Cause.NORMAL) -> None:
        """Stop all."""
        for ring in self.all():
            self.release(ring, why, cause)

    def hand_over(self, call: Call) -> None:
        """Go on ringing for another call; the time counts anew in its record."""
        old, self.call = self.call, call
        for ring in self._rings.values():
            seconds = round(call.ctx.now.mono_s - ring.since, 3)
            old.write(
                "offer-ended",
                extension=ring.extension,
                line=ring.line,
                seconds=seconds,
                why="transferred",
            )
            ring.leg.call, ring.since = call, call.ctx.now.mono_s
            call.write("offered", extension=ring.extension, line=ring.line)

    def _write_end(self, ring: Ring, why: str) -> None:
        seconds = round(self.call.ctx.now.mono_s - ring.since, 3)
        self.call.write(
            "offer-ended", extension=ring.extension, line=ring.line, seconds=seconds, why=why
        )
