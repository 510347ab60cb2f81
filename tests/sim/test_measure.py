# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements that the demo's verdict rests on."""

from __future__ import annotations

import numpy as np
import pytest

from board.sim.hybrid import echo_paths
from board.sim.levels import gain, level_dbm0, rms_at
from board.sim.measure import compare, echo_db
from board.sim.voices import SPEECH_DBM0, speak_text

SENTENCE = speak_text("Good morning, this is Anna from the office on the second floor.", "en+f3")
ANSWER = speak_text("Ні, сьогодні я не можу прийти на роботу.", "uk")


def at_the_ear(sound: np.ndarray, first: int, count: int = 60_000) -> np.ndarray:
    heard = np.random.default_rng(1).normal(0, rms_at(-65), count)
    heard[first : first + len(sound)] += sound
    return heard.astype(np.int16)


def test_voice_has_the_level_of_a_talker() -> None:
    assert level_dbm0(SENTENCE) == pytest.approx(SPEECH_DBM0, abs=0.1)


def test_delay_level_and_likeness() -> None:
    heard = at_the_ear(SENTENCE * 0.5, 1321)
    result = compare(SENTENCE, heard, source_start=5000, heard_start=4000)
    assert result.delay_ms == pytest.approx(321 / 8, abs=0.2)
    assert result.level_db == pytest.approx(-6.0, abs=0.2)
    assert result.correlation > 0.99
    assert result.slip_ms == 0.0


def test_a_slip_in_the_middle_is_seen_and_forgiven() -> None:
    middle = len(SENTENCE) // 8000 * 4000
    slipped = np.concatenate((SENTENCE[:middle], np.zeros(80), SENTENCE[middle:]))
    result = compare(SENTENCE, at_the_ear(slipped, 400))
    assert result.correlation > 0.9
    assert result.slip_ms == pytest.approx(10.0, abs=0.5)


def test_other_words_are_not_alike() -> None:
    assert compare(ANSWER, at_the_ear(SENTENCE.astype(float), 400)).correlation < 0.4


def test_silence_is_not_alike() -> None:
    assert compare(SENTENCE, np.zeros(100, np.int16)).correlation == 0.0
    assert compare(np.zeros(8000, np.int16), SENTENCE).correlation == 0.0


@pytest.mark.parametrize("loss_db", [10.0, 30.0, 45.0])
def test_echo_is_measured(loss_db: float) -> None:
    echo = np.convolve(SENTENCE.astype(float), echo_paths()[1]) * gain(-loss_db)
    measured = echo_db(SENTENCE, at_the_ear(echo, 1900), 5000, 4000)
    assert measured == pytest.approx(-loss_db, abs=3.0)


def test_without_echo_there_is_only_noise() -> None:
    assert echo_db(SENTENCE, at_the_ear(np.zeros(10), 0)) < -55
