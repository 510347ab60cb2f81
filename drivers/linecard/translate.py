# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders into card messages, card messages into facts. Pure; runs on the host only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers.linecard import messages
from drivers.linecard.timings import PortTimings
from firmware import effects, events
from firmware.values import LineId

MAX_CADENCE = 16  # steps; more would not fit a frame beside the header
MAX_DIGITS = 32
LONGEST_MS = 0xFFFF

_ORDERS: dict[type[Any], Callable[[int, Any], Any]] = {
    effects.StartRinging: lambda port, o: messages.StartRinging(port, o.cadence_ms),
    effects.StopRinging: lambda port, o: messages.StopRinging(port),
    effects.SetPolarity: lambda port, o: messages.SetPolarity(port, o.reversed),
    effects.BreakLoop: lambda port, o: messages.BreakLoop(port, o.duration_ms),
    effects.SeizeLine: lambda port, o: messages.SeizeLine(port),
    effects.ReleaseLine: lambda port, o: messages.ReleaseLine(port),
    effects.FlashLine: lambda port, o: messages.FlashLine(port, o.duration_ms),
    effects.DialPulses: lambda port, o: messages.DialPulses(port, o.digits),
}

_FACTS: dict[type[Any], Callable[[LineId, Any], events.CardFact]] = {
    messages.PortState: lambda line, m: events.PortState(line, *m[1:]),
    messages.HookChanged: lambda line, m: events.HookChanged(line, m.off_hook),
    messages.HookFlashed: lambda line, m: events.HookFlashed(line),
    messages.PulseDigit: lambda line, m: events.PulseDigitDialled(line, str(m.pulses % 10)),
    messages.RingBurstEnded: lambda line, m: events.RingBurstEnded(line, m.burst),
    messages.RingingStarted: lambda line, m: events.RingingStarted(line, m.burst),
    messages.RingingPaused: lambda line, m: events.RingingPaused(line, m.burst),
    messages.RingingStopped: lambda line, m: events.RingingStopped(line),
    messages.BatteryChanged: lambda line, m: events.BatteryChanged(line, m.present),
    messages.PolarityChanged: lambda line, m: events.PolarityChanged(line, m.reversed),
    messages.PulsesSent: lambda line, m: events.PulsesSent(line),
}


def order_message(order: effects.CardOrder, ports: Mapping[LineId, int]) -> bytes:
    """The order as bytes. KeyError: not a line of this card; ValueError: it does not fit."""
    port = ports[order.line]
    if isinstance(order, effects.StartRinging) and not 2 <= len(order.cadence_ms) <= MAX_CADENCE:
        raise ValueError(f"a cadence has 2 to {MAX_CADENCE} steps, not {len(order.cadence_ms)}")
    if isinstance(order, effects.DialPulses) and not 1 <= len(order.digits) <= MAX_DIGITS:
        raise ValueError(f"1 to {MAX_DIGITS} pulse digits at once, not {len(order.digits)}")
    _check_durations(order)
    return messages.encode(_ORDERS[type(order)](port, order))


def _check_durations(order: effects.CardOrder) -> None:
    durations: tuple[int, ...] = ()
    if isinstance(order, effects.StartRinging):
        durations = order.cadence_ms
    elif isinstance(order, (effects.BreakLoop, effects.FlashLine)):
        durations = (order.duration_ms,)
    for duration in durations:
        if not 1 <= duration <= LONGEST_MS:
            raise ValueError(f"{duration} ms is outside 1 to {LONGEST_MS} ms")


def card_fact(message: tuple[object, ...], lines: Mapping[int, LineId]) -> events.CardFact | None:
    """The fact in a card's message, None when its port is no line of the office.

    ValueError: a message that a card does not send.
    """
    build = _FACTS.get(type(message))
    if build is None:
        raise ValueError(f"a card does not send {type(message).__name__}")
    number = message[0]
    assert isinstance(number, int)  # every message begins with its port
    line = lines.get(number)
    return None if line is None else build(line, message)


def timings_message(port: int, kind: str, timings: PortTimings) -> bytes:
    """The settings of one port, as bytes."""
    shape = messages.ConfigureFxs if kind == "fxs" else messages.ConfigureFxo
    values = [getattr(timings, name) for name in shape._fields[1:]]
    return messages.encode(shape(port, *values))
