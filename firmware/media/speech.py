# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the prompts' WAV files at set-up: espeak-ng speaks, sox resamples, we set the level.

Runs on a build machine or at set-up, never during a call; needs espeak-ng and sox. The result
holds one directory for each language and one for the sounds without words. A file is written
aside and renamed, so a running box never plays half a prompt.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware.media.prompts import COMMON, LANGUAGES, SAMPLE_RATE_HZ, catalogue
from firmware.media.tune import beep, hold_music

Samples = npt.NDArray[np.float64]  # int16 scale, not yet rounded

# ITU-T G.711: a full-scale sine is +3.14 dBm0 in A-law, so 0 dBm0 is this root mean square.
RMS_0_DBM0 = 32768 / np.sqrt(2) / 10 ** (3.14 / 20)
SPEECH_DBM0 = -15.0  # loud enough beside a live talker (about -20), 18 dB below overload
MUSIC_DBM0 = -24.0  # under a conversation's level, so that a waiting caller can think
BEEP_DBM0 = -13.0
PEAK_LIMIT = 31000.0  # leaves room for what mixing adds
FRAME = 160  # 20 ms, the grain in which speech is told from its pauses
PAUSE_DB = 30.0  # a frame this far under the loudest one is a pause
TAIL_S = 0.15  # silence after a prompt, so that two in a row do not run together


@dataclass(frozen=True)
class Voice:
    """How espeak-ng speaks one language."""

    name: str  # espeak-ng's name of the voice
    words_per_minute: int  # slower than its default of 175: a telephone line has no treble


VOICES = {
    "en": Voice("en-gb", 150),
    "ru": Voice("ru", 150),
    "uk": Voice("uk", 150),
    "pl": Voice("pl", 145),
}


def speak(text: str, voice: Voice) -> Samples:
    """One sentence at 8,000 Hz in the telephone band, at whatever level the voice has."""
    spoken = subprocess.run(
        ["espeak-ng", "--stdout", "-v", voice.name, "-s", str(voice.words_per_minute), text],
        check=True,
        capture_output=True,
    )
    # -D: no dither, so that the same text gives the same file. 200-3,400 Hz passes a line.
    shape = ["rate", "-v", str(SAMPLE_RATE_HZ), "highpass", "200", "lowpass", "3400"]
    line = ["sox", "-V1", "-D", "-G", "--ignore-length", "-t", "wav", "-"]
    form = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-"]
    heard = subprocess.run(
        [*line, *form, *shape], input=spoken.stdout, check=True, capture_output=True
    )
    return np.frombuffer(heard.stdout, dtype="<i2").astype(np.float64)


def frame_rms(samples: Samples) -> Samples:
    """Root mean square of each whole 20 ms frame."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)))


def active_rms(samples: Samples) -> float:
    """Root mean square over the frames that are not pauses: the level of the speech itself."""
    rms = frame_rms(samples)
    active = rms[rms > float(np.max(rms)) * 10 ** (-PAUSE_DB / 20)]
    return float(np.sqrt(np.mean(active**2)))


def trim(samples: Samples) -> Samples:
    """Cut the silence around the speech, keeping one frame on each side."""
    rms = frame_rms(samples)
    loud = np.flatnonzero(rms > float(np.max(rms)) * 10 ** (-PAUSE_DB / 20))
    return samples[max(0, loud[0] - 1) * FRAME : (loud[-1] + 2) * FRAME]


def at_level(samples: Samples, level_dbm0: float) -> Samples:
    """Scale to a speech level; peaks above the limit are pressed softly, not cut."""
    scaled = samples * (RMS_0_DBM0 * 10 ** (level_dbm0 / 20) / active_rms(samples))
    knee = PEAK_LIMIT / 2
    over = np.abs(scaled) > knee
    pressed = knee + (PEAK_LIMIT - knee) * np.tanh((np.abs(scaled) - knee) / (PEAK_LIMIT - knee))
    return np.asarray(np.where(over, np.sign(scaled) * pressed, scaled))


def write_wav(path: Path, samples: Samples) -> None:
    """Write 8,000 Hz mono 16-bit linear PCM, aside and then renamed."""
    aside = path.with_suffix(".new")
    with wave.open(str(aside), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(np.round(samples).astype("<i2").tobytes())
    os.replace(aside, path)


def build_language(root: Path, language: str) -> int:
    """Speak every text of one language into `root/language`; returns how many."""
    folder = root / language
    folder.mkdir(parents=True, exist_ok=True)
    tail = np.zeros(int(TAIL_S * SAMPLE_RATE_HZ))
    for key, texts in catalogue().items():
        spoken = trim(speak(texts[language], VOICES[language]))
        write_wav(folder / f"{key}.wav", np.concatenate([at_level(spoken, SPEECH_DBM0), tail]))
    return len(catalogue())


def build_common(root: Path) -> int:
    """Make the sounds without words; returns how many."""
    folder = root / COMMON
    folder.mkdir(parents=True, exist_ok=True)
    write_wav(folder / "hold_music.wav", at_level(hold_music(), MUSIC_DBM0))
    write_wav(folder / "beep.wav", at_level(beep(), BEEP_DBM0))
    return 2


def build(root: Path) -> int:
    """Make every prompt of every language under `root`; returns how many files."""
    return build_common(root) + sum(build_language(root, language) for language in LANGUAGES)


def main(arguments: list[str]) -> int:
    """`build DIR`: make all files; exit status 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m firmware.media.speech", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    order = commands.add_parser("build", help="speak every prompt into DIR")
    order.add_argument("directory", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        count = build(options.directory)
    except FileNotFoundError as error:
        parser.exit(1, f"prompts: {error.filename} is missing; install it: make setup\n")
    except subprocess.CalledProcessError as error:
        parser.exit(1, f"prompts: {error.cmd[0]} failed: {error.stderr.decode().strip()}\n")
    print(f"prompts: {count} files in {options.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
