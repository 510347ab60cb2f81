# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from typing import get_args

import pytest

from drivers.linecard import messages
from drivers.linecard.timings import PortTimings
from drivers.linecard.translate import card_fact, order_message, timings_message
from firmware import effects, events
from firmware.values import LineId

ANNA, MAIN = LineId("FXS1"), LineId("main line")
PORTS = {ANNA: 0, MAIN: 8}
LINES = {number: line for line, number in PORTS.items()}


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (effects.StartRinging(ANNA, (1000, 4000)), messages.StartRinging(0, (1000, 4000))),
        (effects.StopRinging(ANNA), messages.StopRinging(0)),
        (effects.SetPolarity(ANNA, True), messages.SetPolarity(0, True)),
        (effects.BreakLoop(ANNA, 300), messages.BreakLoop(0, 300)),
        (effects.SeizeLine(MAIN), messages.SeizeLine(8)),
        (effects.ReleaseLine(MAIN), messages.ReleaseLine(8)),
        (effects.FlashLine(MAIN, 120), messages.FlashLine(8, 120)),
        (effects.DialPulses(MAIN, "0440"), messages.DialPulses(8, "0440")),
    ],
)
def test_orders(order: effects.CardOrder, message: tuple[object, ...]) -> None:
    assert messages.decode(order_message(order, PORTS)) == message


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (effects.StartRinging(ANNA, ()), "2 to 16 steps, not 0"),
        (effects.StartRinging(ANNA, (100,) * 17), "not 17"),
        (effects.StartRinging(ANNA, (1000, 0)), "0 ms is outside"),
        (effects.DialPulses(MAIN, ""), "digits at once, not 0"),
        (effects.DialPulses(MAIN, "1" * 33), "not 33"),
        (effects.BreakLoop(ANNA, 70_000), "70000 ms is outside"),
        (effects.FlashLine(MAIN, -1), "-1 ms is outside"),
    ],
)
def test_orders_that_do_not_fit(order: effects.CardOrder, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        order_message(order, PORTS)


def test_an_order_for_another_cards_line() -> None:
    with pytest.raises(KeyError):
        order_message(effects.StopRinging(LineId("FXS9")), PORTS)


FACTS = [
    (messages.PortState(0, True, False, True, False), events.PortState(ANNA, True, False, True, False)),  # noqa: E501
    (messages.HookChanged(0, True), events.HookChanged(ANNA, True)),
    (messages.HookFlashed(0), events.HookFlashed(ANNA)),
    (messages.PulseDigit(0, 10), events.PulseDigitDialled(ANNA, "0")),
    (messages.PulseDigit(0, 7), events.PulseDigitDialled(ANNA, "7")),
    (messages.RingBurstEnded(0, 1), events.RingBurstEnded(ANNA, 1)),
    (messages.RingingStarted(8, 2), events.RingingStarted(MAIN, 2)),
    (messages.RingingPaused(8, 2), events.RingingPaused(MAIN, 2)),
    (messages.RingingStopped(8), events.RingingStopped(MAIN)),
    (messages.BatteryChanged(8, False), events.BatteryChanged(MAIN, False)),
    (messages.PolarityChanged(8, True), events.PolarityChanged(MAIN, True)),
    (messages.PulsesSent(8), events.PulsesSent(MAIN)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "fact"), FACTS)
def test_facts(message: tuple[object, ...], fact: events.CardFact) -> None:
    assert card_fact(message, LINES) == fact


def test_every_fact_of_a_card_is_covered() -> None:
    made = {type(fact) for _, fact in FACTS} | {events.CardUp, events.CardDown}
    assert made == set(get_args(events.CardFact))


def test_a_port_without_a_line_says_nothing() -> None:
    assert card_fact(messages.HookChanged(3, True), LINES) is None


def test_a_message_that_only_hosts_send() -> None:
    with pytest.raises(ValueError, match="does not send StopRinging"):
        card_fact(messages.StopRinging(0), LINES)


def test_timings() -> None:
    timings = PortTimings(flash_min_ms=90, flash_max_ms=700, loop_drop_ms=250)
    fxs = messages.decode(timings_message(3, "fxs", timings))
    assert fxs == messages.ConfigureFxs(3, 10, 15, 100, 200, 90, 700)
    fxo = messages.decode(timings_message(8, "fxo", timings))
    assert fxo == messages.ConfigureFxo(8, 100, 80, 6000, 500, 60, 250, 40, 40, 60, 800)
