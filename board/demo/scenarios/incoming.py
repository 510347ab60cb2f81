# SPDX-License-Identifier: GPL-2.0-or-later
"""Callers from outside: ring-all, secretary, after hours, call centre."""

from __future__ import annotations

import asyncio
import time

from board.demo.hearing import check_likeness, say
from board.demo.records import check_record, offered
from board.demo.report import Report
from board.demo.scenarios.analog import check_ring_delay
from board.demo.stage import Stage
from board.sim.client import Telephone
from board.sim.measure import compare
from board.sim.peers.baresip import SipPhones
from board.sim.voices import speak_text

CALLER = "0501234567"
ORDER = "Hello, I would like to order three boxes of green tea, please."
REPLY = "Certainly, three boxes of green tea, we deliver tomorrow morning."
MESSAGE = "This is Ivan. Please call me back on Monday about the broken kettle."
ANALOG = tuple(f"FXS{n}" for n in range(1, 8))
SIP_STAFF = ("109", "110", "111", "113", "114", "115", "116")  # 112 is the emergency number
BUSY = "116"
FLASH_S = 0.7  # so long a handset that is down may still be a hook flash
ANNOUNCED_S = 20.0  # how many messages there are, which one this is, from whom
JOIN_S = 0.2  # a freed agent joins the ringing call
RELEASE_S = 4.0  # after a far end that only gives busy tone


async def ring_all(stage: Stage, report: Report) -> None:
    """All fifteen ring, the busy one joins when free, one answers, far end gives busy tone."""
    line, late = stage.board.exchange_line("FXO1"), stage.board.phone("FXS8")
    async with stage.sip_phones(*SIP_STAFF) as sip:
        await late.lift()
        await late.dial(BUSY)
        await sip.wait_event("CALL_INCOMING", BUSY)
        await sip.answer(BUSY)
        await sip.wait_event("CALL_ESTABLISHED", BUSY)
        report.say(f"seven SIP phones are registered; 108 and {BUSY} talk")
        known = len(await stage.records()) + 1  # theirs will be the first
        await line.call(CALLER, "Ivan")
        await line.wait_answered(15)
        report.say("the caller is answered and hears the greeting")
        phones = [stage.board.phone(name) for name in ANALOG]
        await asyncio.gather(*(phone.wait_ringing(15) for phone in phones))
        free = [extension for extension in SIP_STAFF if extension != BUSY]
        await asyncio.gather(*(sip.wait_event("CALL_INCOMING", e) for e in free))
        ringing = max(len(call.ringing) for call in (await stage.control.status()).calls)
        report.check("phones that ring", ringing, ringing == len(phones) + len(free), "13 free")
        await _freed_agents_join(report, sip, late)
        shown = await phones[2].wait_display(8)
        report.check("caller ID", shown.get("number"), shown.get("number") == CALLER, CALLER)
        await phones[2].lift()
        await asyncio.gather(*(sip.wait_event("CALL_CLOSED", e) for e in SIP_STAFF))
        report.say("103 answers; the others stop ringing")
        await say(report, line, phones[2], speak_text(ORDER, "en+m4"), "caller to 103")
        await say(report, phones[2], line, speak_text(REPLY, "en+f3"), "103 to caller")
        await line.hang_up("busy-tone")
        released_s = await line.released(RELEASE_S + 2)
        wanted = f"at most {RELEASE_S}"
        report.check("line free after busy tone, s", released_s, released_s <= RELEASE_S, wanted)
        await phones[2].wait_hears("busy", 5)
        await phones[2].hang_up()
    record = await stage.next_record(known)
    check_record(report, record, direction="in", caller=CALLER, answered_by="103")
    report.check("staff in the record", len(offered(record)), len(offered(record)) == 15, "15")


async def _freed_agents_join(report: Report, sip: SipPhones, late: Telephone) -> None:
    """The two who talked hang up: both ring with the others."""
    began = time.monotonic()
    await sip.hang_up(BUSY)
    await sip.wait_event("CALL_INCOMING", BUSY)
    joined_s = time.monotonic() - began
    wanted = f"at most {JOIN_S}"
    report.check(f"freed {BUSY} rings after, s", joined_s, joined_s <= JOIN_S, wanted)
    await late.hang_up()
    joined_s = await late.wait_ringing(5)
    wanted += f" after the time of a flash, {FLASH_S}"
    report.check("freed 108 rings after, s", joined_s, joined_s <= FLASH_S + JOIN_S, wanted)


