# SPDX-License-Identifier: GPL-2.0-or-later
"""The endpoint with baresip, a telephone of another make: register, call, hold, both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from board.sim.peers.baresip import SipPhones
from firmware.effects import ConnectRtp, HoldLeg, Originate, Release
from firmware.events import (
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegEnded,
    LegHeld,
    LegResumed,
    LineServiceChanged,
)
from firmware.sip.settings import SipAccount
from firmware.values import Cause, LegId, LineId, Party
from tests.fakes.sip_live import HOST, LiveSip, free_port

PHONE = LineId("sip:109")
LEG = LegId(70)


@pytest_asyncio.fixture
async def office() -> AsyncIterator[LiveSip]:
    office = LiveSip(
        free_port(), accounts=(SipAccount("109", "secret", PHONE, "Olena"),), digests=("MD5",)
    )
    await office.start()
    yield office
    await office.stop()


@pytest_asyncio.fixture
async def phones(office: LiveSip, tmp_path: Path) -> AsyncIterator[SipPhones]:
    server = f"{HOST}:{office.transport.port}"
    async with SipPhones.start(tmp_path, server, {"109": "secret"}) as phones:
        registered = await office.wait_for(LineServiceChanged)
        assert registered == LineServiceChanged(PHONE, True, "registered")
        yield phones


async def test_called_phone_holds_and_resumes(office: LiveSip, phones: SipPhones) -> None:
    office.order(Originate(LEG, PHONE, "109", Party("101", "Anna")))
    await office.wait_for(LegAlerting)
    await phones.answer("109")
    await office.wait_for(LegAnswered)
    await phones.hold("109", True)
    assert await office.wait_for(LegHeld) == LegHeld(LEG)
    assert not office.of(ConnectRtp)[-1].send
    await phones.hold("109", False)
    await office.wait_for(LegResumed)
    assert office.of(ConnectRtp)[-1].send
    office.order(HoldLeg(LEG, True))
    held = await office.wait_for(ConnectRtp, 4)
    assert (held.send, held.receive) == (True, False)
    await phones.hang_up("109")
    assert await office.wait_for(LegEnded) == LegEnded(LEG, Cause.NORMAL, True)


async def test_phone_calls_and_is_hung_up(office: LiveSip, phones: SipPhones) -> None:
    await phones.dial("109", "102")
    arrived = await office.wait_for(LegArrived)
    assert (arrived.caller, arrived.called) == (Party("109", "Olena"), "102")
    await office.wait_for(ConnectRtp)
    office.order(Release(arrived.leg, Cause.NORMAL))
    assert await office.wait_for(LegEnded) == LegEnded(arrived.leg, Cause.NORMAL, False)


async def test_phone_that_refuses(office: LiveSip, phones: SipPhones) -> None:
    office.order(Originate(LEG, PHONE, "109", Party("101", "Anna")))
    await office.wait_for(LegAlerting)
    await phones.hang_up("109")
    ended = await office.wait_for(LegEnded)
    assert ended.cause in (Cause.BUSY, Cause.REJECTED)
