# SPDX-License-Identifier: GPL-2.0-or-later
"""What the exchange offers to its consoles, over real calls of an example office."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.alarms import Alarms
from firmware.control.backend import Backend
from firmware.control.protocol import decode_status, encode
from firmware.errors import HardwareError
from firmware.events import HookChanged
from firmware.officeclock import OfficeClock
from firmware.reactor import Reactor
from firmware.records.writer import RecordWriter
from firmware.values import CallId, LineId
from tests.unit.core.office import OfficeBox
from tests.unit.core.test_assembly import office
from tests.unit.core.test_dispatcher import House


def _backend(box: OfficeBox, alarms: Alarms, records: Path) -> tuple[Backend, Reactor]:
    reactor = Reactor(OfficeClock(box.table.time_zone))
    reactor.join(box.core, House().dispatcher)
    args = (reactor, box.core, box.switch, box.table, alarms, lambda: True, records)
    return Backend(*args, lambda: {"card1.bad_frames": 3}), reactor


async def test_status_shows_the_machines_as_they_are(tmp_path: Path) -> None:
    box, alarms = OfficeBox(office("r1")), Alarms()
    box.power_up()
    backend, _ = _backend(box, alarms, tmp_path / "none")
    alarms.raise_alarm("card:card1", "Silent.", box.now().wall)
    box.lift("FXS1")
    status = backend.status()
    assert (status.office, status.table) == ("Shop of fifteen", box.table.hash)
    assert {view.line: view.state for view in status.lines}["FXS1"] == "dialling"
    assert [alarm.text for alarm in status.alarms] == ["Silent."]
    assert len(status.agents) == 15 and [queue.name for queue in status.queues] == ["managers"]
    assert status.counters["card1.bad_frames"] == 3 and status.counters["sip.bad"] == 0
    assert decode_status(encode(status)) == status


async def test_hang_up_ends_the_call_and_tells_who_watches(tmp_path: Path) -> None:
    box = OfficeBox(office("r1"))
    box.power_up()
    backend, _ = _backend(box, Alarms(), tmp_path / "none")
    box.lift("FXS1")
    box.dial("FXS1", "102")
    changed = backend.changed()
    [call] = backend.status().calls
    backend.hang_up(call.id)
    assert changed.is_set()
    assert backend.status().calls == ()
    backend.hang_up(CallId("gone"))


async def test_facts_make_the_status_change(tmp_path: Path) -> None:
    box = OfficeBox(office("r1"))
    box.power_up()
    backend, reactor = _backend(box, Alarms(), tmp_path / "none")
    changed = backend.changed()
    reactor.feed(HookChanged(LineId("FXS2"), True))
    assert changed.is_set()
    reactor.feed(HookChanged(LineId("FXS2"), False))
    box.core.on_timer(box.now())


async def test_records_are_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    box = OfficeBox(office("r1"))
    box.power_up()
    writer = RecordWriter(path, lambda text: None)
    writer.start()
    box.lift("FXS1")
    box.dial("FXS1", "102")
    box.put_down("FXS1")
    for event in box.written():
        writer.write(event, box.now().wall)
    writer.close()
    backend, _ = _backend(box, Alarms(), path)
    [record] = await backend.records(10)
    assert (record.caller, record.called) == ("101", "102")


async def test_records_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"damaged" * 1000)
    box = OfficeBox(office("r1"))
    backend, _ = _backend(box, Alarms(), path)
    with pytest.raises(HardwareError, match="cannot be read"):
        await backend.records(10)
