# SPDX-License-Identifier: GPL-2.0-or-later
"""Voices of the simulated callers: sentences spoken by espeak-ng, kept as telephone sound."""

from __future__ import annotations

import hashlib
import os
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from board.sim.audio import RATE_HZ
from board.sim.levels import Floats, gain, level_dbm0
from board.sim.wavefile import read_wav, write_wav

CACHE = Path(__file__).parents[2] / "build" / "voices"
SPEECH_DBM0 = -20.0  # mean level of talkers at a telephone exchange
BAND_HZ = (200.0, 3600.0)
SILENCE_SHARE = 0.02  # of the peak; trimmed at both ends

Samples = npt.NDArray[np.int16]


def speak_text(text: str, lang: str = "en", cache: Path = CACHE) -> Samples:
    """The sentence as int16 at 8,000 Hz and -20 dBm0.

    ``lang`` is any espeak-ng voice: "en", "ru", "uk", "pl", also with a variant as "en+f3".
    Blocks for a tenth of a second the first time; RuntimeError with espeak-ng's own words.
    """
    key = hashlib.sha256(f"{lang}\n{text}".encode()).hexdigest()[:16]
    path = cache / f"{key}.wav"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        samples = _telephone_sound(
            *_synthesise(text, lang, path.with_suffix(f".{os.getpid()}.wav"))
        )
        part = path.with_suffix(f".{os.getpid()}.part")
        write_wav(part, samples)
        part.replace(path)  # two callers may speak the same sentence for the first time
    return read_wav(path)


def _synthesise(text: str, lang: str, path: Path) -> tuple[Samples, int]:
    command = ["espeak-ng", "-v", lang, "-w", str(path), "--", text]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode or not path.exists():
        raise RuntimeError(f"espeak-ng cannot speak {lang!r}: {result.stderr.strip()}")
    with wave.open(str(path), "rb") as file:
        rate_hz = file.getframerate()
        data = file.readframes(file.getnframes())
    path.unlink(missing_ok=True)
    return np.frombuffer(data, "<i2").astype(np.int16), rate_hz


def _telephone_sound(samples: Samples, rate_hz: int) -> Samples:
    """Resample by cutting the spectrum, limit the band, trim silence, set the level."""
    seconds = len(samples) / rate_hz
    spectrum = np.fft.rfft(samples.astype(np.float64))
    count = int(seconds * RATE_HZ)
    spectrum = spectrum[: count // 2 + 1].copy()
    frequencies = np.arange(len(spectrum)) / seconds
    spectrum[(frequencies < BAND_HZ[0]) | (frequencies > BAND_HZ[1])] = 0
    sound: Floats = np.fft.irfft(spectrum, count).astype(np.float32)
    loud = np.flatnonzero(np.abs(sound) > SILENCE_SHARE * np.max(np.abs(sound)))
    sound = sound[loud[0] : loud[-1] + 1]
    sound = (sound * gain(SPEECH_DBM0 - level_dbm0(sound))).astype(np.float32)
    return np.asarray(np.clip(np.rint(sound), -32767, 32767), np.int16)
