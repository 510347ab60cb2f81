# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine on the simulated card: the ALSA plug-in and a board in a thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from board.sim.audio import BLOCK, CHANNELS
from firmware import events
from firmware.values import LegId
from native.engine import Engine
from tests.native.engine_bench import (
    BoardThread,
    Facts,
    Samples,
    dbm0,
    noise,
    read_wav,
    silence,
    write_wav,
)

ECHO_DELAY = 20  # samples
ECHO_GAIN = 0.25  # -12 dB


class Lines:
    """Twelve lines: each sends back an echo of what it hears, and what ``mouth`` says."""

    def __init__(self) -> None:
        self.mouth: dict[int, Samples] = {}
        self.ear: list[Samples] = []
        self._past = np.zeros((ECHO_DELAY, CHANNELS), np.int16)

    def __call__(self, played: Samples) -> Samples:
        line = np.concatenate([self._past, played])
        self._past = line[-ECHO_DELAY:]
        capture = silence()
        capture[:] = line[:BLOCK] * ECHO_GAIN
        for channel, samples in list(self.mouth.items()):
            block = samples[:BLOCK]
            capture[: len(block), channel] += block
            self.mouth[channel] = samples[BLOCK:]
        self.ear.append(played)
        return capture

    def heard(self, channel: int) -> Samples:
        return np.concatenate([block[:, channel] for block in self.ear])


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def board(lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoardThread]:
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    made = BoardThread(tmp_path, lines)
    yield made
    made.close()


@pytest.fixture
def facts(board: BoardThread) -> Iterator[Facts]:
    with Engine() as engine:
        facts = Facts(engine)
        engine.start_card("tipring_sim", CHANNELS)
        assert facts.wait(events.CardAudioChanged).running
        yield facts


def record(facts: Facts, leg: int, path: Path, seconds: float) -> Samples:
    facts.engine.start_recording(leg, 1, str(path), 60)
    time.sleep(seconds)
    facts.engine.stop_recording(leg)
    facts.wait(events.RecordEnded)
    return read_wav(path)


def test_line_hears_what_plays_and_is_heard(facts: Facts, lines: Lines, tmp_path: Path) -> None:
    engine = facts.engine
    sent, said = noise(1.0, seed=1), noise(1.0, seed=2)
    engine.open_card(1, 4, echo_canceller=False)
    engine.play_files(1, 1, [write_wav(tmp_path / "sent.wav", sent)])
    facts.wait(events.PlayEnded)
    time.sleep(0.1)
    ear = lines.heard(4).astype(float)
    at = int(np.argmax(np.correlate(ear, sent.astype(float), "valid")))
    assert np.array_equal(ear[at : at + len(sent)], sent)
    assert not lines.heard(5).any()
    lines.mouth[4] = said
    heard = record(facts, 1, tmp_path / "said.wav", 1.3).astype(float)
    at = int(np.argmax(np.correlate(heard, said.astype(float), "valid")))
    assert np.array_equal(heard[at : at + len(said)], said)


def test_echo_of_a_prompt_is_cancelled(facts: Facts, tmp_path: Path) -> None:
    engine = facts.engine
    prompt = write_wav(tmp_path / "prompt.wav", noise(5.0))
    levels = {}
    for leg, canceller in ((1, False), (2, True)):
        engine.open_card(leg, 2, echo_canceller=canceller)
        engine.play_files(leg, 1, [prompt])
        time.sleep(2.0)
        levels[canceller] = dbm0(record(facts, leg, tmp_path / "echo.wav", 0.5))
        if canceller:
            figures = engine.snapshot().legs[LegId(leg)]
            assert figures.erle_db > 15
        engine.close_leg(leg)
    assert -30 < levels[False] < -24  # -15 dBm0 less 12 dB
    assert levels[True] < levels[False] - 25


def test_digits_are_heard_but_not_our_own(facts: Facts, lines: Lines, tmp_path: Path) -> None:
    """Echo canceller off and 12 dB of echo: the worst line, and digits pass through to it."""
    engine = facts.engine
    time_axis = np.arange(8 * 80) / 8000
    five = 4000 * (np.sin(2 * np.pi * 770 * time_axis) + np.sin(2 * np.pi * 1336 * time_axis))
    engine.open_card(1, 0, echo_canceller=False)
    engine.open_card(2, 1, echo_canceller=False)
    engine.join_bridge(1, [1, 2])
    engine.detect(1, digits=True)
    engine.detect(2, digits=True)
    time.sleep(0.1)
    lines.mouth[0] = five.astype(np.int16)
    assert [(d.leg, d.digit) for d in facts.gather(events.DigitHeard, 0.8)] == [(1, "5")]
    engine.send_digits(2, "7*")
    assert facts.gather(events.DigitHeard, 0.8) == []
    lines.mouth[1] = five.astype(np.int16)
    assert [(d.leg, d.digit) for d in facts.gather(events.DigitHeard, 0.8)] == [(2, "5")]


def test_bridge_crosses_two_lines_quickly(facts: Facts, lines: Lines) -> None:
    engine = facts.engine
    said = noise(1.0, seed=3)
    engine.open_card(1, 6)
    engine.open_card(2, 7)
    engine.join_bridge(1, [1, 2])
    time.sleep(0.2)
    blocks = len(lines.ear)
    lines.mouth[6] = said
    time.sleep(1.4)
    ear = np.concatenate([block[:, 7] for block in lines.ear[blocks:]]).astype(float)
    match = np.correlate(ear, said.astype(float), "valid")
    delay_ms = int(np.argmax(match)) / 8
    assert delay_ms < 110  # two periods of lead, one of the engine, and those of a loaded machine
    own = np.concatenate([block[:, 6] for block in lines.ear[blocks:]])
    assert dbm0(own[-4000:]) < -40  # no echo of oneself through the other line


def test_overrun_is_counted_and_survived(facts: Facts, board: BoardThread, lines: Lines) -> None:
    engine = facts.engine
    engine.open_card(1, 0, echo_canceller=False)
    engine.detect(1, digits=True)
    before = engine.snapshot()
    board.stream.order_xrun()
    time.sleep(0.5)
    after = engine.snapshot()
    assert after.card_xruns > before.card_xruns
    assert after.card_running and after.ticks - before.ticks > 30
    assert facts.gather(events.CardAudioChanged, 0.1) == []


def test_vanished_card_comes_back(
    facts: Facts, board: BoardThread, lines: Lines, tmp_path: Path
) -> None:
    engine = facts.engine
    board.stop()
    gone = facts.wait(events.CardAudioChanged, 8.0)
    assert not gone.running and gone.reason
    ticks = engine.snapshot().ticks
    time.sleep(0.5)
    assert engine.snapshot().ticks - ticks >= 45  # the clock has taken over
    board.stream.close()
    again = BoardThread(tmp_path, lines)
    try:
        assert facts.wait(events.CardAudioChanged, 5.0).running
        assert engine.snapshot().card_starts == 2
    finally:
        again.close()
