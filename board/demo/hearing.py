# SPDX-License-Identifier: GPL-2.0-or-later
"""Was it heard? Compares what one party said with what another one's ear recorded."""

from __future__ import annotations

import asyncio

import numpy as np

from board.demo.report import Report
from board.sim.client import Party, Samples
from board.sim.measure import Comparison, compare, echo_db

MOST_DELAY_MS = 150.0  # G.114: up to here nobody minds
LEAST_CORRELATION = 0.7  # other words give 0.2; one underrun of the card's sound costs 0.1 to 0.2
LEVEL_DB = (-6.0, 6.0)
MOST_ECHO_DB = -25.0  # over all words, the canceller's first half second of a line included;
# with some 10 dB that the telephones add it is well inside what G.131 asks at 30 ms
PAUSE_S = 0.4  # before the words, as people do; behind them, for what is still on its way
FRAME = 80  # samples, 10 ms
SPOKEN_RMS = 200.0  # a frame of speech, not of a pause
GAP_RATIO = 0.05  # a frame that lost 26 dB is missing


async def say(
    report: Report, speaker: Party, listener: Party, words: Samples, name: str
) -> Comparison:
    """Let one party speak; check that the other hears it, and the speaker not himself."""
    await asyncio.sleep(PAUSE_S)
    ear = await listener.listen()
    own_ear = await speaker.listen()
    spoken = await speaker.speak(words)
    await speaker.speech_done()
    await asyncio.sleep(PAUSE_S)
    heard, heard_start = await ear.stop()
    own, own_start = await own_ear.stop()
    found = compare(spoken.samples, heard, spoken.start_sample, heard_start)
    check_delay(report, name, found)
    check_likeness(report, name, found)
    echo = echo_db(spoken.samples, own, spoken.start_sample, own_start)
    wanted = f"at most {MOST_ECHO_DB:.0f} dB"
    report.check(f"{name}: own echo, dB", round(echo, 1), echo <= MOST_ECHO_DB, wanted)
    return found


def check_delay(
    report: Report, name: str, found: Comparison, most_ms: float = MOST_DELAY_MS
) -> None:
    """From mouth to ear."""
    holds = 0 <= found.delay_ms <= most_ms
    report.check(f"{name}: delay, ms", round(found.delay_ms, 1), holds, f"at most {most_ms:.0f}")


def check_likeness(report: Report, name: str, found: Comparison) -> None:
    """Level and likeness of what arrived."""
    low, high = LEVEL_DB
    level = round(found.level_db, 1)
    report.check(f"{name}: level, dB", level, low <= level <= high, f"{low:+.0f} to {high:+.0f}")
    likeness = round(found.correlation, 3)
    wanted = f"at least {LEAST_CORRELATION}"
    report.check(f"{name}: correlation", likeness, likeness >= LEAST_CORRELATION, wanted)


def longest_gap_ms(source: Samples, heard: Samples, delay_samples: int, gain: float) -> float:
    """Longest run of frames in which speech was said and (nearly) nothing was heard."""
    longest = run = 0
    for start in range(0, len(source) - FRAME, FRAME):
        said = _rms(source[start : start + FRAME])
        at = start + delay_samples
        got = _rms(heard[at : at + FRAME]) / max(gain, 1e-6)
        if said < SPOKEN_RMS:
            continue
        run = run + 1 if got < GAP_RATIO * said else 0
        longest = max(longest, run)
    return longest * FRAME / 8.0


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) if len(samples) else 0.0
