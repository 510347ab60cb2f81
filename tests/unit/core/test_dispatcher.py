# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of order goes through its own door; a door that fails costs one order."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest

from firmware.dispatcher import Dispatcher
from firmware.effects import (
    Answer,
    CardOrder,
    ClearAlarm,
    CloseLeg,
    DeleteMessage,
    Effect,
    LegOrder,
    MediaOrder,
    OpenCard,
    RaiseAlarm,
    SaveSetting,
    SeizeLine,
    SendDatagram,
    StartRinging,
    StoreOrder,
    WriteEvent,
)
from firmware.values import CallId, LegId, LineId
from tests.unit.core.machines import NOW

WALL = NOW.wall
LEG = LegId(1)


@dataclass
class Door:
    """Any port; writes down what went through."""

    name: str
    journal: list[tuple[Any, ...]] = field(default_factory=list)
    broken: bool = False

    def _take(self, *what: Any) -> None:
        if self.broken:
            raise ConnectionError(self.name)
        self.journal.append((self.name, *what))

    def send(self, order: Any) -> bool:
        self._take(order)
        return True

    def write(self, effect: Any, wall: Any) -> None:
        self._take(effect, wall)

    def carry_out(self, order: Any) -> None:
        self._take(order)

    def raise_alarm(self, key: str, text: str, wall: Any) -> None:
        self._take("raise", key, text, wall)

    def clear_alarm(self, key: str) -> None:
        self._take("clear", key)


class House:
    """A dispatcher and its doors."""

    def __init__(self) -> None:
        self.journal: list[tuple[Any, ...]] = []
        names = ("card1", "card2", "media", "network", "records", "store", "alarms")
        self.doors = {name: Door(name, self.journal) for name in names}
        cards = {LineId("FXS1"): self.doors["card1"], LineId("FXO9"): self.doors["card2"]}
        self.dispatcher = Dispatcher(cards, *(self.doors[name] for name in names[2:]))


@pytest.fixture
def house() -> House:
    return House()


ORDERS = [
    (StartRinging(LineId("FXS1"), (1000, 4000)), "card1"),
    (SeizeLine(LineId("FXO9")), "card2"),
    (OpenCard(LEG, 0), "media"),
    (SendDatagram("udp", "192.0.2.1", 5060, b"x"), "network"),
    (SaveSetting("k", "v"), "store"),
    (DeleteMessage("101", "m"), "store"),
]


@pytest.mark.parametrize(("order", "door"), ORDERS)
def test_each_order_has_its_door(house: House, order: Effect, door: str) -> None:
    house.dispatcher.carry_out([order], WALL)
    assert house.journal == [(door, order)]


def test_records_and_alarms_take_the_time_of_day(house: House) -> None:
    event = WriteEvent(CallId("c1"), "arrived")
    house.dispatcher.carry_out([event, RaiseAlarm("k", "Text."), ClearAlarm("k")], WALL)
    assert house.journal == [
        ("records", event, WALL),
        ("alarms", "raise", "k", "Text.", WALL),
        ("alarms", "clear", "k"),
    ]


def test_order_is_kept(house: House) -> None:
    orders = [order for order, _ in ORDERS]
    house.dispatcher.carry_out(orders, WALL)
    assert [what for _, what in house.journal] == orders


def test_broken_door_costs_its_own_orders_only(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.doors["media"].broken = True
    with caplog.at_level(logging.ERROR):
        house.dispatcher.carry_out([CloseLeg(LEG), SeizeLine(LineId("FXO9"))], WALL)
    assert house.journal == [("card2", SeizeLine(LineId("FXO9")))]
    assert "could not carry out CloseLeg" in caplog.text


def test_line_of_no_card_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.dispatcher.carry_out([SeizeLine(LineId("FXO1")), SaveSetting("k", "v")], WALL)
    assert "could not carry out SeizeLine" in caplog.text
    assert house.journal == [("store", SaveSetting("k", "v"))]


def test_leg_order_never_gets_so_far(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.dispatcher.carry_out([Answer(LEG)], WALL)
    assert "no door for Answer" in caplog.text and house.journal == []


def test_every_effect_is_of_one_kind() -> None:
    kinds = [get_args(kind) for kind in (CardOrder, MediaOrder, LegOrder, StoreOrder)]
    single = (WriteEvent, RaiseAlarm, ClearAlarm, SendDatagram)
    together = [effect for kind in (*kinds, single) for effect in kind]
    assert len(together) == len(set(together))
    assert set(together) == set(get_args(Effect))
