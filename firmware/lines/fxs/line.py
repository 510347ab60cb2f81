# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine of an FXS port: which part of it answers what, in which state."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.clock import Now
from firmware.effects import Alert, Answer, CollectNumber, Indicate, Release, SetMessageWaiting
from firmware.events import (
    CardDown,
    DigitHeard,
    HookChanged,
    HookFlashed,
    MediaDown,
    MediaFailed,
    PortState,
    PulseDigitDialled,
    RingBurstEnded,
)
from firmware.lines.fxs.dialling import Dialling
from firmware.lines.fxs.handset import Handset
from firmware.lines.fxs.service import Service
from firmware.lines.fxs.state import ALONE, COLLECTING, IN_CALL, OFF_HOOK, State
from firmware.lines.fxs.talk import Talk
from firmware.lines.machine import Handler, Out, TimeoutHandler

_FACTS: Mapping[tuple[State, type], Handler] = {
    (State.IDLE, HookChanged): Dialling._lifted,
    (State.RINGING, HookChanged): Talk._answered,
    (State.RINGING, RingBurstEnded): Talk._burst_ended,
    **{(state, DigitHeard): Dialling._dialled_digit for state in COLLECTING},
    **{(state, PulseDigitDialled): Dialling._dialled_digit for state in COLLECTING},
    **{(state, DigitHeard): Talk._key for state in IN_CALL},
    **{(state, PulseDigitDialled): Talk._key for state in IN_CALL},
    **{(state, HookFlashed): Talk._flashed for state in IN_CALL},
    **{(state, HookFlashed): Talk._lifted_again for state in ALONE},
    (State.CONSULTING, HookFlashed): Talk._flashed_consulting,
    (State.WAITING, HookFlashed): Talk._flashed_waiting,
    **{(state, HookChanged): Handset._hook_in_call for state in OFF_HOOK},
}

_ANY_STATE: Mapping[type, Handler] = {
    PortState: Service._port_state,
    CardDown: Handset._card_down,
    MediaDown: Service._media_down,
    MediaFailed: Handset._media_failed,
}

_ORDERS: Mapping[type, Handler] = {
    Alert: Talk._alert,
    Answer: Talk._answer,
    Release: Talk._release,
    CollectNumber: Dialling._consult,
    Indicate: Handset._indicate,
}

_TIMEOUTS: Mapping[State, TimeoutHandler] = {
    State.DIALLING: Dialling._dialling_timeout,
    State.CONSULTING: Dialling._consult_timeout,
    State.REORDER: Handset._howl,
    State.HOWLER: Handset._park,
    State.ADOPTED: Handset._card_missing,
}


class FxsLine(Service, Talk):
    """State machine of one FXS port."""

    facts = _FACTS
    any_state = _ANY_STATE
    orders = _ORDERS
    timeouts = _TIMEOUTS

    def on_order(self, order: object, now: Now) -> Out:
        """A leg order, or the telephone's message-waiting state."""
        if isinstance(order, SetMessageWaiting):
            self.message_waiting = order.waiting
            return []
        return super().on_order(order, now)
