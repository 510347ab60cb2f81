# SPDX-License-Identifier: GPL-2.0-or-later
"""From the last dialled digit to the bell of the called telephone, by the card's sample clock.

DTMF: from the first and from the last sample of the last tone of 80 ms; the digit is known before
its tone ends. Pulses: from the end of the last pulse's break, so the time in which the card must
wait for another pulse of the same digit is in the figure.
"""

from __future__ import annotations

import asyncio

from bench.figures import Figure, figure_of
from board.demo.stage import Stage
from board.sim.client import Telephone

PART = "ring"
SAMPLES_PER_MS = 8
TONE_MS = 80
ON_HOOK_S = 1.2  # longer than a flash, and the port is idle again
LANES = 4  # callers at a time; each calls its neighbour
STAGGER_S = 0.137  # no common divisor with ticks and cadences


async def measure(stage: Stage, count: int) -> list[Figure]:
    """``count`` calls dialled in DTMF and as many in pulses."""
    tones = await _lanes(stage, count, False)
    pulses = await _lanes(stage, count, True)
    begun = [value + TONE_MS for value in tones]
    return [
        figure_of(PART, "DTMF, last key pressed to bell", "ms", begun),
        figure_of(PART, "DTMF, last key let go to bell", "ms", tones, "negative: it rings before"),
        figure_of(PART, "pulses, last pulse's end to bell", "ms", pulses),
    ]


async def _lanes(stage: Stage, count: int, pulses: bool) -> list[float]:
    each = -(-count // LANES)
    lanes = [_lane(stage, number, each, pulses) for number in range(LANES)]
    return [value for lane in await asyncio.gather(*lanes) for value in lane][:count]


async def _lane(stage: Stage, number: int, count: int, pulses: bool) -> list[float]:
    caller = stage.board.phone(f"FXS{number + 1}")
    called = stage.board.phone(f"FXS{number + 1 + LANES}")
    values = []
    for _ in range(count):
        await asyncio.sleep(number * STAGGER_S)
        values.append(await _call(caller, called, f"10{number + 1 + LANES}", pulses))
    return values


async def _call(caller: Telephone, called: Telephone, number: str, pulses: bool) -> float:
    await caller.lift()
    await caller.wait_hears("dial", 5)
    ended = await (caller.dial_pulses(number) if pulses else caller.dial(number, TONE_MS))
    await called.wait_ringing(5)
    first_sample = (await called.ring_bursts())[0][0]
    await called.lift()  # a bell that is only cut off counts as ringing for its pause
    await caller.hang_up()
    await called.hang_up()
    await asyncio.sleep(ON_HOOK_S)
    return (first_sample - ended) / SAMPLES_PER_MS
