# SPDX-License-Identifier: GPL-2.0-or-later
"""One-way delay of a talk: telephone to telephone, and between a telephone and a SIP phone.

Sound is found again by correlation. Telephones' times are the card's sample numbers, SIP's are
the kernel's; a moment at which both were read joins them. A SIP phone's time is that of the
packet, as if its first sample were spoken when the packet leaves and heard when it arrives: a
real phone adds the 20 ms it takes to fill a packet, and its own jitter buffer.
"""

from __future__ import annotations

import asyncio
import time

from bench.figures import Figure, figure_of
from bench.rtp_end import RtpEnd, Samples
from bench.sip_phone import SipPhone
from board.demo.stage import Stage
from board.sim.client import SimulatedBoard, Telephone
from board.sim.measure import compare
from board.sim.voices import speak_text

PART = "delay"
NS_PER_S = 1_000_000_000
PAUSE_S = 0.4
ON_HOOK_S = 1.2
SETTLE_S = 1.0  # jitter buffer and canceller have seen some packets
READINGS = 20


async def measure(stage: Stage, count: int) -> list[Figure]:
    """``count`` talks of each kind, both directions."""
    words = speak_text("The quick brown fox jumps over the lazy dog near the old mill.", "en+f3")
    between, out, back = [], [], []
    for _ in range(count):
        between += await _telephones(stage, words)
        to_phone, from_phone = await _with_sip(stage, words)
        out.append(to_phone)
        back.append(from_phone)
    underruns = (await stage.board.statistics())["playback_xruns"]
    return [
        figure_of(PART, "telephone to telephone", "ms", between, "mouth to ear"),
        figure_of(PART, "SIP to telephone", "ms", out, "packet sent to ear"),
        figure_of(PART, "telephone to SIP", "ms", back, "mouth to packet arrived, 20 ms packets"),
        Figure(PART, "playback underruns so far", "times", underruns, note="each adds 10 ms"),
    ]


async def _telephones(stage: Stage, words: Samples) -> list[float]:
    olena, taras = stage.board.phone("FXS1"), stage.board.phone("FXS2")
    await _call_telephone(olena, taras, "102")
    delays = [await _spoken(olena, taras, words), await _spoken(taras, olena, words)]
    await olena.hang_up()
    await taras.hang_up()
    await asyncio.sleep(ON_HOOK_S)
    return delays


async def _call_telephone(caller: Telephone, called: Telephone, number: str) -> None:
    await caller.lift()
    await caller.wait_hears("dial", 5)
    await caller.dial(number)
    await called.wait_ringing(5)
    await called.lift()
    await asyncio.sleep(SETTLE_S)


async def _spoken(speaker: Telephone, listener: Telephone, words: Samples) -> float:
    ear = await listener.listen()
    spoken = await speaker.speak(words)
    await speaker.speech_done()
    await asyncio.sleep(PAUSE_S)
    heard, start = await ear.stop()
    return compare(spoken.samples, heard, spoken.start_sample, start).delay_ms


async def _with_sip(stage: Stage, words: Samples) -> tuple[float, float]:
    host, _, port = stage.sip_address.rpartition(":")
    end = RtpEnd()
    phone = SipPhone("109", "office-109", (host, int(port)), end.port)
    olena = stage.board.phone("FXS1")
    try:
        await phone.register()
        call = await phone.dial("101")
        await olena.wait_ringing(5)
        await olena.lift()
        await phone.established(call)
        end.start(call.audio_port, words[:1600] * 0)
        await asyncio.sleep(SETTLE_S)
        delays = (
            await _to_telephone(stage.board, end, olena, words),
            await _from_telephone(stage.board, end, olena, words),
        )
        await phone.hang_up(call)
        await olena.hang_up()
        await asyncio.sleep(ON_HOOK_S)
    finally:
        end.close()
        phone.close()
    return delays


async def _to_telephone(
    board: SimulatedBoard, end: RtpEnd, phone: Telephone, words: Samples
) -> float:
    ear = await phone.listen()
    sent = await _card_sample(board, await end.say(words))
    await asyncio.sleep(PAUSE_S)
    heard, start = await ear.stop()
    return compare(words, heard, sent, start).delay_ms


async def _from_telephone(
    board: SimulatedBoard, end: RtpEnd, phone: Telephone, words: Samples
) -> float:
    end.keep = True
    spoken = await phone.speak(words)
    await phone.speech_done()
    await asyncio.sleep(PAUSE_S)
    heard, arrived_ns = end.heard()
    arrived = await _card_sample(board, arrived_ns)
    return compare(spoken.samples, heard, spoken.start_sample, arrived).delay_ms


async def _card_sample(board: SimulatedBoard, at_ns: int) -> int:
    """The card's sample number at a moment of CLOCK_REALTIME, from the quickest of some answers."""
    best: tuple[int, float] | None = None
    for _ in range(READINGS):
        asked_ns = time.time_ns()
        sample = await board.sample_now()
        took_ns = time.time_ns() - asked_ns
        if best is None or took_ns < best[0]:
            best = took_ns, sample + (at_ns - asked_ns - took_ns / 2) * 8000 / NS_PER_S
    assert best is not None
    return round(best[1])
