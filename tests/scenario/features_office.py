# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwards, refused numbers, voicemail, keys over lines, callers without a number, glare."""

from __future__ import annotations

import asyncio

import numpy as np

from board.sim.audio import BLOCK
from board.sim.client import Samples, Telephone
from board.sim.dtmf import DtmfReceiver
from board.sim.measure import compare
from board.sim.voices import speak_text
from tests.scenario.desk import (
    SOON_S,
    answer,
    dial,
    in_talk,
    number_sent,
    put_down,
    record_of,
    side_by_side,
)
from tests.scenario.hearing import hears, they_talk
from tests.scenario.scene import Scene

DIRECT = """\
[schemes.eighth]
start = "serhii"
[schemes.eighth.blocks.serhii]
kind = "person"
person = "108"
otherwise = "sorry"
[schemes.eighth.blocks.sorry]
kind = "announce"
prompt = "closed"

[schemes.seventh]
start = "natalia"
[schemes.seventh.blocks.natalia]
kind = "person"
person = "107"
otherwise = "sorry"
[schemes.seventh.blocks.sorry]
kind = "announce"
prompt = "closed"

[schemes.main]"""
CHANGES = {
    r'^extension = "102"$': 'extension = "102"\nmailbox = true\npin = "1102"\nanswer_time_s = 4',
    r'^extension = "107"$': 'extension = "107"\nanswer_time_s = 5',
    r'^scheme = "main"\nnumber = "0445550101"$': 'scheme = "eighth"\nnumber = "0445550101"',
    r'^scheme = "main"\nnumber = "0445550102"$': 'scheme = "seventh"\nnumber = "0445550102"',
    r'^scheme = "main"\nnumber = "0445550104"$': 'scheme = "seventh"\nnumber = "0445550104"',
    r"^\[schemes\.main\]$": DIRECT,
}
NUMBER = "0445559988"
MESSAGE = "This is Ivan. Call me about the broken kettle."
LONGEST_SESSION_MS = 40_000.0


async def code(phone: Telephone, digits: str) -> None:
    """Dial a feature code; the voice confirms, then comes busy tone."""
    await dial(phone, digits)
    await phone.wait_hears("speech", SOON_S)
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone)


async def _forward_always(scene: Scene) -> None:
    """*72 sends 105's calls to 103, *73 ends it."""
    away, caller, target = scene.phone(5), scene.phone(6), scene.phone(3)
    await code(away, "*72103")
    await dial(caller, "105")
    await target.wait_ringing(SOON_S)
    assert not await away.ringing()
    shown = await target.wait_display(SOON_S)
    assert shown["number"] == "106", shown
    await put_down(caller)
    await code(away, "*73")
    await dial(caller, "105")
    await away.wait_ringing(SOON_S)
    await put_down(caller)
    await record_of(scene, caller="106", called="105", answered=False)


async def _forward_busy(scene: Scene) -> None:
    """*90 sends 104's calls to 106 while he talks, *91 ends it: then the caller hears busy."""
    busy, caller, target = scene.phone(4), scene.phone(5), scene.phone(6)
    await code(busy, "*90106")
    await busy.lift()
    await dial(caller, "104")
    await target.wait_ringing(SOON_S)
    await put_down(caller, busy)
    await code(busy, "*91")
    await busy.lift()
    await dial(caller, "104")
    await caller.wait_hears("busy", SOON_S)
    await put_down(caller, busy)


async def _forward_no_answer(scene: Scene) -> None:
    """*92 sends 107's caller to 108 after 107's 5 s, *93 ends it."""
    line, away, target = scene.line(2), scene.phone(7), scene.phone(8)
    await code(away, "*92108")
    await line.call("0501234567")
    await away.wait_ringing(SOON_S)
    assert 3 < await target.wait_ringing(SOON_S) < 7
    await target.lift()
    await in_talk(scene, "FXO2", "FXS8")
    await hears(line, target)
    await line.hang_up("polarity")
    await target.wait_hears("busy", SOON_S)
    await put_down(target)
    await code(away, "*93")
    record = await record_of(scene, line="FXO2")
    assert record["answered_by"] == "108" and record["forwards"], record


