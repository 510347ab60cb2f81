# SPDX-License-Identifier: GPL-2.0-or-later
"""Who can be rung and who can be given queue callers, derived from live legs.

Nothing is stored but sign-off and the end of each rest (wrap-up), which belong to the person and
survive a new office file; busy and ringing are read from the legs, so no phone can look busy that
is not. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.states import LegState
from firmware.values import LineId

if TYPE_CHECKING:
    from firmware.calls.context import Context
    from firmware.calls.leg import Leg


class Agents:
    """All people of the office as targets of calls."""

    def __init__(self, ctx: Context, signed_off: set[str]) -> None:
        self._ctx = ctx
        self.signed_off = signed_off
        self.wrap_up_until: dict[str, float] = {}  # extension: monotonic s

    def lines(self, extension: str) -> tuple[LineId, ...]:
        """The person's devices."""
        return self._ctx.table.device_lines(extension)

    def legs(self, extension: str) -> list[Leg]:
        """Live legs on the person's devices."""
        lines = self.lines(extension)
        return [leg for leg in self._ctx.legs.values() if leg.line in lines]

    def free_lines(self, extension: str) -> tuple[LineId, ...]:
        """Devices that can ring now."""
        return tuple(line for line in self.lines(extension) if self._ctx.usable(line))

    def reachable(self, extension: str) -> bool:
        """Whether any device is in service."""
        return any(line not in self._ctx.out_of_service for line in self.lines(extension))

    def why_not_rung(self, extension: str) -> str:
        """ "" when the person can be rung, else "busy" or "unreachable"."""
        if not self.reachable(extension):
            return "unreachable"
        off_hook = any(line in self._ctx.off_hook for line in self.lines(extension))
        return "busy" if off_hook or self.legs(extension) else ""

    def present(self, extension: str) -> bool:
        """Whether a queue may count on the person: signed on, a device in service."""
        return extension not in self.signed_off and self.reachable(extension)

    def resting_until(self, extension: str) -> float | None:
        """End of the wrap-up that runs, monotonic s."""
        until = self.wrap_up_until.get(extension)
        return until if until is not None and until > self._ctx.now.mono_s else None

    def why_not_offered(self, extension: str) -> str:
        """ "" when a queue may ring the agent, else why not, in the words of the records."""
        if extension in self.signed_off:
            return "signed-off"
        if why := self.why_not_rung(extension):
            return why
        return "wrap-up" if self.resting_until(extension) is not None else ""

    def state(self, extension: str) -> str:
        """For people who watch: free, ringing, busy, wrap-up, signed-off or unreachable."""
        legs = self.legs(extension)
        if legs and all(leg.state is LegState.RINGING for leg in legs):
            return "ringing"
        if legs:
            return "busy"
        return self.why_not_offered(extension) or "free"

    def leg_ended(self, leg: Leg) -> None:
        """The rest after a queue call begins when the agent's leg is over."""
        if leg.wrap_up_s > 0 and leg.owner:
            self.wrap_up_until[leg.owner] = self._ctx.now.mono_s + leg.wrap_up_s
