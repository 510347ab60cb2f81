# SPDX-License-Identifier: GPL-2.0-or-later
"""The line echo canceller on the G.168 echo paths: how deep, how fast, and what must not upset it.

ERLE is echo power over residual power with the non-linear processor off, over A-law unless said
otherwise; A-law's own distortion limits it to 35..38 dB. Numbers of tests are those of G.168.
"""

from __future__ import annotations

import subprocess
import time
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.native.g168 import RATE, Signal, css, dbm0, echo, noise, rms_of, tone

BLOCK = 80
MODELS = range(1, 9)
FAR = -15.0  # dBm0
SENTENCE = "The quick brown fox jumps over the lazy dog, and the office opens at nine."


class Canceller:
    """One channel; signals are in 16-bit units."""

    def __init__(self, units: SimpleNamespace, tail_ms: int = 32, nlp: bool = False) -> None:
        self._units = units
        self._c = units.ffi.gc(units.lib.tr_echo_create(tail_ms), units.lib.tr_echo_destroy)
        units.lib.tr_echo_set_nlp(self._c, nlp)
        self._past = np.zeros(2000)  # what is still on its way round the line

    def call(
        self, far: Signal, model: int, erl_db: float, talker: Signal | float = 0.0
    ) -> tuple[Signal, Signal]:
        """Far and near end on a line: its echo, and what comes out."""
        sent = np.concatenate([self._past, far])
        returned = echo(sent, model, erl_db)[len(self._past) :]
        self._past = sent[-len(self._past) :]
        return returned, self.run(far, returned + talker)

    def run(self, far: Signal, near: Signal, law: bool = True) -> Signal:
        """What comes out; with ``law`` both signals pass A-law first."""
        sent, heard = self._samples(far, law), self._samples(near, law)
        out = np.zeros(len(heard), np.int16)
        pointer = self._units.ffi.from_buffer
        for at in range(0, len(out) - BLOCK + 1, BLOCK):
            part = slice(at, at + BLOCK)
            self._units.lib.tr_echo_process(
                self._c,
                pointer("int16_t[]", sent[part]),
                pointer("int16_t[]", heard[part]),
                pointer("int16_t[]", out[part], require_writable=True),
                BLOCK,
            )
        return out.astype(float)

    def _samples(self, signal: Signal, law: bool) -> np.ndarray:
        samples = np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
        if law:
            codes = np.zeros(len(samples), np.uint8)
            cast, lib = self._units.ffi.cast, self._units.lib
            audio = cast("int16_t *", samples.ctypes.data)
            octets = cast("uint8_t *", codes.ctypes.data)
            lib.tr_alaw_encode(audio, octets, len(codes))
            lib.tr_alaw_decode(octets, audio, len(codes))
        return samples

    def adapt(self, on: bool) -> None:
        self._units.lib.tr_echo_set_adapt(self._c, on)

    def reset(self) -> None:
        self._units.lib.tr_echo_reset(self._c)

    def report(self) -> tuple[float, float]:
        """ERL and ERLE as the canceller tells them, dB."""
        report = self._units.ffi.new("tr_echo_report *")
        self._units.lib.tr_echo_stats(self._c, report)
        return report.erl_db, report.erle_db


def erle(near: Signal, out: Signal) -> float:
    return dbm0(near) - dbm0(out)


def last(signal: Signal, seconds: float) -> Signal:
    return signal[-int(seconds * RATE) :]


def converged(units: SimpleNamespace, model: int = 3, seconds: float = 4.0) -> Canceller:
    canceller = Canceller(units)
    canceller.call(css(seconds, FAR), model, 10.0)
    return canceller


