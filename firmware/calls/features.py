# SPDX-License-Identifier: GPL-2.0-or-later
"""From a dialled number's destination to the activity that serves the caller. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.calls.announce import Announce
from firmware.calls.outside import OutsideCall
from firmware.calls.person import PersonCall
from firmware.calls.pickup import Pickup
from firmware.calls.queue import QueueWait
from firmware.calls.retrieval import Retrieval
from firmware.calls.walker import Walker
from firmware.routing.steps import (
    Destination,
    Feature,
    Refused,
    ToFeature,
    ToOutside,
    ToPerson,
    ToQueue,
    ToScheme,
)

if TYPE_CHECKING:
    from firmware.calls.activity import Activity
    from firmware.calls.call import Call

_FORWARDS = {
    Feature.FORWARD_ALWAYS: "always",
    Feature.FORWARD_BUSY: "busy",
    Feature.FORWARD_NO_ANSWER: "no-answer",
}


def activity_for(call: Call, destination: Destination) -> Activity:
    """What serves the caller at this destination."""
    match destination:
        case ToPerson():
            return PersonCall(call, destination.extension, mailbox=True)
        case ToScheme():
            return Walker(call, destination.scheme)
        case ToQueue():
            return QueueWait(call, call.table.queues[destination.queue])
        case ToOutside():
            if not call.party().outside and call.direction == "internal":
                call.direction = "out"
            return OutsideCall(call, destination)
        case Refused():
            call.write("refused", why=destination.reason)
            call.excused = True
            return Announce(call, (destination.prompt,), destination.cause)
        case ToFeature():
            return _feature(call, destination)


def _feature(call: Call, to: ToFeature) -> Activity:
    own = call.party().owner
    call.write("feature", feature=to.feature.value, argument=to.argument)
    if to.feature is Feature.PICKUP:
        return Pickup(call, to.argument)
    if to.feature is Feature.MAILBOX:
        return Retrieval(call, to.argument or own)
    if to.feature in _FORWARDS:
        call.ctx.settings.set_forward(_FORWARDS[to.feature], own, to.argument)
        return Announce(call, ("feature_on" if to.argument else "feature_off",))
    on = to.feature is Feature.AGENT_ON
    call.ctx.settings.sign(own, on)
    return Announce(call, ("feature_on" if on else "feature_off",))
