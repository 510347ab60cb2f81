# SPDX-License-Identifier: GPL-2.0-or-later
"""The writer's thread, the queries, and the disk refusing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.effects import WriteEvent
from firmware.errors import ConfigError
from firmware.records import writer as writer_module
from firmware.records.database import open_writable, script
from firmware.records.queries import call_events, list_calls, open_calls
from firmware.records.writer import STEPS, RecordWriter
from firmware.values import CallId

AT = datetime(2026, 10, 26, 10, 0, tzinfo=UTC)


class Alarm:
    """Collects what the writer tells and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._new = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._new:
            self.told.append(text)
            self._new.notify_all()

    def wait(self, count: int) -> bool:
        with self._new:
            return self._new.wait_for(lambda: len(self.told) >= count, 10)


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def records(tmp_path: Path, alarm: Alarm) -> Iterator[RecordWriter]:
    writer = RecordWriter(tmp_path / "data" / "records.sqlite", alarm, retry_s=0.01)
    yield writer
    writer.close()


def write(writer: RecordWriter, call: str, *kinds: str, at: datetime = AT) -> None:
    for kind in kinds:
        data = {"cause": 16, "by": "caller"} if kind == "ended" else {"number": call}
        writer.write(WriteEvent(CallId(call), kind, data), at)


def test_records_of_ended_calls_last_ended_first(records: RecordWriter) -> None:
    records.start()
    write(records, "a", "arrived")
    write(records, "b", "arrived", "ended")
    write(records, "a", "ended", at=AT + timedelta(seconds=5))
    write(records, "c", "arrived")
    assert records.flush()
    assert [record.call for record in list_calls(records.path)] == ["a", "b"]
    assert [record.call for record in list_calls(records.path, limit=1)] == ["a"]
    assert list_calls(records.path)[0].wait_s == 5.0
    assert open_calls(records.path) == ["c"]
    assert [event.kind for event in call_events(records.path, "a")] == ["arrived", "ended"]


def test_nothing_to_read_yet(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    assert list_calls(path) == [] and open_calls(path) == [] and call_events(path, "a") == []


def test_a_file_without_a_run(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    open_writable(path, STEPS).close()
    assert list_calls(path) == []


def test_a_call_cut_off_is_listed_once_adoption_is_over(tmp_path: Path, alarm: Alarm) -> None:
    path = tmp_path / "records.sqlite"
    for kinds in (("arrived",), ()):
        writer = RecordWriter(path, alarm)
        writer.start()
        write(writer, "a", *kinds)
        write(writer, "b", "arrived")
        writer.close()
    assert list_calls(path) == []
    [record] = list_calls(path, now=datetime.now(UTC) + timedelta(seconds=31))
    assert record.call == "a" and record.interrupted


def test_events_stay_as_they_are(records: RecordWriter) -> None:
    records.start()
    write(records, "a", "arrived")
    assert records.flush()
    with (
        closing(sqlite3.connect(records.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute("UPDATE events SET kind = 'x'")


def test_writes_are_synced(tmp_path: Path) -> None:
    with closing(open_writable(tmp_path / "r.sqlite", STEPS)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


# ------------------------------------------------------------------ faults


def test_a_place_that_cannot_be_written_is_an_alarm_until_it_can(
    tmp_path: Path, alarm: Alarm, records: RecordWriter
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    records.start()
    assert alarm.wait(1)
    write(records, "a", "arrived", "ended")
    assert "Make room on the disk" in alarm.told[0] and str(records.path) in alarm.told[0]
    (tmp_path / "data").unlink()
    assert records.flush()
    assert alarm.wait(2) and alarm.told[-1] == ""
    assert [record.call for record in list_calls(records.path)] == ["a"]


def test_a_full_disk_keeps_events_in_memory(
    monkeypatch: pytest.MonkeyPatch, alarm: Alarm, records: RecordWriter
) -> None:
    full = threading.Event()
    full.set()

    def open_small(path: Path, steps: tuple[str, ...]) -> sqlite3.Connection:
        connection = open_writable(path, steps)
        if full.is_set():  # SQLite itself says SQLITE_FULL then
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    monkeypatch.setattr(writer_module, "open_writable", open_small)
    records.start()
    for number in range(100):
        records.write(WriteEvent(CallId(f"c{number}"), "arrived", {"text": "x" * 500}), AT)
    assert alarm.wait(1) and "full" in alarm.told[0]
    assert not records.flush(0.05)
    full.clear()
    assert records.flush()
    assert len(open_calls(records.path)) == 100
    assert alarm.wait(2) and alarm.told[-1] == ""


def test_memory_is_bounded_and_the_loss_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alarm: Alarm, records: RecordWriter
) -> None:
    monkeypatch.setattr(writer_module, "MAX_KEPT", 3)
    (tmp_path / "data").write_text("")
    for number in range(5):
        write(records, f"c{number}", "arrived")
    records.start()
    assert alarm.wait(1) and "2 are lost" in alarm.told[0]
    (tmp_path / "data").unlink()
    assert records.flush() and open_calls(records.path) == ["c0", "c1", "c2"]


def test_closing_while_the_disk_refuses_ends_the_thread(
    tmp_path: Path, alarm: Alarm, records: RecordWriter, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("")
    records.start()
    write(records, "a", "arrived")
    assert alarm.wait(1)
    records.close()
    assert "1 call events were not written" in caplog.text


def test_closing_a_writer_that_never_started(records: RecordWriter) -> None:
    records.close()
    assert not records.path.exists()


def test_a_damaged_file_is_moved_aside(
    tmp_path: Path, records: RecordWriter, caplog: pytest.LogCaptureFixture
) -> None:
    records.path.parent.mkdir()
    records.path.write_bytes(b"no database " * 1000)
    (tmp_path / "data" / "records.sqlite-wal").write_bytes(b"x")
    (tmp_path / "data" / "records.sqlite.damaged-1").write_bytes(b"an older one")
    records.start()
    write(records, "a", "arrived", "ended")
    assert records.flush()
    assert len(list_calls(records.path)) == 1
    assert (tmp_path / "data" / "records.sqlite.damaged-2").exists()
    assert "is damaged" in caplog.text


# ------------------------------------------------------------------ versions


def test_forward_migration_keeps_the_events(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with closing(open_writable(path, STEPS)) as connection:
        connection.execute("INSERT INTO runs (began) VALUES ('2026-10-26T10:00:00+00:00')")
        row = (1, "a", AT.isoformat(), "ended", "{}")
        connection.execute(
            "INSERT INTO events (run, call, at, kind, data) VALUES (?, ?, ?, ?, ?)", row
        )
    later = (*STEPS, "ALTER TABLE runs ADD COLUMN clean INTEGER NOT NULL DEFAULT 0;")
    with closing(open_writable(path, later)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT clean FROM runs").fetchone() == (0,)
    assert [record.call for record in list_calls(path)] == ["a"]
    with pytest.raises(ConfigError, match="has version 2, this program knows 1"):
        open_writable(path, STEPS)


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with pytest.raises(sqlite3.OperationalError):
        open_writable(path, (*STEPS, "CREATE TABLE more (id INTEGER); NONSENSE;"))
    with closing(open_writable(path, STEPS)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_the_schema_is_the_first_step() -> None:
    assert script("schema.sql") == STEPS[0]