def settled(canceller: Canceller, model: int = 3, seconds: float = 0.7) -> float:
    """ERLE of the next CSS alone."""
    near, out = canceller.call(css(seconds, FAR), model, 10.0)
    return erle(near, out)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Signal:
    """A spoken sentence at 8 kHz and FAR level."""
    path: Path = tmp_path_factory.mktemp("speech") / "said.wav"
    subprocess.run(["espeak-ng", "-v", "en", "-w", str(path), SENTENCE], check=True)
    with wave.open(str(path)) as file:
        rate, samples = file.getframerate(), file.readframes(file.getnframes())
    spoken = np.frombuffer(samples, np.int16).astype(float)
    spectrum = np.fft.rfft(spoken)
    size = round(len(spoken) * RATE / rate)
    narrow = np.fft.irfft(spectrum[: size // 2 + 1], size)
    return np.asarray(narrow * (rms_of(FAR) / np.sqrt(np.mean(narrow**2))))


# ------------------------------------------------------------------ depth and speed


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("erl_db", [6.0, 12.0])
def test_2b_convergence_on_css(units: SimpleNamespace, model: int, erl_db: float) -> None:
    far = css(6.0, FAR)
    near = echo(far, model, erl_db)
    out = Canceller(units).run(far, near)
    first_second = slice(RATE, RATE + 2800)
    assert erle(near[first_second], out[first_second]) > 25
    assert erle(last(near, 2.8), last(out, 2.8)) > 30


@pytest.mark.parametrize("model", MODELS)
def test_convergence_on_speech(units: SimpleNamespace, speech: Signal, model: int) -> None:
    far = np.tile(speech, 2)
    near = echo(far, model, 8.0)
    out = Canceller(units).run(far, near)
    assert erle(near[len(speech) :], out[len(speech) :]) > 25


@pytest.mark.parametrize("level", [-30.0, -20.0, -5.0])
def test_levels(units: SimpleNamespace, level: float) -> None:
    far = css(6.0, level)
    near = echo(far, 2, 8.0)
    out = Canceller(units).run(far, near)
    assert erle(last(near, 2.8), last(out, 2.8)) > (24 if level == -30.0 else 30)


@pytest.mark.parametrize(("tail_ms", "delay"), [(16, 0), (64, 200), (128, 480)])
def test_tails_with_delay_inside(units: SimpleNamespace, tail_ms: int, delay: int) -> None:
    far = css(6.0, FAR)
    near = echo(far, 1, 8.0, delay)
    out = Canceller(units, tail_ms).run(far, near)
    assert erle(last(near, 2.8), last(out, 2.8)) > 28


def test_depth_without_a_codec(units: SimpleNamespace) -> None:
    far = css(8.0, FAR)
    near = echo(far, 4, 8.0)
    out = Canceller(units).run(far, near, law=False)
    assert erle(last(near, 2.8), last(out, 2.8)) > 45


def test_2b_path_change(units: SimpleNamespace) -> None:
    near, out = converged(units, 2).call(css(3.0, FAR), 5, 9.0)
    assert erle(last(near, 1.4), last(out, 1.4)) > 25


# ------------------------------------------------------------------ what must not upset it


@pytest.mark.parametrize("relative_db", [-6.0, 0.0, 6.0])
def test_3b_double_talk(units: SimpleNamespace, relative_db: float) -> None:
    canceller = converged(units)
    canceller.call(css(5.0, FAR), 3, 10.0, css(5.0, FAR + relative_db, double=True))
    assert settled(canceller) > 28


def test_speech_double_talk(units: SimpleNamespace, speech: Signal) -> None:
    canceller = Canceller(units)
    canceller.call(np.tile(speech, 2), 3, 10.0)
    canceller.call(speech, 3, 10.0, np.roll(speech, 9000))
    near, out = canceller.call(speech, 3, 10.0)
    assert erle(near, out) > 25


@pytest.mark.parametrize(
    "hertz", [(697,), (1633,), (425,), (697, 1209), (941, 1633), (350, 440), (2100,)]
)
def test_6_tones_and_digits(units: SimpleNamespace, hertz: tuple[float, ...]) -> None:
    canceller = converged(units)
    canceller.call(tone(5.0, -11.0, *hertz), 3, 10.0)
    assert settled(canceller) > 28


@pytest.mark.parametrize("hertz", [(425,), (1000,), (350, 440)])
def test_7_a_tone_from_the_start(units: SimpleNamespace, hertz: tuple[float, ...]) -> None:
    """Dial tone is the first thing a line hears: it is cancelled, and speech learnt as fast."""
    canceller = Canceller(units)
    _, out = canceller.call(tone(10.0, FAR, *hertz), 3, 10.0)
    assert dbm0(last(out, 1.0)) < FAR * 5 / 6 - 30
    canceller.call(css(1.0, FAR), 3, 10.0)
    assert settled(canceller) > 28


def test_near_end_tone_over_far_speech(units: SimpleNamespace, speech: Signal) -> None:
    """A caller presses keys while the prompt plays: the digit passes, the filter holds."""
    canceller = Canceller(units)
    canceller.call(np.tile(speech, 2), 3, 10.0)
    keys = np.resize(tone(1.0, -9.0, 770, 1336), len(speech))
    _, out = canceller.call(speech, 3, 10.0, keys)
    assert abs(dbm0(out) - dbm0(keys)) < 0.5
    near, out = canceller.call(speech, 3, 10.0)
    assert erle(near, out) > 25


def test_5a_no_phantom_echo_when_the_path_opens(units: SimpleNamespace) -> None:
    canceller = converged(units)
    far = css(2.0, -10.0)
    out = canceller.run(far, np.zeros(len(far)))
    assert dbm0(last(out, 1.0)) < -60


def test_4_silence_does_not_wear_the_filter(units: SimpleNamespace) -> None:
    canceller = converged(units)
    canceller.call(np.zeros(30 * RATE), 3, 10.0, noise(30.0, -65.0))
    assert settled(canceller) > 30


def test_clipping_is_survived(units: SimpleNamespace) -> None:
    canceller = Canceller(units)
    loud = css(5.0, 0.0) * 3
    canceller.run(loud, echo(np.clip(loud, -32768, 32767), 3, 6.0) * 2)
    canceller.run(np.zeros(800), np.zeros(800))
    canceller.call(css(3.0, FAR), 3, 10.0)
    assert settled(canceller) > 28


@pytest.mark.parametrize("ppm", [-200, 200])
def test_drift_between_the_clocks_never_makes_it_worse(units: SimpleNamespace, ppm: int) -> None:
    """Both directions of a card share one clock, so this is a fault; it ends with the drift."""
    canceller = Canceller(units)
    far = css(12.0, FAR)
    place = np.arange(len(far)) * (1 + ppm * 1e-6)
    near = np.interp(place, np.arange(len(far)), echo(far, 3, 10.0))
    out = canceller.run(far, near)
    assert erle(last(near, 2.8), last(out, 2.8)) > 0
    canceller.run(np.zeros(800), np.zeros(800))
    canceller.call(css(3.0, FAR), 3, 10.0)
    assert settled(canceller) > 28


# ------------------------------------------------------------------ non-linear processor


def test_2a_with_nlp_the_echo_is_gone(units: SimpleNamespace) -> None:
    far = css(6.0, FAR)
    near = echo(far, 3, 8.0)
    out = Canceller(units, nlp=True).run(far, near)
    assert erle(last(near, 2.8), last(out, 2.8)) > 35
    assert dbm0(last(out, 2.8)) < -58


@pytest.mark.parametrize("level", [-15.0, -25.0, -35.0])
def test_near_end_alone_passes(units: SimpleNamespace, speech: Signal, level: float) -> None:
    canceller = Canceller(units, nlp=True)
    canceller.call(css(4.0, FAR), 3, 10.0)
    talker = speech * 10 ** ((level - FAR) / 20)
    _, out = canceller.call(np.zeros(len(speech)), 3, 10.0, talker)
    assert abs(dbm0(out) - dbm0(talker)) < 0.5


def test_near_end_is_not_cut_in_double_talk(units: SimpleNamespace, speech: Signal) -> None:
    canceller = Canceller(units, nlp=True)
    canceller.call(np.tile(speech, 2), 3, 10.0)
    talker = np.roll(speech, 9000)
    _, out = canceller.call(speech, 3, 10.0, talker)
    frames = len(talker) // 160
    said, heard = (signal[: frames * 160].reshape(frames, 160) for signal in (talker, out))
    power = (said**2).sum(axis=1)
    loud = power > power.max() * 1e-2
    gain = (said * heard).sum(axis=1)[loud] / power[loud]
    assert np.mean(gain < 0.5) < 0.03


def test_9_comfort_noise_is_as_loud_as_the_line(units: SimpleNamespace) -> None:
    canceller = Canceller(units, nlp=True)
    hiss = noise(8.0, -50.0)
    far = np.concatenate([np.zeros(3 * RATE), css(5.0, FAR)])
    out = canceller.run(far, echo(far, 3, 10.0) + hiss, law=False)
    assert abs(dbm0(last(out, 2.1)) - -50.0) < 3


# ------------------------------------------------------------------ control and cost


def test_frozen_filter_and_reset(units: SimpleNamespace) -> None:
    canceller = converged(units)
    canceller.adapt(False)
    near, out = canceller.call(css(2.0, FAR), 7, 6.0)
    assert erle(near, out) < 6
    assert settled(canceller) > 28
    canceller.reset()
    near, out = canceller.call(css(1.0, FAR), 3, 10.0)
    assert erle(near, out) == pytest.approx(0.0, abs=0.1)


def test_report(units: SimpleNamespace) -> None:
    erl_db, erle_db = converged(units).report()
    assert 8 < erl_db < 12
    assert erle_db > 25
    assert Canceller(units).report() == (0.0, 0.0)


def test_cost(units: SimpleNamespace) -> None:
    """150 ns a sample is 1,200 microseconds a second: 1/800 of a core for a line."""
    far = css(20.0, FAR)
    near = echo(far, 3, 10.0)
    canceller = Canceller(units, nlp=True)
    sent, heard = canceller._samples(far, False), canceller._samples(near, False)
    cast = units.ffi.cast
    best = np.inf
    for at in range(0, len(sent) - RATE + 1, RATE):
        began = time.thread_time_ns()
        for block in range(at, at + RATE, BLOCK):
            pointer = cast("int16_t *", heard.ctypes.data + 2 * block)
            reference = cast("int16_t *", sent.ctypes.data + 2 * block)
            units.lib.tr_echo_process(canceller._c, reference, pointer, pointer, BLOCK)
        best = min(best, (time.thread_time_ns() - began) / RATE)
    assert best < 150
