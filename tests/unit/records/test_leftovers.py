# SPDX-License-Identifier: GPL-2.0-or-later
"""Unfinished recordings at the exchange's start: old ones go, one that is written to stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.records.leftovers import LEFT_S, remove_leftovers

NOW_S = 1_800_000_000.0


def recording(folder: Path, name: str, age_s: float) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(b"RIFF")
    os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return path


def test_only_old_unfinished_recordings_go(tmp_path: Path) -> None:
    old = recording(tmp_path / "201", "a.wav.part", LEFT_S + 1)
    of_somebody_gone = recording(tmp_path / "999", "b.wav.part", 30 * LEFT_S)
    living = recording(tmp_path / "201", "c.wav.part", 0.5)
    before_the_clock_was_set = recording(tmp_path / "201", "d.wav.part", -LEFT_S)
    message = recording(tmp_path / "201", "e.wav", 30 * LEFT_S)
    assert remove_leftovers(tmp_path, NOW_S) == 2
    assert not old.exists() and not of_somebody_gone.exists()
    assert living.exists() and before_the_clock_was_set.exists() and message.exists()
    assert remove_leftovers(tmp_path, NOW_S) == 0


def test_what_cannot_be_removed_is_logged_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn = tmp_path / "201" / "folder.part"
    stubborn.mkdir(parents=True)
    os.utime(stubborn, (0, 0))
    old = recording(tmp_path / "202", "a.wav.part", LEFT_S + 1)
    assert remove_leftovers(tmp_path, NOW_S) == 1
    assert not old.exists() and stubborn.exists()
    assert "stays" in caplog.text


def test_no_folder_is_no_fault(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "nowhere", NOW_S) == 0
