# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls between analog telephones, and from one of them to the exchange line."""

from __future__ import annotations

from board.demo.hearing import say
from board.demo.records import check_record
from board.demo.report import Report
from board.demo.stage import Stage
from board.sim.client import Telephone
from board.sim.voices import speak_text

QUESTION = "Good morning, did the parcel from Lviv arrive in the store room?"
ANSWER = "Yes it did, seven boxes, and all of them are on the shelf now."
RATE_HZ = 8_000  # the card's samples
OUTSIDE_NUMBER = "0445550199"


async def call_inside(
    stage: Stage, report: Report, caller: Telephone, called: Telephone, number: str
) -> None:
    """Lift, dial in DTMF, ring, caller ID, answer."""
    await caller.lift()
    report.say(f"{caller.name} lifts the handset and hears dial tone")
    await caller.wait_hears("dial", 5)
    dialled = await caller.dial(number)
    await called.wait_ringing(5)
    await check_ring_delay(report, called, dialled, "last digit to ringing, s")
    await caller.wait_hears("ringback", 8)
    shown = await called.wait_display(8)
    report.say(f"{called.name} rings and shows {shown.get('number')} {shown.get('name', '')}")
    await called.lift()


async def check_ring_delay(
    report: Report, called: Telephone, dialled: int, name: str, most_s: float = 1.0
) -> None:
    """From the sample at which the last digit ended to the first one of the ring."""
    bursts = await called.ring_bursts()
    delay_s = (bursts[0][0] - dialled) / RATE_HZ
    report.check(name, delay_s, delay_s <= most_s, f"at most {most_s:g}")


async def phone_to_phone(stage: Stage, report: Report) -> None:
    """101 calls 102; both hear each other and not themselves; 101 hangs up."""
    known = len(await stage.records())
    olena, taras = stage.board.phone("FXS1"), stage.board.phone("FXS2")
    await call_inside(stage, report, olena, taras, "102")
    shown = await taras.display() or {}
    report.check("caller ID", shown.get("number"), shown.get("number") == "101", "101")
    await say(report, olena, taras, speak_text(QUESTION, "en+f3"), "101 to 102")
    await say(report, taras, olena, speak_text(ANSWER, "en+m3"), "102 to 101")
    await olena.hang_up()
    await taras.wait_hears("busy", 5)
    report.say("101 hangs up, 102 hears busy tone")
    await taras.hang_up()
    record = await stage.next_record(known)
    check_record(report, record, direction="internal", caller="101", answered_by="102")


async def rotary(stage: Stage, report: Report) -> None:
    """A pulse telephone dials 103."""
    known = len(await stage.records())
    old, iryna = stage.board.phone("FXS6"), stage.board.phone("FXS3")
    await old.lift()
    await old.wait_hears("dial", 5)
    report.say("FXS6 turns its dial: 1 0 3 at ten pulses a second")
    dialled = await old.dial_pulses("103", pps=10, make=0.4)
    await iryna.wait_ringing(5)
    await check_ring_delay(report, iryna, dialled, "last pulse to ringing, s")
    await iryna.lift()
    await say(report, old, iryna, speak_text(ANSWER, "en+m3"), "106 to 103")
    await iryna.hang_up()
    await old.wait_hears("busy", 5)
    await old.hang_up()
    record = await stage.next_record(known)
    check_record(report, record, direction="internal", caller="106", answered_by="103")


async def outside(stage: Stage, report: Report) -> None:
    """102 dials out over an exchange line: dial tone, number, progress, answer."""
    known = len(await stage.records())
    taras, line = stage.board.phone("FXS2"), stage.board.exchange_line("FXO1")
    await taras.lift()
    await taras.wait_hears("dial", 5)
    await taras.dial("9" + OUTSIDE_NUMBER)
    await line.wait_seized(8)
    report.say("FXO1 is seized; the exchange gives dial tone")
    dialled = await line.wait_dialled(OUTSIDE_NUMBER, 10)
    report.check("number sent to the exchange", dialled, dialled == OUTSIDE_NUMBER)
    await line.ring_back()
    heard_s = await taras.wait_hears("ringback", 10)
    report.check("ringback heard after, s", heard_s, heard_s <= 5.0, "at most 5")
    await line.answer(polarity=True)
    await say(report, taras, line, speak_text(QUESTION, "en+m3"), "102 to outside")
    await say(report, line, taras, speak_text(ANSWER, "en+f3"), "outside to 102")
    await taras.hang_up()
    released_s = await line.released(4)
    report.check("exchange line released after, s", released_s, released_s < 2.0, "under 2")
    record = await stage.next_record(known)
    check_record(report, record, direction="out", caller="102", called=OUTSIDE_NUMBER)