# ------------------------------------------------------------------ voicemail


async def _voicemail(scene: Scene) -> None:
    """103 leaves 102 a message; wrong PIN, right PIN, again, save; later delete."""
    owner, caller = scene.phone(2), scene.phone(3)
    words = await _leave_message(caller)
    await put_down(caller)
    await owner.lift()
    await owner.wait_hears("stutter", SOON_S)
    await owner.dial("*97")
    await asyncio.sleep(0.5)
    await owner.dial("9999#")
    await asyncio.sleep(0.5)
    ear = await owner.listen()
    await owner.dial("1102#")
    await asyncio.sleep(len(words) / 8000 + 11.0)
    await owner.dial("1")
    heard, _ = await ear.stop()
    assert compare(words, heard, max_delay_ms=LONGEST_SESSION_MS).correlation > 0.8
    ear = await owner.listen()
    await asyncio.sleep(len(words) / 8000 + 5.0)
    await owner.dial("2")
    heard, _ = await ear.stop()
    again = compare(words, heard, max_delay_ms=LONGEST_SESSION_MS)
    assert again.correlation > 0.8, again
    await asyncio.sleep(0.5)
    await put_down(owner)
    await dial(owner, "*97")  # plain dial tone: nothing new
    await asyncio.sleep(0.5)
    await owner.dial("1102#")
    await asyncio.sleep(3.0)
    await owner.dial("3")
    await asyncio.sleep(1.0)
    await put_down(owner)
    record = await record_of(scene, caller="103", called="102")
    assert record["mailbox"] == "102" and record["message_s"] > 2, record
    assert not list((scene.stage.run_dir / "data").rglob("102/*.wav")), "deleted"


async def _leave_message(caller: Telephone) -> Samples:
    await dial(caller, "102")
    await caller.wait_hears("speech", 20)
    await caller.wait_hears("tone", 20)
    await asyncio.sleep(0.7)
    words = speak_text(MESSAGE, "en+m4")
    await caller.speak(words)
    await caller.speech_done()
    await asyncio.sleep(0.3)
    return words


async def _numbers_that_lead_nowhere(scene: Scene) -> None:
    """An announcement, then the tones that say why; and busy for a telephone in use."""
    phone, other = scene.phone(5), scene.phone(6)
    await dial(phone, "199")
    await phone.wait_hears("speech", SOON_S)
    await phone.wait_hears("tone", SOON_S)
    await put_down(phone)
    await other.lift()
    await dial(phone, "106")
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone, other)
    record = await record_of(scene, caller="105", called="106")
    assert record["cause"] == 17, record


async def _callers_without_number(scene: Scene) -> None:
    """No burst, withheld, number and name: the record says why, the telephone shows it."""
    line, phone = scene.line(4), scene.phone(7)
    for number, name, display, absence in (
        ("", "", {"absence": "unavailable"}, "out of area"),
        ("private", "", {"absence": "private"}, "private"),
        ("0501234567", "Ivan", {"number": "0501234567", "name": "Ivan"}, ""),
    ):
        await line.call(number, name)
        await phone.wait_ringing(SOON_S)
        shown = await phone.wait_display(SOON_S)
        assert display.items() <= shown.items(), shown
        await line.stop_calling()
        await phone.wait_not_ringing(SOON_S)
        record = await record_of(scene, caller=number.strip("private"), absence=absence)
        assert record["caller_name"] == name, record


# ------------------------------------------------------------------ exchange lines


async def _no_caller_id(scene: Scene) -> None:
    """Without any burst the record says that none came."""
    line, phone = scene.line(4), scene.phone(7)
    await line.options(caller_id="none")
    await line.call("0501234567")
    await answer(phone)
    await in_talk(scene, "FXO4", "FXS7")
    await line.hang_up("dial-tone")
    await phone.wait_hears("busy", SOON_S)
    await put_down(phone)
    await line.options(caller_id="fsk")
    await record_of(scene, line="FXO4", absence="no caller-ID burst")