async def secretary(stage: Stage, report: Report) -> None:
    """One caller dials an extension over the greeting; the next reaches the secretaries."""
    known = len(await stage.records())
    first, second = stage.board.exchange_line("FXO1"), stage.board.exchange_line("FXO2")
    manager, front = stage.board.phone("FXS5"), stage.board.phone("FXS1")
    await first.call(CALLER)
    await first.wait_answered(15)
    dialled = await first.dial("105")
    await manager.wait_ringing(5)
    await check_ring_delay(report, manager, dialled, "extension to ringing, s")
    await manager.lift()
    await say(report, first, manager, speak_text(ORDER, "en+m4"), "caller to 105")
    await first.hang_up("loop-drop")
    await manager.wait_hears("busy", 5)
    await manager.hang_up()
    check_record(
        report, await stage.next_record(known), direction="in", caller=CALLER, keys="105",
        answered_by="105",
    )  # fmt: skip
    await second.call("0677654321")
    await second.wait_answered(15)
    report.say("the next caller listens and presses nothing")
    await front.wait_ringing(30)
    await front.lift()
    await say(report, second, front, speak_text(ORDER, "en+f4"), "caller to secretary")
    await front.hang_up()
    released_s = await second.released(4)
    report.check("line free after our hang-up, s", released_s, released_s < 2.0, "under 2")
    record = await stage.next_record(known + 1)
    check_record(report, record, direction="in", answered_by="101")


async def after_hours(stage: Stage, report: Report) -> None:
    """Sunday: announcement, message, stutter tone; the owner hears the caller's words."""
    known = len(await stage.records())
    line, owner = stage.board.exchange_line("FXO1"), stage.board.phone("FXS1")
    await line.call(CALLER)
    await line.wait_answered(15)
    await line.wait_hears("tone", 30)
    report.say("closed: the caller hears the announcement and the beep")
    await asyncio.sleep(0.7)
    words = speak_text(MESSAGE, "en+m4")
    await line.speak(words)
    await line.speech_done()
    await line.hang_up("busy-tone")
    await line.released(6)
    check_record(report, await stage.next_record(known), direction="in", caller=CALLER)
    await owner.lift()
    await owner.wait_hears("stutter", 5)
    tone = await owner.hears()
    report.check("dial tone at the owner's phone", tone, tone == "stutter", "stutter")
    await owner.dial("*97")
    await asyncio.sleep(1.0)
    await owner.dial("1101#")
    ear = await owner.listen()
    await asyncio.sleep(len(words) / 8000 + ANNOUNCED_S)
    heard, _ = await ear.stop()
    found = compare(words, heard, max_delay_ms=ANNOUNCED_S * 1000)
    check_likeness(report, "message", found)
    await owner.dial("3")
    await asyncio.sleep(1.0)
    await owner.hang_up()


async def call_centre(stage: Stage, report: Report) -> None:
    """Round-robin: the first agent lets it ring, the next answers; wrap-up is kept."""
    line, other = stage.board.exchange_line("FXO1"), stage.board.exchange_line("FXO2")
    lazy, quick = stage.board.phone("FXS2"), stage.board.phone("FXS3")
    for name in ("FXS4", "FXS5", "FXS6"):
        phone = stage.board.phone(name)
        await phone.lift()
        await phone.dial("*46")
        await asyncio.sleep(0.3)
        await phone.hang_up()
    report.say("agents 104, 105 and 106 have signed off")
    known = len(await stage.records()) + 1  # the sign-off of 102 will be the first
    await line.call(CALLER)
    await line.wait_answered(15)
    await lazy.wait_ringing(15)
    report.say("102 rings and lets it ring")
    next_s = await quick.wait_ringing(20)
    report.check("next agent rings after, s", next_s, 13.0 < next_s < 17.0, "answer time 15")
    await quick.lift()
    await say(report, line, quick, speak_text(ORDER, "en+m4"), "caller to 103")
    await lazy.lift()
    await lazy.dial("*46")
    await line.hang_up("loop-drop")
    await quick.wait_hears("busy", 5)
    await quick.hang_up()
    await lazy.hang_up()
    record = await stage.next_record(known)
    check_record(report, record, direction="in", caller=CALLER, answered_by="103")
    missed = offered(record).get("102", {})
    noted = missed.get("reason") == "no-answer" and 14.0 <= missed.get("seconds", 0) <= 16.5
    report.check("noted against 102", missed, noted, "no answer, 15 s")
    await other.call("0677654321")
    wrap_s = await quick.wait_ringing(20)
    report.check("103 rings again after, s", wrap_s, wrap_s >= 4.0, "wrap-up of 7 s is kept")
    await quick.lift()
    await other.hang_up("loop-drop")
    await quick.wait_hears("busy", 5)
    await quick.hang_up()
