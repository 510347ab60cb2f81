# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchange lines on the real card firmware: ringing in, dialling out, every way to hang up."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from board.sim.callerid import decode, demodulate
from board.sim.client import BoardError
from board.sim.tones import COUNTRIES, dtmf
from firmware import effects, events
from firmware.values import LineId
from tests.sim.conftest import Host

FXO1 = LineId("FXO1")
CHANNEL = 8


@pytest.mark.parametrize(
    ("host", "before_ring"), [("UA", False), ("UK", True), ("US", False)], indirect=["host"]
)
async def test_ringing_with_caller_id(host: Host, before_ring: bool) -> None:
    line = host.board.exchange_line("FXO1")
    capturing = asyncio.create_task(host.record(5))
    await line.call("0671234567", "ANNA")
    if before_ring:
        await host.wait_fact(events.PolarityChanged(FXO1, reversed=True))
    await host.wait_fact(events.RingingStarted(FXO1, 1))
    await host.wait_fact(events.RingingPaused)
    captured = (await capturing)[:, CHANNEL]
    standards = [c.caller_id for c in COUNTRIES.values()]
    messages = [demodulate(captured, standard) for standard in sorted(set(standards))]
    shown = [decode(message) for message in messages if message]
    assert any(s and s["number"] == "0671234567" and s["name"] == "ANNA" for s in shown)


async def test_caller_who_gives_up(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await line.call("private")
    await host.wait_fact(events.RingingStarted(FXO1, 1))
    await line.stop_calling()
    await host.wait_fact(events.RingingStopped(FXO1))
    with pytest.raises(BoardError, match="is not calling: the line is idle"):
        await line.stop_calling()


async def answered_call(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await line.call("0671234567")
    await host.wait_fact(events.RingingStarted(FXO1, 1))
    host.card.send(effects.SeizeLine(FXO1))
    await line.wait_answered()


async def test_answer_and_release(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await answered_call(host)
    assert await line.state() == "talking"
    tone = 3000 * np.sin(2 * np.pi * 1000 / 8000 * np.arange(16_000))
    playing = await host.play({CHANNEL: tone})
    assert await line.wait_hears("tone", 5.0) < 5.0
    assert await playing.wait() == 0
    await line.speak(np.zeros(80, np.int16))
    await line.speech_done()
    host.card.send(effects.ReleaseLine(FXO1))
    await line.released()
    assert await line.wait_hears("busy") < 10.0  # his exchange tells him
    with pytest.raises(BoardError, match="cannot speak: the line is idle"):
        await line.speak(np.zeros(80, np.int16))


async def test_loop_drop(host: Host) -> None:
    await answered_call(host)
    await host.board.exchange_line("FXO1").hang_up("loop-drop")
    await host.wait_fact(events.BatteryChanged(FXO1, present=False))
    await host.wait_fact(events.BatteryChanged(FXO1, present=True))


async def test_polarity_hang_up(host: Host) -> None:
    await answered_call(host)
    await host.board.exchange_line("FXO1").hang_up("polarity")
    await host.wait_fact(events.PolarityChanged(FXO1, reversed=True))


async def test_busy_tone_hang_up_shows_on_no_pin(host: Host) -> None:
    await answered_call(host)
    host.facts.clear()
    await host.board.exchange_line("FXO1").hang_up("busy-tone")
    captured = (await host.record(3))[8000:, CHANNEL].astype(float)
    loud = np.sqrt(np.mean(captured.reshape(-1, 80) ** 2, axis=1)) > 500
    assert np.mean(loud) == pytest.approx(0.5, abs=0.1)
    assert not [f for f in host.facts if isinstance(f, events.BatteryChanged)]


async def test_busy_tone_of_another_network(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await line.options(busy_hz=(450.0,), busy_on_ms=200, busy_off_ms=300)
    await answered_call(host)
    await line.hang_up("busy-tone")
    captured = (await host.record(5))[8000:, CHANNEL].astype(float)
    loud = np.sqrt(np.mean(captured.reshape(-1, 80) ** 2, axis=1)) > 500
    assert np.mean(loud) == pytest.approx(0.4, abs=0.05)
    spectrum = np.abs(np.fft.rfft(captured))
    assert np.argmax(spectrum) * 8000 / len(captured) == pytest.approx(450.0, abs=3.0)


async def test_unknown_way_to_hang_up_is_refused(host: Host) -> None:
    with pytest.raises(BoardError, match="'angry' is not one of busy-tone"):
        await host.board.exchange_line("FXO1").hang_up("angry")


async def seized(host: Host) -> None:
    host.card.send(effects.SeizeLine(FXO1))
    await host.board.exchange_line("FXO1").wait_seized()


async def test_dialling_keys_and_answer_with_reversal(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await seized(host)
    playing = await host.play({CHANNEL: np.concatenate((dtmf("0441234567"), np.zeros(1600)))})
    assert await line.wait_dialled("0441234567") == "0441234567"
    assert await playing.wait() == 0
    await line.ring_back()
    assert await line.state() == "ringback"
    await line.answer(polarity=True)
    await host.wait_fact(events.PolarityChanged(FXO1, reversed=True))
    host.card.send(effects.ReleaseLine(FXO1))
    await line.released()
    await host.wait_fact(events.PolarityChanged(FXO1, reversed=False))


async def test_dialling_pulses(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await seized(host)
    host.card.send(effects.DialPulses(FXO1, "103"))
    assert await line.wait_dialled(3, 15.0) == "103"
    await host.wait_fact(events.PulsesSent(FXO1))
    await line.busy()
    assert await line.state() == "busy"


async def test_dial_tone_comes_or_not(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await seized(host)
    captured = (await host.record(1))[6000:, CHANNEL]
    assert np.abs(captured).max() > 2000
    host.card.send(effects.ReleaseLine(FXO1))
    await line.released()
    await line.options(dial_tone=False)
    await seized(host)
    captured = (await host.record(1))[6000:, CHANNEL]
    assert np.abs(captured).max() < 500


async def test_glare_meets_the_caller(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await line.call("0671234567", first_ring_delay_s=5.0)
    assert await line.state() == "offered"
    host.card.send(effects.SeizeLine(FXO1))
    await line.wait_answered()
    with pytest.raises(BoardError, match="cannot be called"):
        await line.call("1")


async def test_unplugged_line(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await line.set_battery(False)
    await host.wait_fact(events.BatteryChanged(FXO1, present=False))
    with pytest.raises(BoardError, match="unplugged"):
        await line.call("1")
    await line.set_battery(True)
    await host.wait_fact(events.BatteryChanged(FXO1, present=True))


async def test_wait_says_what_was_dialled(host: Host) -> None:
    line = host.board.exchange_line("FXO1")
    await seized(host)
    with pytest.raises(TimeoutError, match=r"not dialled 3 within 0\.1 s; the line is seized"):
        await line.wait_dialled(3, 0.1)
