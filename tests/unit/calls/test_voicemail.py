# SPDX-License-Identifier: GPL-2.0-or-later
"""Leaving messages and listening to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from firmware.calls.mailboxes import MAX_MESSAGES
from firmware.effects import (
    ClearAlarm,
    DeleteMessage,
    DiscardRecording,
    MarkMessage,
    RaiseAlarm,
    StopRecording,
    StoreMessage,
)
from firmware.events import PlayEnded, RecordEnded
from firmware.values import LegId, Message, Party
from tests.unit.calls.world import SUNDAY, World


def message(name: str, mailbox: str = "201", heard: bool = False, number: str = "05") -> Message:
    at = datetime(2026, 10, 25, 9, 0, tzinfo=UTC)
    return Message(name, mailbox, f"/mail/{mailbox}/{name}.wav", Party(number), 5.0, at, heard)


def of(w: World, kind: type) -> list:
    return [effect for effect in w.effects if isinstance(effect, kind)]


# ------------------------------------------------------------------ leaving


def test_no_answer_leads_to_the_mailbox_and_a_key_ends_the_recording() -> None:
    w = World()
    w.dial("FXS2", "203")
    w.run(26)
    assert w.hears("FXS2") == "leave_message_after_tone,beep"
    w.keys("FXS2", "5")
    assert w.hears("FXS2") == "beep"
    w.run(12)
    w.keys("FXS2", "#")
    assert w.hears("FXS2") == "message_recorded"
    w.keys("FXS2", "#")
    w.run(2)
    assert w.hears("FXS2") == "busy"
    [stored] = of(w, StoreMessage)
    assert stored.message.caller == Party("202", "Boris")
    assert stored.message.path.startswith("/mail/203/")
    assert stored.message.duration_s == pytest.approx(9.85)
    assert w.waiting["FXS3"]
    assert w.events("message")[0]["mailbox"] == "203"


def test_the_recording_is_trimmed_by_the_busy_tone() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(16)
    w.hang_up("FXO1", busy_tone_s=3.5)
    assert of(w, StopRecording)[0].trim_s == 3.5


def test_a_full_disk_is_told_to_the_caller_and_by_an_alarm() -> None:
    w = World(wall=SUNDAY)
    leg = w.arrive("FXO1")
    w.run(10)
    record, w.legs[leg].record = w.legs[leg].record, None
    assert record is not None
    w.tell(RecordEnded(leg, record.record, record.path, 3.0, "No space left on device"))
    assert w.hears("FXO1") == "message_not_recorded"
    [alarm] = of(w, RaiseAlarm)
    assert alarm.key == "voicemail" and "No space left on device. Make room" in alarm.text
    assert w.events("message-failed") and of(w, StoreMessage)[0].message.duration_s == 3.0
    w.run(30)
    w.arrive("FXO1")
    w.run(16)
    w.hang_up("FXO1")
    assert of(w, ClearAlarm) == [ClearAlarm("voicemail")]


def test_a_hang_up_at_the_beep_leaves_no_message() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(6.5)
    w.hang_up("FXO1")
    assert of(w, DiscardRecording) and not of(w, StoreMessage)
    assert w.over()


def test_a_hang_up_before_the_beep_records_nothing() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(3)
    w.hang_up("FXO1")
    assert not of(w, StopRecording) and w.over()


def test_the_longest_message_ends_by_itself() -> None:
    w = World(wall=SUNDAY)
    w.arrive("FXO1")
    w.run(6 + 181)
    assert w.hears("FXO1") == "message_recorded"
    w.run(10)
    assert of(w, StoreMessage)[0].message.duration_s == 180.0


def test_a_full_mailbox_is_told() -> None:
    full = tuple(message(f"m{n}", "205") for n in range(MAX_MESSAGES))
    w = World(messages=full)
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "#")
    w.run(0.1)
    assert "beep" not in w.hears("itsp") and not w.switch.empty
    w.run(30)
    assert w.over()


def test_media_that_never_ends_a_recording_hangs_nobody() -> None:
    w = World(wall=SUNDAY)
    w._stoprecording = lambda order: None
    w.arrive("FXO1")
    w.run(10)
    w.keys("FXO1", "#")
    w.legs[w.on("FXO1").id].record = None
    w.run(6)
    assert w.hears("FXO1") == "message_not_recorded"  # nobody knows
    w.run(300)
    assert w.over() and w.switch.next_timeout() is None
    assert w.events("message-lost") == [{"mailbox": "201"}]


def test_media_that_never_ends_the_prompt_hangs_nobody() -> None:
    w = World(wall=SUNDAY)
    leg = w.arrive("FXO1")
    w.run(2)
    w.legs[leg].play_ends = 0.0
    w.run(301)
    assert w.legs[leg].record is not None


def test_recordings_and_plays_of_nobody_are_void() -> None:
    w = World(wall=SUNDAY)
    leg = w.arrive("FXO1")
    w.run(2)
    w.tell(
        RecordEnded(LegId(9), 77, "/x.wav", 5.0, "closed"),
        PlayEnded(LegId(9), 5, ""),
        PlayEnded(leg, 999, ""),
    )
    assert w.hears("FXO1") == "closed_leave_message,beep"
    w.run(5)
    w.tell(RecordEnded(leg, 77, "/x.wav", 5.0, "closed"))
    assert w.legs[leg].record is not None


# ------------------------------------------------------------------ listening


def test_owner_listens_saves_and_deletes() -> None:
    w = World(messages=(message("one"), message("two", number="")))
    assert w.waiting["FXS1"]
    w.dial("FXS1", "*97")
    assert w.hears("FXS1") == "mailbox_enter_pin"
    w.keys("FXS1", "1234#")
    assert w.hears("FXS1") == "mailbox_new_messages,number_2"
    w.run(4)
    assert w.hears("FXS1") == (
        "mailbox_first_message,mailbox_message_from,digit_0,digit_5,one,mailbox_menu"
    )
    w.keys("FXS1", "1")
    assert w.hears("FXS1") == "mailbox_message_from,digit_0,digit_5,one,mailbox_menu"
    w.keys("FXS1", "9")
    assert w.hears("FXS1") == "mailbox_menu"
    w.keys("FXS1", "2")
    assert of(w, MarkMessage) == [MarkMessage("201", "one")]
    assert w.hears("FXS1").startswith("mailbox_saved,mailbox_next_message")
    assert "mailbox_unknown_caller" in w.hears("FXS1")
    w.keys("FXS1", "3")
    assert of(w, DeleteMessage) == [DeleteMessage("201", "two")]
    assert w.hears("FXS1") == "mailbox_deleted,mailbox_end,goodbye"
    assert not w.waiting["FXS1"]
    w.run(7)
    assert w.hears("FXS1") == "busy"
    w.hang_up("FXS1")
    assert w.over()
    assert not list(w.events("key")), "the PIN is not in the record"


def test_a_message_heard_without_a_key_is_kept() -> None:
    w = World(messages=(message("one"), message("old", heard=True)))
    w.dial("FXS1", "*97")
    w.keys("FXS1", "1234")
    w.run(3)
    assert w.hears("FXS1") == "mailbox_new_messages,number_1,mailbox_saved_messages,number_1"
    w.run(8 + 12 + 5.1)
    assert of(w, MarkMessage) == [MarkMessage("201", "one")]
    w.keys("FXS1", "2")
    assert of(w, MarkMessage) == [MarkMessage("201", "one")]


def test_wrong_pins_end_the_session() -> None:
    w = World(messages=(message("one"),))
    w.dial("FXS2", "*98201")
    for _ in range(3):
        assert "mailbox_enter_pin" in w.hears("FXS2")
        w.keys("FXS2", "9999#")
    assert w.hears("FXS2") == "mailbox_wrong_pin,goodbye"
    assert w.events("mailbox-refused") == [{"mailbox": "201"}]
    w.run(5)
    assert w.hears("FXS2") == "busy"


def test_no_pin_given_is_a_wrong_pin_and_somebody_else_may_know_it() -> None:
    w = World()
    w.dial("FXS2", "*98201")
    w.run(10.1)
    assert w.hears("FXS2") == "mailbox_wrong_pin,mailbox_enter_pin"
    w.keys("FXS2", "#")
    assert w.hears("FXS2") == "mailbox_wrong_pin,mailbox_enter_pin"
    w.keys("FXS2", "1234#")
    assert w.hears("FXS2") == "mailbox_no_messages,goodbye"


def test_no_mailbox_no_session() -> None:
    w = World()
    w.dial("FXS2", "*97")
    assert w.hears("FXS2") == "not_permitted"


def test_a_long_code_ends_by_itself() -> None:
    w = World()
    w.dial("FXS1", "*97")
    w.keys("FXS1", "1" * 16)
    assert w.hears("FXS1") == "mailbox_wrong_pin,mailbox_enter_pin"


def test_keys_before_the_prompt_count() -> None:
    w = World(messages=(message("one"),))
    w.dial("FXS1", "*97")
    w.keys("FXS1", "1234#3")
    assert w.hears("FXS1") == "mailbox_new_messages,number_1"
    w.run(4)
    assert of(w, DeleteMessage)


def test_a_message_gone_meanwhile_is_not_marked() -> None:
    w = World(messages=(message("one"), message("two")))
    w.dial("FXS1", "*97")
    w.keys("FXS1", "1234#")
    w.dial("FXS2", "*98201")
    w.keys("FXS2", "1234#3")
    w.run(4)
    w.keys("FXS1", "2")
    assert of(w, MarkMessage) == []


def test_waiting_sign_after_the_line_comes_into_service() -> None:
    w = World(messages=(message("one"),))
    w.waiting.clear()
    w.service("FXS1", False)
    w.service("FXS1", True)
    w.service("FXO1", True)
    assert w.waiting == {"FXS1": True}
