# SPDX-License-Identifier: GPL-2.0-or-later
"""The prompts: which sentences exist, and which WAV file holds one.

`prompts.toml` beside this file is the only list of sentences. `firmware.media.speech` makes
a WAV file of each at set-up (`python -m firmware.media.speech build DIR`); an office replaces
any of them by putting a recording of the same name into its recordings directory. Driven by
the voicemail, the call machine's dispatcher and the office check; plain file access, blocks
for a stat and the header of one file.
"""

from __future__ import annotations

import difflib
import tomllib
import wave
from functools import cache
from pathlib import Path

from firmware.errors import ConfigError

LANGUAGES = ("en", "ru", "uk", "pl")
COMMON = "common"  # directory of sounds that are the same in every language
SOUNDS = ("hold_music", "beep")  # made, not spoken; live in COMMON
SAMPLE_RATE_HZ = 8000
INSTALLED = Path("/usr/share/tipring/prompts")
CATALOGUE = Path(__file__).with_name("prompts.toml")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Texts by key and language; raises ConfigError when a text is missing or empty."""
    texts: dict[str, dict[str, str]] = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    for key, by_language in texts.items():
        if set(by_language) != set(LANGUAGES) or not all(by_language.values()):
            raise ConfigError(f"{CATALOGUE.name}: [{key}] needs one text each in {LANGUAGES}.")
    return texts


def default_root() -> Path:
    """Folder of the built prompts: the image's, or this source tree's."""
    built = Path(__file__).resolve().parents[2] / "build/prompts"
    return INSTALLED if INSTALLED.is_dir() else built


def known_keys() -> frozenset[str]:
    """Every key that PromptStore.path accepts without a recording of that name."""
    return frozenset(catalogue()) | frozenset(SOUNDS)


def digit_keys(digits: str) -> tuple[str, ...]:
    """Keys that speak a telephone number digit by digit; signs that are not spoken drop out."""
    names = {"+": "plus"} | {digit: digit for digit in "0123456789"}
    return tuple(f"digit_{names[sign]}" for sign in digits if sign in names)


def number_keys(number: int) -> tuple[str, ...]:
    """Keys that speak a count: as a numeral below 100, digit by digit from there."""
    if number < 0:
        raise ValueError(f"a count is not negative: {number}")
    if number < 10 or number > 99:
        return digit_keys(str(number))
    if number <= 20 or number % 10 == 0:
        return (f"number_{number}",)
    return (f"number_{number - number % 10}", f"digit_{number % 10}")


def check_recording(path: Path) -> None:
    """Refuse, with the reason and the mending command, a file the engine cannot play."""
    cure = f"Convert it: sox {path.name} -r {SAMPLE_RATE_HZ} -c 1 -b 16 -e signed new.wav"
    try:
        with wave.open(str(path), "rb") as sound:
            form = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth() * 8)
            frames = sound.getnframes()
    except (wave.Error, EOFError) as error:
        raise ConfigError(f"{path}: not a linear PCM WAV file ({error}). {cure}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from None
    if form != (SAMPLE_RATE_HZ, 1, 16):
        raise ConfigError(f"{path}: {form[0]} Hz, {form[1]} channels, {form[2]} bits. {cure}")
    if not frames:
        raise ConfigError(f"{path}: holds no sound. Record it again.")


class PromptStore:
    """Finds the file of a prompt: the office's recording if there is one, else the built one."""

    def __init__(self, root: Path, language: str, recordings: Path | None = None) -> None:
        """`root` is the build's directory; `recordings/<language>/<key>.wav` replaces.

        Raises ConfigError for a language that the box does not speak.
        """
        if language not in LANGUAGES:
            raise ConfigError(f"Language {language!r} is not spoken; choose one of {LANGUAGES}.")
        self._language = language
        self._built = (root / language, root / COMMON)
        self._recorded = () if recordings is None else (recordings / language, recordings / COMMON)

    def path(self, key: str) -> Path:
        """The WAV file (8,000 Hz, mono, 16 bit) of `key`; ConfigError if there is none."""
        if "/" in key or key.startswith("."):
            raise ConfigError(f"Prompt {key!r}: a name has no slash and no leading dot.")
        for folder in self._recorded:
            if (recording := folder / f"{key}.wav").exists():
                check_recording(recording)
                return recording
        for folder in self._built:
            if (built := folder / f"{key}.wav").exists():
                return built
        raise ConfigError(self._why_missing(key))

    def paths(self, keys: tuple[str, ...]) -> tuple[Path, ...]:
        """The files of several prompts, to be played one after the other."""
        return tuple(self.path(key) for key in keys)

    def _why_missing(self, key: str) -> str:
        if key in known_keys():
            return (
                f"Prompt {key!r} has no file in {self._built[0]}. Build the prompts: make prompts"
            )
        near = difflib.get_close_matches(key, known_keys(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"There is no prompt {key!r} in language {self._language!r}.{hint}"
