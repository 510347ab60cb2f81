# SPDX-License-Identifier: GPL-2.0-or-later
"""One party's signalling as the calls see it. Plain data; `firmware.calls.switch` keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.calls.states import LegState
from firmware.values import LegId, LineId, LineKind, Party, RingClass, Supervision

if TYPE_CHECKING:
    from firmware.calls.call import Call

OUTSIDE_KINDS = (LineKind.FXO, LineKind.SIP_TRUNK)


@dataclass(slots=True, eq=False)
class Leg:
    """One line seizure or SIP dialog."""

    id: LegId
    line: LineId
    kind: LineKind
    owner: str  # extension of the person whose device it is, "" if none
    party: Party
    state: LegState
    call: Call | None = None
    held: Call | None = None  # the call this telephone left on hold to consult
    sounding: bool = False  # a prompt, music or tone of ours plays to it
    playing: tuple[int, tuple[str, ...]] = (0, ())  # the last files played to it: number, paths
    supervision: Supervision = Supervision.CERTAIN  # how sure it is that it was answered
    lifted: bool = False  # the handset was up when we released the leg
    wrap_up_s: float = 0.0  # rest of the agent after this leg ends
    began: float = 0.0  # monotonic s

    @property
    def outside(self) -> bool:
        """Whether the party is outside the office."""
        return self.kind in OUTSIDE_KINDS

    @property
    def ring_class(self) -> RingClass:
        """How a telephone rings for this party."""
        return RingClass.EXTERNAL if self.outside else RingClass.INTERNAL
