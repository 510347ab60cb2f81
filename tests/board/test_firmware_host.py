# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's adapter and the real firmware on the two ends of a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import socket
import tty
from collections.abc import AsyncIterator, Callable
from subprocess import Popen
from typing import Any

import pytest_asyncio

from board.sim.machine.start import start_firmware
from drivers.linecard.card import CardLink
from drivers.linecard.revision import read_revision
from firmware import effects, events
from firmware.values import LineId

REVISION = read_revision("tipring-8s4o-r1")
LINES = {port.name: LineId(port.name) for port in REVISION.ports}
FXS1, FXO1 = LineId("FXS1"), LineId("FXO1")


class Office:
    """A host and a card; the card can be switched off and on."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.facts: list[events.CardFact] = []
        self.host = CardLink("card1", os.ttyname(self.slave), REVISION, LINES, self.facts.append)
        self.switch_on()
        self.task = asyncio.create_task(self.host.run())

    def switch_on(self) -> None:
        self.pins, pins = socket.socketpair()
        with pins:
            self.process: Popen[bytes] = start_firmware(self.master, pins.fileno())

    def switch_off(self) -> None:
        self.pins.close()
        assert self.process.wait(5) == 0

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.switch_off()
        os.close(self.master)
        os.close(self.slave)

    async def until(self, holds: Callable[[], object], limit_s: float = 2) -> None:
        end = asyncio.get_running_loop().time() + limit_s
        while not holds():
            assert asyncio.get_running_loop().time() < end, self.facts
            await asyncio.sleep(0.005)

    def has(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    """Card and host, up."""
    office = Office()
    try:
        await office.until(lambda: len(office.has(events.PortState)) == 12)
        yield office
    finally:
        await office.close()


async def test_a_call_of_facts_and_orders(office: Office) -> None:
    assert isinstance(office.facts[0], events.CardUp)
    assert office.facts[0].lines == tuple(LINES.values())
    office.host.send(effects.StartRinging(FXS1, (300, 300)))
    await office.until(lambda: events.RingBurstEnded(FXS1, 1) in office.facts)
    office.pins.send(b"i 6 1\n")
    await office.until(lambda: events.HookChanged(FXS1, True) in office.facts)
    office.host.send(effects.SeizeLine(FXO1))
    office.host.send(effects.DialPulses(FXO1, "1"))
    await office.until(lambda: events.PulsesSent(FXO1) in office.facts)


async def test_a_card_that_lost_its_power_for_a_moment(office: Office) -> None:
    office.pins.send(b"i 6 1\n")
    await office.until(lambda: events.HookChanged(FXS1, True) in office.facts)
    office.switch_off()
    office.switch_on()
    await office.until(lambda: len(office.has(events.CardUp)) == 2, 5)
    (down,) = office.has(events.CardDown)
    assert down.reason == "Card card1: the other end has no session"
    await office.until(lambda: len(office.has(events.PortState)) == 24)
    assert office.has(events.PortState)[12] == events.PortState(FXS1, False, False, True, False)
