# SPDX-License-Identifier: GPL-2.0-or-later
"""Tones, keys and caller ID: what the simulator makes, and what it recognises."""

from __future__ import annotations

import numpy as np
import pytest

from board.sim.callerid import MODULATIONS, decode, demodulate, encode, modulate
from board.sim.dtmf import DtmfReceiver
from board.sim.levels import FLOOR_DBM0, gain, level_dbm0, peak_at, rms_at
from board.sim.recogniser import recognise
from board.sim.tones import COUNTRIES, DTMF_KEYS, Tone, dtmf
from board.sim.voices import speak_text
from firmware.lines.countries import COUNTRIES as BOX_COUNTRIES
from firmware.values import Tone as BoxTone
from firmware.values import ToneName

NAMES = {
    "dial": ToneName.DIAL,
    "stutter": ToneName.STUTTER_DIAL,
    "ringback": ToneName.RINGBACK,
    "busy": ToneName.BUSY,
    "congestion": ToneName.CONGESTION,
    "howler": ToneName.HOWLER,
}


def noise(count: int, level: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, rms_at(level), count)


def on_a_line(sound: np.ndarray) -> np.ndarray:
    """As it comes out of 4 dB of loss and -62 dBm0 of noise."""
    return np.rint(sound * gain(-4) + noise(len(sound), -62)).astype(np.int16)


def render_box_tone(tone: BoxTone, count: int) -> np.ndarray:
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < count:
        for segment in tone.segments:
            time_s = np.arange((segment.on_ms or 10_000) * 8) / 8000
            sound = np.zeros(len(time_s))
            for frequency in segment.frequencies_hz:
                sound += peak_at(segment.level_dbm0) * np.sin(2 * np.pi * frequency * time_s)
            pieces += [sound, np.zeros(segment.off_ms * 8)]
    return np.concatenate(pieces)[:count]


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("name", NAMES)
def test_box_tone_is_recognised(country: str, name: str) -> None:
    tone = BOX_COUNTRIES[country].tones[NAMES[name]]
    sound = on_a_line(np.concatenate((np.zeros(400), render_box_tone(tone, 64_000))))
    for end in range(2600 * 8, len(sound), 1111):
        assert recognise(sound[:end], COUNTRIES[country]) == name, f"after {end / 8} ms"


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("name", ["dial", "ringback", "busy", "congestion"])
def test_exchange_tone_is_recognised(country: str, name: str) -> None:
    tone: Tone = getattr(COUNTRIES[country], name)
    sound = on_a_line(np.concatenate((noise(8000, -60), tone.render(0, 56_000))))
    for end in range(3600 * 8, len(sound), 1111):
        assert recognise(sound[:end], COUNTRIES[country]) == name, f"after {end / 8} ms"


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("lang", ["en", "uk"])
def test_speech_is_no_tone(country: str, lang: str) -> None:
    words = speak_text("Good morning. One, two, three, four: I would like to order a pump.", lang)
    sound = np.concatenate((words, words))
    for end in range(8000, len(sound), 1000):
        assert recognise(sound[:end], COUNTRIES[country]) == "speech"


def test_silence_and_foreign_tone() -> None:
    country = COUNTRIES["UA"]
    assert recognise(np.zeros(0, np.int16), country) == "silence"
    assert recognise(on_a_line(np.zeros(16_000)), country) == "silence"
    assert recognise(on_a_line(Tone((1000.0,)).render(0, 16_000)), country) == "tone"


def test_ringback_that_began_before_one_listened() -> None:
    sound = on_a_line(COUNTRIES["UA"].ringback.render(400, 16_000))  # 50 ms of it are missed
    assert recognise(sound, COUNTRIES["UA"]) == "ringback"


def test_busy_is_heard_after_speech() -> None:
    words = speak_text("Good bye then.", "en").astype(float)
    sound = on_a_line(np.concatenate((words, COUNTRIES["PL"].busy.render(0, 24_000))))
    assert recognise(sound, COUNTRIES["PL"]) == "busy"


@pytest.mark.parametrize(("on_ms", "off_ms"), [(50, 50), (80, 80), (200, 60)])
def test_keys_are_received(on_ms: int, off_ms: int) -> None:
    digits = DTMF_KEYS + "1199"
    sound = dtmf(digits, on_ms, off_ms)
    sound = on_a_line(np.concatenate((np.zeros(37), sound, np.zeros(123))))
    receiver = DtmfReceiver()
    blocks = (sound[at : at + 80] for at in range(0, len(sound) - 79, 80))
    assert "".join(map(receiver.feed, blocks)) == digits


def test_dial_tone_is_no_key() -> None:
    sound = Tone((350.0, 440.0)).render(0, 8000)
    receiver = DtmfReceiver()
    assert not any(receiver.feed(sound[at : at + 80]) for at in range(0, 8000, 80))


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not a key"):
        dtmf("12x")


@pytest.mark.parametrize("standard", MODULATIONS)
@pytest.mark.parametrize("level", [-9.0, -20.0, -32.0])
@pytest.mark.parametrize("snr_db", [40.0, 14.0])
def test_caller_id_round_trip(standard: str, level: float, snr_db: float) -> None:
    message = encode("0671234567", "ANNA K", "11220715")
    burst = modulate(message, standard, level)
    for shift in range(7):
        sound = np.concatenate((np.zeros(3000 + shift), burst, np.zeros(4000)))
        sound += noise(len(sound), level - snr_db, shift)
        assert demodulate(sound.astype(np.float32), standard) == message
    assert decode(message) == {"date": "11220715", "number": "0671234567", "name": "ANNA K"}


def test_absent_number_has_a_reason() -> None:
    assert decode(encode("private", "", "01010000")) == {"date": "01010000", "absence": "private"}
    shown = decode(encode("", "", "01010000"))
    assert shown is not None
    assert shown["absence"] == "unavailable"


def test_damaged_messages_are_not_shown() -> None:
    message = encode("101", "", "01010000")
    for place in range(len(message)):
        damaged = bytearray(message)
        damaged[place] ^= 0x10
        assert decode(bytes(damaged)) is None
    assert demodulate(noise(40_000, -20).astype(np.float32), "v23") is None


def test_levels() -> None:
    sine = 32_768 * np.sin(2 * np.pi * 1000 / 8000 * np.arange(8000))
    assert level_dbm0(sine.astype(np.float32)) == pytest.approx(3.14, abs=0.01)
    assert level_dbm0(np.zeros(10, np.int16)) == FLOOR_DBM0
    assert level_dbm0(np.zeros(0, np.int16)) == FLOOR_DBM0