async def _keys_over_the_line(scene: Scene) -> None:
    """RFC 4733 keys of a SIP phone are tones at the far end, each once; analog keys too."""
    line = scene.line(1)
    async with scene.stage.sip_phones("109") as sip:
        await sip.dial("109", f"9{NUMBER}")
        await number_sent(line, NUMBER)
        await line.answer(polarity=True)
        await in_talk(scene, "sip:109", "FXO1")
        ear = await line.listen()
        await sip.press("109", "1590#")
        await asyncio.sleep(2.5)
        heard, _ = await ear.stop()
        assert keys_in(heard) == "1590#"
        await sip.hang_up("109")
        await line.released(SOON_S)


def keys_in(sound: Samples) -> str:
    """The keys that a receiver finds in a recording."""
    receiver = DtmfReceiver()
    blocks = sound[: len(sound) // BLOCK * BLOCK].astype(np.float32).reshape(-1, BLOCK)
    return "".join(receiver.feed(block) for block in blocks)


async def _analog_keys(scene: Scene) -> None:
    """Keys of an analog telephone pass as they are, none doubled."""
    phone, line = scene.phone(1), scene.line(1)
    await dial(phone, f"9{NUMBER}")
    await number_sent(line, NUMBER)
    await line.answer(polarity=True)
    await in_talk(scene, "FXS1", "FXO1")
    ear = await line.listen()
    await phone.dial("246*")
    await asyncio.sleep(0.5)
    heard, _ = await ear.stop()
    assert keys_in(heard) == "246*"
    await put_down(phone)
    await line.released(SOON_S)


async def _glare_and_dead_line(scene: Scene) -> None:
    """FXO1 is taken by a caller before it rings: he is served; FXO2 gives no dial tone: FXO3."""
    phone, taken, dead, good = scene.phone(1), scene.line(1), scene.line(2), scene.line(3)
    await dead.options(dial_tone=False)
    await taken.call("0501234567", first_ring_delay_s=30)
    await dial(phone, f"9{NUMBER}")
    await taken.wait_answered(SOON_S)
    await taken.speak(speak_text("Hello? Hello, is anybody there?", "en+m4"))
    await dead.wait_seized(SOON_S)
    await number_sent(good, NUMBER)
    assert "FXO2" in await scene.alarm("dial-tone:FXO2")
    await good.answer(polarity=True)
    await in_talk(scene, "FXS1", "FXO3")
    await they_talk(phone, good)
    agent = scene.phone(8)
    await answer(agent)
    await in_talk(scene, "FXS8", "FXO1")
    await they_talk(agent, taken)
    await taken.hang_up("busy-tone")
    await taken.released(6)
    await put_down(phone)
    await agent.wait_hears("busy", SOON_S)
    await put_down(agent)
    out = await record_of(scene, direction="out", caller="101")
    assert (out["out_line"], out["answered"]) == ("FXO3", True), out
    came = await record_of(scene, direction="in", line="FXO1")
    assert came["absence"] == "answered before the first ring", came
    await dead.options(dial_tone=True)
    await scene.line(1).options(dial_tone=False)
    await dial(phone, f"9{NUMBER}")
    await number_sent(dead, NUMBER)
    await scene.no_alarm("dial-tone:FXO2")
    await put_down(phone)
    await scene.line(1).options(dial_tone=True)


async def mailbox_forwards_keys(scene: Scene) -> None:
    """A mailbox, forwards and wrong numbers, keys to the outside, on telephones of their own."""

    async def busy_and_wrong() -> None:
        await _forward_busy(scene)
        await _numbers_that_lead_nowhere(scene)

    async def keys() -> None:
        await _keys_over_the_line(scene)
        await _analog_keys(scene)

    await side_by_side(_voicemail(scene), busy_and_wrong(), _forward_no_answer(scene), keys())


async def glare_callers_forward(scene: Scene) -> None:
    """Lines that are taken or dead, callers without number, a forward of every call."""

    async def callers() -> None:
        await _callers_without_number(scene)
        await _no_caller_id(scene)

    await side_by_side(_glare_and_dead_line(scene), _forward_always(scene), callers())
