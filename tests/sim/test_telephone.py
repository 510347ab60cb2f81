# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephones on the real card firmware: what the host's driver tells, what the bell does."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from board.sim.callerid import encode, modulate
from board.sim.client import BoardError
from board.sim.tones import COUNTRIES
from firmware import effects, events
from firmware.values import LineId
from tests.sim.conftest import Host

FXS1, FXS2, FXS8 = LineId("FXS1"), LineId("FXS2"), LineId("FXS8")


async def test_lift_and_hang_up(host: Host) -> None:
    phone = host.board.phone("FXS8")
    await phone.lift()
    await host.wait_fact(events.HookChanged(FXS8, off_hook=True))
    assert await phone.off_hook()
    with pytest.raises(BoardError, match="off hook already"):
        await phone.lift()
    await phone.hang_up()
    await host.wait_fact(events.HookChanged(FXS8, off_hook=False))


async def test_flash(host: Host) -> None:
    phone = host.board.phone("FXS1")
    await phone.lift()
    await phone.flash()
    await host.wait_fact(events.HookFlashed(FXS1))


@pytest.mark.parametrize(("pps", "make"), [(10.0, 0.4), (8.0, 0.5), (12.0, 0.4)])
async def test_pulses(host: Host, pps: float, make: float) -> None:
    phone = host.board.phone("FXS2")
    await phone.lift()
    await phone.dial_pulses("130", pps=pps, make=make)
    for digit in "130":
        await host.wait_fact(events.PulseDigitDialled(FXS2, digit))


async def test_ringing_until_lifted(host: Host) -> None:
    phone = host.board.phone("FXS1")
    assert not await phone.ringing()
    host.card.send(effects.StartRinging(FXS1, (400, 200, 400, 1200)))
    await phone.wait_ringing()
    await host.wait_fact(events.RingBurstEnded(FXS1, 2))
    bursts = await phone.ring_bursts()
    first = bursts[0]
    assert (first[1] - first[0]) / 8 == pytest.approx(400, abs=40)
    await phone.lift()
    await host.wait_fact(events.HookChanged(FXS1, off_hook=True))
    assert not await phone.ringing()


async def test_ringing_that_stops_is_over_after_the_pause(host: Host) -> None:
    phone = host.board.phone("FXS1")
    host.card.send(effects.StartRinging(FXS1, (300, 1500)))
    await phone.wait_ringing()
    await host.wait_fact(events.RingBurstEnded(FXS1, 2))
    host.card.send(effects.StopRinging(FXS1))
    await phone.wait_not_ringing(3.0)
    with pytest.raises(TimeoutError, match=r"not ringing within 0\.2 s; it is on hook"):
        await phone.wait_ringing(0.2)


async def test_display_shows_the_burst_between_rings(host: Host) -> None:
    phone = host.board.phone("FXS1")
    burst = modulate(encode("0441234567", "PUMP SHOP", "11220915"), "v23")
    host.card.send(effects.StartRinging(FXS1, (500, 4000)))
    await host.wait_fact(events.RingBurstEnded(FXS1, 1))
    assert await phone.display() is None
    playing = await host.play({0: np.concatenate((np.zeros(3200), burst, np.zeros(1600)))})
    assert await phone.wait_display(5.0) == {
        "date": "11220915",
        "number": "0441234567",
        "name": "PUMP SHOP",
    }
    assert await playing.wait() == 0


async def test_ear_is_deaf_on_hook_and_hears_off_hook(host: Host) -> None:
    phone = host.board.phone("FXS1")
    playing = await host.play({0: COUNTRIES["UA"].dial.render(0, 40_000)})
    await asyncio.gather(_deaf(host), phone.speech_done())
    await phone.lift()
    assert await phone.wait_hears("dial", 4.0) < 4.0
    recording = await phone.listen()
    await phone.hang_up()
    heard, start_sample = await recording.stop()
    assert start_sample <= await host.board.sample_now()
    assert heard.dtype == np.int16
    assert await phone.level_dbm0() == -96.0
    assert await playing.wait() == 0


async def _deaf(host: Host) -> None:
    with pytest.raises(TimeoutError, match="not hearing 'dial'"):
        await host.board.phone("FXS1").wait_hears("dial", 1.8)


async def test_keys_reach_the_card(host: Host) -> None:
    phone = host.board.phone("FXS4")
    with pytest.raises(BoardError, match="on hook"):
        await phone.dial("1")
    await phone.lift()
    capturing = asyncio.create_task(host.record(2))
    await phone.dial("1597", on_ms=200, off_ms=60)
    captured = await capturing
    assert np.abs(captured[4000:8000, 3]).max() > 5000
    with pytest.raises(BoardError, match="not a key"):
        await phone.dial("x")


async def test_lost_link_and_dark_card(host: Host) -> None:
    phone = host.board.phone("FXS1")
    host.card.send(effects.StartRinging(FXS1, (1000, 4000)))
    await phone.wait_ringing()
    await host.board.cut_link()
    await host.wait_fact(events.CardDown)
    await host.board.restore_link()
    await host.wait_fact(events.CardUp)
    await host.board.cut_link(power=True)
    await host.wait_fact(events.CardDown)
    await phone.lift()
    await host.board.restore_link()
    await host.wait_fact(events.CardUp)
    state = await host.wait_fact(events.PortState(FXS1, True, False, True, False))
    assert isinstance(state, events.PortState)
    assert (await host.board.statistics())["card_starts"] == 2


async def test_unknown_ports_and_orders_are_refused(host: Host) -> None:
    with pytest.raises(BoardError, match="no port 'FXS9'; there are FXS1"):
        await host.board.phone("FXS9").lift()
    with pytest.raises(BoardError, match="FXO1 has no option"):
        await host.board.exchange_line("FXO1").options(colour="red")
