# SPDX-License-Identifier: GPL-2.0-or-later
"""Pick up a call that rings at somebody else's telephone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.activity import Activity
from firmware.calls.announce import Announce
from firmware.calls.offer import Offer
from firmware.calls.queue import QueueWait
from firmware.values import Cause

if TYPE_CHECKING:
    from firmware.calls.call import Call
    from firmware.calls.context import Context
    from firmware.calls.rings import Ring

Ringing = Offer | QueueWait


class Pickup(Activity):
    """`extension` "" means any telephone of the caller's pickup group."""

    name = "pickup"

    def __init__(self, call: Call, extension: str) -> None:
        super().__init__(call)
        self._extension = extension

    def start(self) -> None:
        """Take the call, or say that there is none."""
        leg = self.call.party()
        found = _ringing(self.ctx, self._targets(leg.owner))
        if found is None or leg.held is not None:
            self.replace(Announce(self.call, ("number_unavailable",), Cause.NO_ROUTE))
            return
        activity, ring = found
        taken = activity.call
        self.call.write("merged", into=taken.id)
        self.call.leave(leg)
        self.call.end(Cause.NORMAL, "exchange")
        taken.write("picked-up", extension=ring.extension, by=leg.owner)
        for same in activity.rings.all():
            if same.extension == ring.extension:
                activity.rings.release(same, "picked-up", Cause.ANSWERED_ELSEWHERE)
        self.ctx.answer(leg)
        activity.take(leg)

    def _targets(self, own: str) -> tuple[str, ...]:
        if self._extension:
            return (self._extension,)
        people = self.call.table.people
        person = people.get(own)
        group = "" if person is None else person.pickup_group
        return tuple(e for e, p in people.items() if group and p.pickup_group == group)


def _ringing(ctx: Context, extensions: tuple[str, ...]) -> tuple[Ringing, Ring] | None:
    """The longest ringing telephone of these people, and what makes it ring."""
    found: list[tuple[Ringing, Ring]] = []
    for call in ctx.calls.values():
        top = call.top
        if isinstance(top, Offer | QueueWait) and call.peer is None:
            found += [(top, ring) for ring in top.rings.all() if ring.extension in extensions]
    return min(found, key=lambda each: each[1].since, default=None)
