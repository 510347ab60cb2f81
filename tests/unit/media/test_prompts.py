# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue, the store and how counts are put together from prompts."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from firmware.errors import ConfigError
from firmware.media import prompts
from firmware.media.prompts import (
    LANGUAGES,
    PromptStore,
    catalogue,
    check_recording,
    digit_keys,
    known_keys,
    number_keys,
)


def record(
    path: Path, rate: int = 8000, channels: int = 1, width: int = 2, frames: int = 80
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setframerate(rate)
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.writeframes(bytes(frames * channels * width))
    return path


@pytest.fixture
def built(tmp_path: Path) -> Path:
    root = tmp_path / "built"
    for language in LANGUAGES:
        record(root / language / "greeting.wav")
    record(root / "common" / "beep.wav")
    return root


def test_every_text_exists_in_every_language() -> None:
    assert all(set(texts) == set(LANGUAGES) for texts in catalogue().values())


def test_texts_of_slavic_languages_use_their_letters() -> None:
    for texts in catalogue().values():
        assert not any("a" <= letter <= "z" for letter in (texts["ru"] + texts["uk"]).lower())


@pytest.mark.parametrize(
    "text", ['[greeting]\nen = "Hello."\n', '[greeting]\nen="a"\nru="b"\nuk="c"\npl=""\n']
)
def test_catalogue_with_a_gap_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap = tmp_path / "prompts.toml"
    gap.write_text(text, encoding="utf-8")
    monkeypatch.setattr(prompts, "CATALOGUE", gap)
    with pytest.raises(ConfigError, match=r"\[greeting\] needs one text each"):
        catalogue.__wrapped__()


@pytest.mark.parametrize(
    ("number", "keys"),
    [
        (0, ("digit_0",)),
        (7, ("digit_7",)),
        (10, ("number_10",)),
        (19, ("number_19",)),
        (40, ("number_40",)),
        (99, ("number_90", "digit_9")),
        (120, ("digit_1", "digit_2", "digit_0")),
    ],
)
def test_counts(number: int, keys: tuple[str, ...]) -> None:
    assert number_keys(number) == keys


def test_every_count_below_1000_is_made_of_known_prompts() -> None:
    assert {key for number in range(1000) for key in number_keys(number)} <= known_keys()


def test_negative_count_is_our_bug() -> None:
    with pytest.raises(ValueError, match="-1"):
        number_keys(-1)


def test_telephone_number_is_spoken_digit_by_digit() -> None:
    assert digit_keys("+7 (9)") == ("digit_plus", "digit_7", "digit_9")


def test_built_prompt_of_the_language(built: Path) -> None:
    assert PromptStore(built, "ru").path("greeting") == built / "ru" / "greeting.wav"


def test_sound_common_to_all_languages(built: Path) -> None:
    assert PromptStore(built, "pl").path("beep") == built / "common" / "beep.wav"


def test_recording_replaces_the_built_prompt(built: Path, tmp_path: Path) -> None:
    own = record(tmp_path / "recordings" / "uk" / "greeting.wav")
    assert PromptStore(built, "uk", tmp_path / "recordings").path("greeting") == own
    assert PromptStore(built, "en", tmp_path / "recordings").path("greeting").is_relative_to(built)


def test_recording_may_have_a_name_of_its_own(built: Path, tmp_path: Path) -> None:
    own = record(tmp_path / "recordings" / "common" / "spring_sale.wav")
    assert PromptStore(built, "en", tmp_path / "recordings").path("spring_sale") == own


def test_several_prompts_keep_their_order(built: Path) -> None:
    names = [path.stem for path in PromptStore(built, "en").paths(("beep", "greeting"))]
    assert names == ["beep", "greeting"]


def test_unknown_prompt_names_the_nearest(built: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'greeting'"):
        PromptStore(built, "en").path("greating")


def test_unknown_prompt_with_nothing_near(built: Path) -> None:
    with pytest.raises(ConfigError, match=r"no prompt 'zzzz' in language 'en'\.$"):
        PromptStore(built, "en").path("zzzz")


def test_prompt_that_was_not_built_says_what_to_do(built: Path) -> None:
    with pytest.raises(ConfigError, match="make prompts"):
        PromptStore(built, "en").path("closed")


@pytest.mark.parametrize("key", ["../en/greeting", ".hidden"])
def test_name_that_leaves_the_directory_is_refused(built: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="no slash"):
        PromptStore(built, "en").path(key)


def test_unknown_language(built: Path) -> None:
    with pytest.raises(ConfigError, match="'xx' is not spoken"):
        PromptStore(built, "xx")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"rate": 44100}, "44100 Hz"),
        ({"channels": 2}, "2 channels"),
        ({"width": 1}, "8 bits"),
        ({"frames": 0}, "holds no sound"),
    ],
)
def test_recording_of_a_wrong_form_is_refused(
    tmp_path: Path, form: dict[str, int], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_recording(record(tmp_path / "own.wav", **form))


@pytest.mark.parametrize("content", [b"", b"ID3\x04 not a wave file at all", b"RIFF"])
def test_file_that_is_not_wave_is_refused_with_the_cure(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.wav"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"not a linear PCM WAV.*sox own\.wav"):
        check_recording(path)


def test_unreadable_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        check_recording(tmp_path)


def test_recording_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = record(tmp_path / "recordings" / "en" / "greeting.wav")
    monkeypatch.setattr(prompts.wave, "open", lambda *_: own.with_name("gone").open("rb"))
    with pytest.raises(ConfigError, match="No such file"):
        PromptStore(tmp_path, "en", tmp_path / "recordings").path("greeting")
