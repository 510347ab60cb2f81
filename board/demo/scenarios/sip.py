# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP phones (baresip) and a SIP provider (SIPp), both independent programs of Debian."""

from __future__ import annotations

import asyncio

from board.demo.hearing import PAUSE_S, check_delay, check_likeness
from board.demo.records import check_record
from board.demo.report import Report
from board.demo.stage import Stage
from board.sim.client import Samples, Telephone
from board.sim.measure import compare
from board.sim.peers.baresip import SipPhones
from board.sim.voices import speak_text

HELLO = "Hello, this is the telephone on the network, can you hear me well?"
FINE = "I hear you very well, and this is the old telephone on the wall."
FROM_OUTSIDE = "0671112233"
TO_OUTSIDE = "0445559988"
OWN_NUMBER = "380445550100"
SEARCH_MS = 20_000.0  # sound files of SIP programs carry no time of the card
HANDSET_DOWN_S = 1.0  # shorter, and the port takes it for a hook flash
ECHO_DELAY_MS = 400.0  # to the provider and back


async def sip_phone(stage: Stage, report: Report) -> None:
    """A SIP phone calls an analog one: talk, hold, resume; then the other way round."""
    known = len(await stage.records())
    olena = stage.board.phone("FXS1")
    async with stage.sip_phones("109") as sip:
        report.say("109 is registered with digest")
        await sip.dial("109", "101")
        await olena.wait_ringing(5)
        shown = await olena.wait_display(8)
        report.check("caller ID", shown.get("number"), shown.get("number") == "109", "109")
        await olena.lift()
        await sip.wait_event("CALL_ESTABLISHED", "109")
        await _both_ways(report, sip, olena, "109 calls 101")
        await _hold(report, sip, olena)
        await sip.hang_up("109")
        await olena.wait_hears("busy", 5)
        await olena.hang_up()
        record = await stage.next_record(known)
        check_record(report, record, direction="internal", caller="109", answered_by="101")
        sip.forget()
        await asyncio.sleep(HANDSET_DOWN_S)
        await olena.lift()
        await olena.wait_hears("dial", 5)
        await olena.dial("109")
        await sip.wait_event("CALL_INCOMING", "109")
        await sip.answer("109")
        await sip.wait_event("CALL_ESTABLISHED", "109")
        await _both_ways(report, sip, olena, "101 calls 109")
        await olena.hang_up()
        await sip.wait_event("CALL_CLOSED", "109")
        record = await stage.next_record(known + 1)
        check_record(report, record, direction="internal", caller="101", answered_by="109")


async def _both_ways(report: Report, sip: SipPhones, phone: Telephone, name: str) -> None:
    ear = await phone.listen()
    words = speak_text(HELLO, "en+m3")
    await sip.speak("109", words)
    await asyncio.sleep(len(words) / 8000 + 1.0)
    heard, _ = await ear.stop()
    found = compare(words, heard, max_delay_ms=SEARCH_MS)
    check_likeness(report, f"{name}, SIP to analog", found)
    answer = speak_text(FINE, "en+f3")
    await phone.speak(answer)
    await phone.speech_done()
    await asyncio.sleep(0.5)
    found = compare(answer, _last_seconds(sip.heard()), max_delay_ms=SEARCH_MS)
    check_likeness(report, f"{name}, analog to SIP", found)


async def _hold(report: Report, sip: SipPhones, phone: Telephone) -> None:
    await sip.hold("109", True)
    await asyncio.sleep(1.5)
    level = await phone.level_dbm0(1.0)
    report.check("music on hold, dBm0", round(level, 1), level > -45.0, "above -45")
    await sip.hold("109", False)
    await asyncio.sleep(1.0)
    ear = await phone.listen()
    words = speak_text(FINE, "en+m3")
    await sip.speak("109", words)
    await asyncio.sleep(len(words) / 8000 + 1.0)
    heard, _ = await ear.stop()
    check_likeness(report, "after resume", compare(words, heard, max_delay_ms=SEARCH_MS))


def _last_seconds(samples: Samples) -> Samples:
    return samples[-round(SEARCH_MS * 8) :]


async def sip_trunk(stage: Stage, report: Report) -> None:
    """A provider's caller reaches the secretaries; a staff member dials out over the trunk."""
    known = len(await stage.records())
    front, taras = stage.board.phone("FXS1"), stage.board.phone("FXS2")
    provider = stage.provider()
    async with provider.caller(FROM_OUTSIDE, "Maria", OWN_NUMBER) as call:
        await front.wait_ringing(40)
        shown = await front.wait_display(8)
        number = shown.get("number")
        report.check("caller ID", number, number == FROM_OUTSIDE, FROM_OUTSIDE)
        await front.lift()
        await _echoed(report, front, "101 to the provider and back")
        await front.hang_up()
        good = await call.finished(10)
        report.check("provider's side of the call in", good, good, "as its scenario says")
    record = await stage.next_record(known)
    check_record(report, record, direction="in", caller=FROM_OUTSIDE, answered_by="101")
    async with provider.callee(ring_s=1.5) as call:
        await taras.lift()
        await taras.wait_hears("dial", 5)
        await taras.dial("8" + TO_OUTSIDE)
        dialled = await call.dialled(10)
        report.check("number sent to the provider", dialled, dialled == TO_OUTSIDE, TO_OUTSIDE)
        await asyncio.sleep(2.5)
        await _echoed(report, taras, "102 to the provider and back")
        await taras.hang_up()
        good = await call.finished(10)
        report.check("provider's side of the call out", good, good, "as its scenario says")
    record = await stage.next_record(known + 1)
    check_record(report, record, direction="out", caller="102", called=TO_OUTSIDE)


async def _echoed(report: Report, phone: Telephone, name: str) -> None:
    """The provider sends every packet back: whoever speaks hears himself."""
    await asyncio.sleep(PAUSE_S)
    ear = await phone.listen()
    spoken = await phone.speak(speak_text(FINE, "en+f3"))
    await phone.speech_done()
    await asyncio.sleep(0.7)
    heard, start = await ear.stop()
    found = compare(spoken.samples, heard, spoken.start_sample, start)
    check_delay(report, name, found, ECHO_DELAY_MS)
    check_likeness(report, name, found)
