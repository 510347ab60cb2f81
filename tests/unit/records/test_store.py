# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages and settings over a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.effects import (
    DeleteMessage,
    DiscardRecording,
    MarkMessage,
    SaveSetting,
    StoreMessage,
)
from firmware.records.store import Store
from firmware.values import Message, Party, Presentation


def message(folder: Path, name: str, minute: int = 0) -> Message:
    path = folder / f"{name}.wav"
    path.write_bytes(b"RIFF")
    caller = Party("", "Оля", Presentation.RESTRICTED, "private")
    at = datetime(2026, 10, 26, 10, minute, tzinfo=UTC)
    return Message(name, "201", str(path), caller, 4.5, at)


def reopened(path: Path, *orders: object) -> Store:
    """The store after these orders and a restart, closed again."""
    for batch in (orders, ()):
        store = Store(path, retry_s=0.01)
        for order in batch:
            store.carry_out(order)
        store.close()
    return store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.sqlite"


def test_messages_come_back_oldest_first(path: Path, tmp_path: Path) -> None:
    late, early = message(tmp_path, "late", 5), message(tmp_path, "early", 1)
    store = reopened(path, StoreMessage(late), StoreMessage(early))
    assert store.messages() == (early, late)


def test_heard_and_deleted(path: Path, tmp_path: Path) -> None:
    one, two = message(tmp_path, "one"), message(tmp_path, "two")
    store = reopened(
        path,
        StoreMessage(one),
        StoreMessage(two),
        MarkMessage("201", "one"),
        DeleteMessage("201", "two"),
        DeleteMessage("201", "unknown"),
    )
    [kept] = store.messages()
    assert kept.id == "one" and kept.heard
    assert Path(one.path).exists() and not Path(two.path).exists()


def test_a_message_without_its_file_is_not_offered(path: Path, tmp_path: Path) -> None:
    lost = message(tmp_path, "lost")
    Path(lost.path).unlink()
    assert reopened(path, StoreMessage(lost)).messages() == ()


def test_a_recording_too_short_is_deleted(path: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    short.write_bytes(b"RIFF")
    reopened(path, DiscardRecording(str(short)), DiscardRecording(str(short)))
    assert not short.exists()


def test_a_recording_that_cannot_be_deleted_holds_nothing_up(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "not-a-file.wav"
    folder.mkdir()
    store = reopened(path, DiscardRecording(str(folder)), SaveSetting("agent/101", "off"))
    assert store.settings() == {"agent/101": "off"}


def test_settings_come_back(path: Path) -> None:
    store = reopened(
        path,
        SaveSetting("forward-always/201", "202"),
        SaveSetting("forward-always/201", "203"),
        SaveSetting("agent/202", "off"),
        SaveSetting("agent/202", ""),
    )
    assert store.settings() == {"forward-always/201": "203"}


def broken(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")


def mended(path: Path) -> None:
    path.parent.unlink()


@pytest.mark.parametrize(("mend", "kept"), [(mended, {"a": "b"}), (lambda path: None, {})])
def test_a_disk_that_refuses_does_not_stop_the_box(
    path: Path, caplog: pytest.LogCaptureFixture, mend: Callable[[Path], None], kept: dict
) -> None:
    broken(path)
    store = Store(path, retry_s=0.01)
    assert store.messages() == () and store.settings() == {}
    store.carry_out(SaveSetting("a", "b"))
    mend(path)
    store.close()
    assert "cannot be opened" in caplog.text
    if kept:
        assert reopened(path).settings() == kept
