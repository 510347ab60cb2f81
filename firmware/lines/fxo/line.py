# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine of an FXO port: which part of it answers what, in which state."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.clock import Now
from firmware.effects import Answer, Indicate, Release
from firmware.events import (
    BatteryChanged,
    CadenceMeasured,
    CallerIdHeard,
    CardDown,
    DigitHeard,
    DigitsSent,
    MediaDown,
    MediaFailed,
    PolarityChanged,
    PortState,
    PulsesSent,
    RingingStarted,
    RingingStopped,
    ToneEnded,
    ToneHeard,
    VoiceHeard,
)
from firmware.lines.fxo.incoming import Incoming
from firmware.lines.fxo.loop import Loop
from firmware.lines.fxo.outgoing import Outgoing
from firmware.lines.fxo.service import Service
from firmware.lines.fxo.state import IN_TALK, INCOMING, LOOP_CLOSED, State
from firmware.lines.fxo.talk import Talk
from firmware.lines.machine import Handler, Out, TimeoutHandler

_FACTS: Mapping[tuple[State, type], Handler] = {
    (State.OUT_OF_SERVICE, BatteryChanged): Service._battery_back,
    (State.IDLE, BatteryChanged): Service._battery_idle,
    (State.IDLE, PolarityChanged): Incoming._reversed_idle,
    (State.IDLE, RingingStarted): Incoming._first_ring,
    (State.EXPECTING, RingingStarted): Incoming._first_ring,
    (State.EXPECTING, CallerIdHeard): Incoming._caller_id,
    (State.IDENTIFYING, CallerIdHeard): Incoming._caller_id,
    (State.IDENTIFYING, RingingStarted): Incoming._next_ring,
    (State.SEIZED, RingingStarted): Outgoing._glare,
    (State.SEIZED, VoiceHeard): Outgoing._glare,
    (State.SEIZED, ToneHeard): Outgoing._tone_when_seized,
    (State.DIALLING, DigitsSent): Outgoing._dialled,
    (State.DIALLING, PulsesSent): Outgoing._dialled,
    (State.PROGRESS, ToneHeard): Outgoing._progress_tone,
    (State.PROGRESS, ToneEnded): Outgoing._progress_tone_ended,
    (State.PROGRESS, CadenceMeasured): Outgoing._unknown_progress_tone,
    (State.PROGRESS, VoiceHeard): Outgoing._voice,
    (State.PROGRESS, PolarityChanged): Outgoing._reversed_in_progress,
    **{(state, RingingStopped): Incoming._ringing_stopped for state in INCOMING},
    **{(state, BatteryChanged): Service._battery_idle for state in INCOMING},
    (State.EXPECTING, BatteryChanged): Service._battery_idle,
    **{(state, BatteryChanged): Talk._loop_dropped for state in LOOP_CLOSED},
    (State.SEIZED, BatteryChanged): Outgoing._lost_when_dialling,
    (State.DIALLING, BatteryChanged): Outgoing._lost_when_dialling,
    (State.GUARD, RingingStarted): Incoming._first_ring,
    (State.GUARD, PolarityChanged): Incoming._reversed_idle,
    (State.EXPECTING, PolarityChanged): Incoming._reversed_back,
    **{(state, DigitHeard): Talk._key for state in IN_TALK},
    **{(state, ToneHeard): Talk._disconnect_tone for state in IN_TALK},
    **{(state, CadenceMeasured): Talk._unknown_tone for state in IN_TALK},
    **{(state, PolarityChanged): Talk._reversed_in_talk for state in IN_TALK},
    (State.CONNECTED, PolarityChanged): Talk._reversed_when_connected,
}

_ANY_STATE: Mapping[type, Handler] = {
    PortState: Service._port_state,
    CardDown: Loop._card_down,
    MediaDown: Service._media_down,
    MediaFailed: Loop._media_failed,
}

_ORDERS: Mapping[type, Handler] = {
    Answer: Incoming._answer,
    Release: Talk._release,
    Indicate: Loop._indicate,
}

_TIMEOUTS: Mapping[State, TimeoutHandler] = {
    State.EXPECTING: Incoming._nothing_followed,
    State.IDENTIFYING: Incoming._arrive,
    State.SEIZED: Outgoing._no_dial_tone,
    State.DIALLING: Outgoing._dialling_failed,
    State.PROGRESS: Outgoing._silent_progress,
    State.GUARD: Service._guard_over,
    State.ADOPTED: Loop._card_missing,
    State.UNCLAIMED: Service._unclaimed,
}


class FxoLine(Service, Incoming, Outgoing, Talk):
    """State machine of one FXO port."""

    facts = _FACTS
    any_state = _ANY_STATE
    orders = _ORDERS
    timeouts = _TIMEOUTS

    def on_fact(self, fact: object, now: Now) -> Out:
        """A card or media fact of this line or leg."""
        if isinstance(fact, BatteryChanged):
            self._battery = fact.present
        return super().on_fact(fact, now)
