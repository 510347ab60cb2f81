# SPDX-License-Identifier: GPL-2.0-or-later
"""The endpoint against SIPp, an independent SIP implementation, over real sockets."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from firmware.effects import ConnectRtp, HoldLeg, Originate, Release
from firmware.events import (
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegEnded,
    LegHeld,
    LegResumed,
    LineServiceChanged,
)
from firmware.sip.settings import SipAccount, SipTrunk
from firmware.values import Cause, LegId, LineId, Party
from tests.fakes.sip_live import HOST, LiveSip, free_port

SCENARIOS = Path(__file__).parent / "scenarios"
PHONE = LineId("sip:109")
ANNA = Party("101", "Anna")


class Sipp:
    """Runs SIPp scenarios against one endpoint, always from the same port."""

    def __init__(self, office: LiveSip, folder: Path, port: int) -> None:
        self.office = office
        self.port = port
        self._folder = folder

    async def start(self, scenario: str, *options: str) -> asyncio.subprocess.Process:
        """Begin a scenario; it is ready to receive when its port is bound."""
        program = shutil.which("sipp")
        assert program, "sipp is missing; make setup installs the package sip-tester"
        (self._folder / "fields.csv").write_text(
            "SEQUENTIAL\n109;102;[authentication username=109 password=secret]\n"
        )
        media = free_port()
        return await asyncio.create_subprocess_exec(
            program, f"{HOST}:{self.office.transport.port}",
            "-sf", str(SCENARIOS / f"{scenario}.xml"), "-inf", "fields.csv",
            "-i", HOST, "-p", str(self.port), "-mp", str(media - media % 2),
            "-m", "1", "-nostdin", "-timeout", "20s", "-trace_err", *options,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def finish(self, process: asyncio.subprocess.Process) -> str:
        """Wait for the end; the scenario must have succeeded."""
        output, _ = await process.communicate()
        errors = "".join(path.read_text() for path in self._folder.glob("*errors.log"))
        assert process.returncode == 0, f"{errors}\n{output.decode()[-2000:]}"
        return output.decode()

    async def run(self, scenario: str, *options: str) -> str:
        return await self.finish(await self.start(scenario, *options))


@pytest_asyncio.fixture
async def sipp(tmp_path: Path) -> AsyncIterator[Sipp]:
    port = free_port()
    trunk = SipTrunk(LineId("itsp"), HOST, port, username="acc1", password="p")
    account = SipAccount("109", "secret", PHONE, "Olena")
    office = LiveSip(free_port(), accounts=(account,), trunks=(trunk,), digests=("MD5",))
    await office.start()
    yield Sipp(office, tmp_path, port)
    await office.stop()


@pytest_asyncio.fixture
async def phone(sipp: Sipp) -> AsyncIterator[Sipp]:
    """SIPp registered as 109, on a port that is no trunk's."""
    sipp.port = free_port()
    await sipp.run("register")
    assert sipp.office.of(LineServiceChanged)[-1].line == PHONE
    yield sipp


async def test_register_with_digest(phone: Sipp) -> None:
    (contact,) = phone.office.endpoint.snapshot(phone.office.now)["contacts"]
    assert contact["source"] == ["udp", HOST, phone.port]


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_call_from_a_phone(phone: Sipp, transport: str) -> None:
    await phone.run("call", "-t", transport)
    office = phone.office
    arrived = await office.wait_for(LegArrived)
    assert (arrived.line, arrived.caller, arrived.called) == (PHONE, Party("109", "Olena"), "102")
    assert office.of(ConnectRtp)[0].dtmf_payload_type == 101
    assert office.of(LegEnded) == [LegEnded(arrived.leg, Cause.NORMAL, True)]


async def test_caller_gives_up(phone: Sipp) -> None:
    phone.office.answer_after_s = None
    await phone.run("cancel")
    assert phone.office.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]


async def test_hold_and_resume(phone: Sipp) -> None:
    await phone.run("hold")
    office = phone.office
    assert office.of(LegHeld) and office.of(LegResumed)
    assert [c.send for c in office.of(ConnectRtp)] == [True, False, True]


async def test_answer_is_repeated_until_acknowledged(phone: Sipp) -> None:
    await phone.run("late_ack")  # acknowledges after 1.7 s
    answers = [
        d for d in phone.office.sent if b"\r\nCSeq: 2 INVITE" in d.data and b" 200 OK" in d.data
    ]
    assert len(answers) == 3  # at 0, 0.5, 1.5 s
    assert len(phone.office.of(LegArrived)) == len(phone.office.of(LegEnded)) == 1


async def _called(phone: Sipp, scenario: str) -> asyncio.subprocess.Process:
    process = await phone.start(scenario)
    phone.office.order(Originate(LegId(70), PHONE, "109", ANNA))
    return process


async def test_call_to_a_phone(phone: Sipp) -> None:
    process = await _called(phone, "answer")
    await phone.office.wait_for(LegAnswered)
    assert phone.office.of(LegAlerting) == [LegAlerting(LegId(70), False)]
    phone.office.order(Release(LegId(70), Cause.NORMAL))
    await phone.finish(process)


async def test_hold_by_the_exchange(phone: Sipp) -> None:
    process = await _called(phone, "answer_held")
    await phone.office.wait_for(LegAnswered)
    phone.office.order(HoldLeg(LegId(70), True))
    held = await phone.office.wait_for(ConnectRtp, 2)
    assert (held.send, held.receive) == (True, False)
    phone.office.order(Release(LegId(70), Cause.NORMAL))
    await phone.finish(process)


async def test_busy_phone(phone: Sipp) -> None:
    process = await _called(phone, "busy")
    ended = await phone.office.wait_for(LegEnded)
    assert ended == LegEnded(LegId(70), Cause.BUSY, True)
    await phone.finish(process)


async def test_phone_that_nobody_answers(phone: Sipp) -> None:
    process = await _called(phone, "no_answer")
    await phone.office.wait_for(LegAlerting)
    phone.office.order(Release(LegId(70), Cause.NO_ANSWER))
    await phone.finish(process)


async def test_call_through_a_provider_with_password(sipp: Sipp) -> None:
    process = await sipp.start("provider")
    sipp.office.order(Originate(LegId(70), LineId("itsp"), "+49301234", ANNA))
    await sipp.office.wait_for(LegAnswered)
    assert sipp.office.of(LegAlerting) == [LegAlerting(LegId(70), True)]
    sipp.office.order(Release(LegId(70), Cause.NORMAL))
    await sipp.finish(process)


async def test_call_from_a_provider(sipp: Sipp) -> None:
    await sipp.run("trunk_in")
    arrived = await sipp.office.wait_for(LegArrived)
    assert arrived.line == "itsp"
    assert arrived.caller == Party("+380441234567", "Ivan")


async def test_hundred_calls_leave_nothing(sipp: Sipp) -> None:
    """50 calls a second, all of them right, and no leg or socket is left."""
    await sipp.run("trunk_in", "-m", "100", "-r", "50", "-l", "60")
    office = sipp.office
    await office.wait_for(LegEnded, 100)
    assert len(office.of(LegArrived)) == 100
    assert office.endpoint.snapshot(office.now)["legs"] == {}
    assert office._sockets == {}
