# SPDX-License-Identifier: GPL-2.0-or-later
"""Who hears whom, measured: one party speaks, the others' ears are compared with the words."""

from __future__ import annotations

import asyncio

from board.demo.hearing import LEAST_CORRELATION
from board.sim.client import Party
from board.sim.measure import Comparison, compare
from board.sim.voices import speak_text

WORDS = "Seven boxes are on the shelf."
BEHIND_S = 0.5  # what is still on its way
DEAF_CORRELATION = 0.5  # speech is like other speech, and like music, to about 0.3


async def hears(listener: Party, speaker: Party, words: str = WORDS) -> Comparison:
    """``speaker`` says the words and ``listener`` hears them."""
    found = await _said(listener, speaker, words)
    assert found.correlation >= LEAST_CORRELATION, f"{listener.name} hears {found}"
    return found


async def hears_not(listener: Party, speaker: Party, words: str = WORDS) -> None:
    """``speaker`` says the words and ``listener`` does not hear them."""
    found = await _said(listener, speaker, words)
    assert found.correlation < DEAF_CORRELATION, f"{listener.name} hears {found}"


async def they_talk(one: Party, other: Party) -> None:
    """Both hear each other."""
    await hears(one, other)
    await hears(other, one)


async def _said(listener: Party, speaker: Party, words: str) -> Comparison:
    ear = await listener.listen()
    spoken = await speaker.speak(speak_text(words, "en+f3"))
    await speaker.speech_done()
    await asyncio.sleep(BEHIND_S)
    heard, heard_start = await ear.stop()
    return compare(spoken.samples, heard, spoken.start_sample, heard_start)
