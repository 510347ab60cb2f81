# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes out of the build: form, level, length. Speaks a few texts for real."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from firmware.media import speech
from firmware.media.prompts import PromptStore, check_recording
from firmware.media.speech import PEAK_LIMIT, RMS_0_DBM0, VOICES, active_rms, at_level, speak, trim
from firmware.media.tune import beep, hold_music

TEXTS = {
    "greeting": {
        "en": "Good morning.",
        "ru": "Доброе утро.",
        "uk": "Доброго ранку.",
        "pl": "Witamy.",
    }
}


def level_dbm0(samples: speech.Samples) -> float:
    return float(20 * np.log10(active_rms(samples) / RMS_0_DBM0))


def test_0_dbm0_is_3_14_db_under_a_full_scale_sine() -> None:
    sine = 32768 * np.sin(2 * np.pi * 1000 / 8000 * np.arange(8000))
    assert level_dbm0(sine) == pytest.approx(3.14, abs=0.01)


@pytest.mark.parametrize("language", sorted(VOICES))
def test_speech_has_its_level_and_does_not_overload(language: str) -> None:
    spoken = at_level(trim(speak(TEXTS["greeting"][language], VOICES[language])), -15.0)
    assert level_dbm0(spoken) == pytest.approx(-15.0, abs=0.5)
    assert np.abs(spoken).max() <= PEAK_LIMIT
    assert 0.3 < len(spoken) / 8000 < 3.0


def test_same_text_gives_the_same_sound() -> None:
    first, second = (speak("once more", VOICES["en"]) for _ in range(2))
    assert np.array_equal(first, second)


def test_trim_cuts_the_silence_and_nothing_else() -> None:
    tone = 1000 * np.sin(2 * np.pi * 400 / 8000 * np.arange(1600))
    silence = np.zeros(1600)
    trimmed = trim(np.concatenate([silence, tone, silence]))
    assert np.array_equal(trimmed, np.concatenate([silence[:160], tone, silence[:160]]))


def test_loud_peaks_are_pressed_below_the_limit() -> None:
    peaky = np.zeros(1600)
    peaky[::160] = 1000.0
    assert np.abs(at_level(peaky, 0.0)).max() < PEAK_LIMIT


def test_hold_music_has_no_gap_where_it_begins_again() -> None:
    tune = hold_music()
    around = np.concatenate([tune[-4000:], tune[:4000]])
    steps = np.abs(np.diff(around))
    assert steps[3999] <= steps.max()
    assert speech.frame_rms(around).min() > 0.02 * speech.frame_rms(tune).max()


def test_hold_music_stays_below_the_dtmf_band() -> None:
    tune = hold_music()
    spectrum = np.abs(np.fft.rfft(tune)) ** 2
    hertz = np.fft.rfftfreq(len(tune), 1 / 8000)
    assert spectrum[hertz > 690].sum() < 0.05 * spectrum.sum()


def test_beep_is_1000_hz_and_starts_softly() -> None:
    tone = beep()
    assert np.argmax(np.abs(np.fft.rfft(tone))) / len(tone) * 8000 == pytest.approx(1000, abs=3)
    assert abs(tone[0]) < 0.01


def test_build_makes_every_language_and_leaves_nothing_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speech, "catalogue", lambda: TEXTS)
    assert speech.main(["build", str(tmp_path)]) == 0
    assert "6 files" in capsys.readouterr().out
    for language in VOICES:
        check_recording(PromptStore(tmp_path, language).path("greeting"))
    with wave.open(str(PromptStore(tmp_path, "en").path("hold_music"))) as music:
        assert 20 < music.getnframes() / 8000 < 60
    assert not list(tmp_path.rglob("*.new"))


def test_missing_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as left:
        speech.main(["build", str(tmp_path)])
    assert left.value.code == 1
    assert "espeak-ng is missing; install it: make setup" in capsys.readouterr().err


def test_program_that_fails_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\necho no such voice >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        speech.main(["build", str(tmp_path)])
    assert "espeak-ng failed: no such voice" in capsys.readouterr().err


def test_command_line_names_its_commands() -> None:
    told = subprocess.run(
        [sys.executable, "-m", speech.__name__, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "build" in told.stdout
