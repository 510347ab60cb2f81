# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong office files and unusable sounds: refused with every sentence before anything starts."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from board.demo.office import OFFICES
from board.demo.stage import PROJECT
from tests.scenario.scene import LONG_S, MONDAY, Scene

OFFICE, AT = "r1", MONDAY
CHANGES = {r'^language = ".*"$': 'language = "uk"\nrecordings = "recordings"'}
REFUSED, FOUND = 2, 1
WRONG = {
    'kind = "fxs"\ncard = "card1"\nport = "FXS2"': 'kind = "fxs"\ncard = "card2"\nport = "FXS2"',
    'strategy = "ring-all"': 'strategy = "ring-al"',
    'closed = "message"': 'closed = "mesage"',
}
SENTENCES = ("card2", "ring-al", "mesage")


def test_exchange_refuses_a_wrong_office(tmp_path: Path) -> None:
    """Three mistakes are three sentences with their lines; nothing was made or opened."""
    office = _wrong(tmp_path)
    run = _tipring("exchange", office, *_places(tmp_path))
    assert run.returncode == REFUSED, run
    lines = run.stderr.splitlines()
    for word in SENTENCES:
        (sentence,) = (line for line in lines if f'"{word}"' in line)
        assert f"{office}:" in sentence, sentence
    assert {path.name for path in tmp_path.iterdir()} == {office.name}


def test_run_refuses_a_wrong_office(tmp_path: Path) -> None:
    """Nor does it start its children again and again."""
    office = _wrong(tmp_path)
    run = _tipring("run", office, *_places(tmp_path))
    assert run.returncode == REFUSED, run
    assert {path.name for path in tmp_path.iterdir()} == {office.name}


@pytest.mark.parametrize("kind", ["no sound file", "stereo", "empty", "folder"])
def test_recording_that_cannot_be_played_is_refused(tmp_path: Path, kind: str) -> None:
    """The check names the file and how to mend it."""
    office = _with_recordings(tmp_path)
    recording = tmp_path / "recordings/uk/greeting.wav"
    _make(recording, kind)
    check = _tipring("check", office, "--json")
    assert check.returncode == FOUND, check
    assert "greeting.wav" in check.stdout + check.stderr
    assert "Traceback" not in check.stderr
    assert _tipring("exchange", office, *_places(tmp_path)).returncode == REFUSED


def test_recording_that_can_be_played_is_taken(tmp_path: Path) -> None:
    """The counterpart of the refusals above."""
    office = _with_recordings(tmp_path)
    _make(tmp_path / "recordings/uk/greeting.wav", "good")
    check = _tipring("check", office, "--json")
    assert check.returncode == 0, check
    assert json.loads(check.stdout)


@pytest.mark.asyncio(loop_scope="module")
async def test_prompt_that_vanished(scene: Scene) -> None:
    """A recording is taken away while the box runs: an alarm, and the caller goes on."""
    line = scene.line(1)
    recording = scene.stage.run_dir / "recordings/uk/greeting.wav"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"no sound at all")
    await line.call("0501234567")
    await line.wait_answered(LONG_S)
    assert "greeting" in await scene.alarm("prompt:greeting")
    await scene.line_is("FXS1", "ringing")
    await line.hang_up("loop-drop")
    await scene.records(1)
    _make(recording, "good")
    await line.released(LONG_S)
    await line.call("0501234567")
    await line.wait_answered(LONG_S)
    await scene.no_alarm("prompt:greeting")
    await line.hang_up("loop-drop")
    await scene.records(2)


def _wrong(folder: Path) -> Path:
    text = (OFFICES / f"{OFFICE}.toml").read_text(encoding="utf-8")
    for good, bad in WRONG.items():
        assert text.count(good) == 1
        text = text.replace(good, bad)
    office = folder / "office.toml"
    office.write_text(text, encoding="utf-8")
    return office


def _with_recordings(folder: Path) -> Path:
    text = (OFFICES / f"{OFFICE}.toml").read_text(encoding="utf-8")
    office = folder / "office.toml"
    office.write_text(text.replace("[office]\n", '[office]\nrecordings = "recordings"\n', 1))
    return office


def _make(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "no sound file":
        path.write_bytes(b"ID3 this is music of another kind")
    else:
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(2 if kind == "stereo" else 1)
            sound.setsampwidth(2)
            sound.setframerate(8_000)
            sound.writeframes(b"" if kind == "empty" else bytes(16_000))


def _places(folder: Path) -> list[str]:
    places = {"--data": "data", "--media-socket": "media.sock", "--control": "control.sock"}
    return [part for option, name in places.items() for part in (option, str(folder / name))]


def _tipring(command: str, office: Path, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "firmware", command, str(office), *options]
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=2 * LONG_S, cwd=PROJECT, check=False
    )
