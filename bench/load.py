# SPDX-License-Identifier: GPL-2.0-or-later
"""Processor and memory of the box: idle, and with eight talks that all carry sound both ways.

The talks: four between telephones, three between SIP phones, one from a SIP phone to an exchange
line. The simulated card and the bench's own phones stand for hardware and are not the box; what
they use is shown beside it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import numpy as np

from bench.figures import Figure
from bench.processes import memory, processor_s, with_children
from bench.rtp_end import RtpEnd, Samples
from bench.sip_phone import PhoneCall, SipPhone
from board.demo.stage import Stage

PART = "load"
TALKS = 8
SIP_EXTENSIONS = ("109", "110", "111", "113", "114", "115", "116")
ON_HOOK_S = 1.2
SETTLE_S = 2.0
OUTSIDE = "0445550199"


async def measure(stage: Stage, seconds: float) -> list[Figure]:
    """Two windows of ``seconds``: idle with seven phones registered, then eight talks."""
    async with _sip_phones(stage) as phones:
        await asyncio.sleep(SETTLE_S)
        figures = await _use(stage, "idle", seconds)
        async with _talks(stage, phones, _babble(seconds + 3 * SETTLE_S)) as ends:
            await asyncio.sleep(SETTLE_S)
            before = sum(end.packets for end in ends)
            figures += await _use(stage, f"{TALKS} talks", seconds)
            rate = (sum(end.packets for end in ends) - before) / seconds
            note = f"{len(ends)} SIP ends; 50 a second each when nothing is lost"
            figures.append(Figure(PART, "RTP packets received by SIP ends", "/s", rate, note=note))
    return figures


async def _use(stage: Stage, name: str, seconds: float) -> list[Figure]:
    """Processor use over a window, and memory at its end."""
    pids = {
        "exchange": [stage.pid("exchange")],
        "media host": [stage.pid("media")],
        "not the box: simulated card": with_children(stage.board.pid),
        "not the box: the bench": [os.getpid()],
    }
    before = {process: processor_s(ids) for process, ids in pids.items()}
    await asyncio.sleep(seconds)
    figures = []
    for process, ids in pids.items():
        share = 100 * (processor_s(ids) - before[process]) / seconds
        figures.append(Figure(PART, f"{name}: {process}", "% of core", share))
    for process in ("exchange", "media host"):
        used = memory(pids[process][0])
        figures.append(Figure(PART, f"{name}: {process}, PSS", "MiB", used.pss))
        figures.append(Figure(PART, f"{name}: {process}, RSS", "MiB", used.rss))
    return figures


@asynccontextmanager
async def _sip_phones(stage: Stage) -> AsyncIterator[dict[str, tuple[SipPhone, RtpEnd]]]:
    host, _, port = stage.sip_address.rpartition(":")
    async with AsyncExitStack() as stack:
        phones = {}
        for extension in SIP_EXTENSIONS:
            end = RtpEnd()
            stack.callback(end.close)
            phone = SipPhone(extension, f"office-{extension}", (host, int(port)), end.port)
            stack.callback(phone.close)
            phone.answers = True
            await phone.register()
            phones[extension] = phone, end
        yield phones


@asynccontextmanager
async def _talks(
    stage: Stage, phones: dict[str, tuple[SipPhone, RtpEnd]], sound: Samples
) -> AsyncIterator[list[RtpEnd]]:
    """Set up eight talks, everybody speaking; ends them afterwards."""
    for number in range(1, 9, 2):
        await _telephones(stage, number, sound)
    calls = []
    pairs = list(zip(SIP_EXTENSIONS[:6:2], SIP_EXTENSIONS[1:6:2], strict=True))
    for caller, called in pairs:
        calls.append((phones[caller][0], await _sip_pair(phones[caller], phones[called], sound)))
    outgoing, end = phones[SIP_EXTENSIONS[6]]
    calls.append((outgoing, await _outside(stage, outgoing, end, sound)))
    await stage.until(lambda: _all_in_talk(stage), 10.0, f"{TALKS} calls in talk")
    yield [end for _, end in phones.values()]
    for phone, call in calls:
        await phone.hang_up(call)
    for number in range(1, 9):
        await stage.board.phone(f"FXS{number}").hang_up()
    await asyncio.sleep(ON_HOOK_S)


async def _all_in_talk(stage: Stage) -> bool:
    return await stage.calls_in_talk() == TALKS


async def _telephones(stage: Stage, number: int, sound: Samples) -> None:
    caller, called = (stage.board.phone(f"FXS{n}") for n in (number, number + 1))
    await caller.lift()
    await caller.wait_hears("dial", 5)
    await caller.dial(f"10{number + 1}")
    await called.wait_ringing(5)
    await called.lift()
    await caller.speak(sound)
    await called.speak(sound[::-1])


async def _sip_pair(
    caller: tuple[SipPhone, RtpEnd], called: tuple[SipPhone, RtpEnd], sound: Samples
) -> PhoneCall:
    call = await caller[0].dial(called[0].extension)
    await caller[0].established(call)
    there = await called[0].incoming.get()
    caller[1].start(call.audio_port, sound)
    called[1].start(there.audio_port, sound[::-1])
    return call


async def _outside(stage: Stage, phone: SipPhone, end: RtpEnd, sound: Samples) -> PhoneCall:
    line = stage.board.exchange_line("FXO1")
    dialling = asyncio.create_task(phone.dial("9" + OUTSIDE))
    await line.wait_dialled(OUTSIDE, 15)
    call = await dialling
    await line.ring_back()
    await asyncio.sleep(1.0)
    await line.answer(polarity=True)
    await phone.established(call)
    end.start(call.audio_port, sound)
    await line.speak(sound[::-1])
    return call


def _babble(seconds: float) -> Samples:
    """Noise that comes and goes like talk, at about -20 dBm0, the same each time."""
    rng = np.random.default_rng(7)
    count = int(seconds * 8000)
    raw = np.convolve(rng.standard_normal(count), [0.25, 0.5, 0.25], "same")
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4.0 * np.arange(count) / 8000)
    return np.clip(raw * syllables * 4500, -32768, 32767).astype(np.int16)
