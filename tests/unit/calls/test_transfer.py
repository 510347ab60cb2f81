# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold, consult, transfer, recall, pickup, forwards."""

from __future__ import annotations

import pytest

from firmware.effects import Originate
from firmware.events import LegHeld, LegResumed, LegTransferRequested
from firmware.values import Cause, RingClass
from tests.unit.calls.world import World


def talking(w: World | None = None, line: str = "FXO1") -> World:
    """An outside caller talks to 202."""
    w = w or World()
    w.arrive(line)
    w.keys(line, "202")
    w.run(2)
    w.answer("FXS2")
    w.run(5)
    assert w.talk(line, "FXS2")
    return w


def test_flash_holds_with_music_and_gives_dial_tone() -> None:
    w = talking()
    w.flash("FXS2")
    assert w.hears("FXO1") == "hold_music" and w.hears("FXS2") == "dial"
    w.flash("FXS2")
    assert w.talk("FXO1", "FXS2")
    assert [e["by"] for e in w.events("held")] == ["called"]
    assert len(w.events("resumed")) == 1


def test_consult_then_hang_up_transfers() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "203")
    assert w.hears("FXS2") == "ringback" and w.hears("FXO1") == "hold_music"
    w.answer("FXS3")
    assert w.talk("FXS2", "FXS3")
    w.hang_up("FXS2")
    assert w.talk("FXO1", "FXS3")
    w.hang_up("FXO1")
    w.hang_up("FXS3")
    assert w.over()
    assert w.events("transferred") == [{"by": "202", "to": "203", "kind": "consult"}]


def test_flash_in_a_consultation_drops_the_last_party() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "203")
    w.answer("FXS3")
    w.flash("FXS2")
    assert w.talk("FXO1", "FXS2") and w.hears("FXS3") == "busy"
    w.flash("FXS2")
    w.dial("FXS2", "201")
    w.flash("FXS2")
    assert w.talk("FXO1", "FXS2") and w.ringing() == set()


def test_the_consulted_one_hangs_up_and_the_held_one_is_back() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "203")
    w.answer("FXS3")
    w.hang_up("FXS3")
    assert w.talk("FXO1", "FXS2")


def test_a_consultation_that_fails_is_explained_and_the_held_one_is_back() -> None:
    w = talking()
    w.lift("FXS4")
    w.flash("FXS2")
    w.dial("FXS2", "204")
    assert w.hears("FXS2") == "extension_busy"
    w.run(2)
    assert w.talk("FXO1", "FXS2")
    w.flash("FXS2")
    w.dial("FXS2", "88")
    assert w.hears("FXS2") == "number_unavailable"
    w.run(2)
    assert w.talk("FXO1", "FXS2")


def test_no_number_goes_back_to_the_held_one() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "")
    assert w.talk("FXO1", "FXS2")


def test_the_held_one_hangs_up_and_the_consultation_goes_on() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "203")
    w.hang_up("FXO1")
    w.answer("FXS3")
    assert w.talk("FXS2", "FXS3")
    w.hang_up("FXS2")
    assert w.hears("FXS3") == "busy"


def test_the_held_one_hangs_up_during_dial_tone() -> None:
    w = talking()
    w.flash("FXS2")
    w.hang_up("FXO1")
    assert w.hears("FXS2") == "dial"
    w.dial("FXS2", "203")
    assert w.ringing() == {"FXS3"}
    w.hang_up("FXS2")
    assert w.over()


def test_blind_transfer_while_it_rings() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "204")
    w.hang_up("FXS2")
    assert w.hears("FXO1") == "ringback" and w.ringing() == {"FXS4"}
    w.answer("FXS4")
    assert w.talk("FXO1", "FXS4")
    assert w.events("transferred") == [{"by": "202", "to": "204", "kind": "blind"}]
    w.hang_up("FXO1")
    w.hang_up("FXS4")
    assert w.over()


def test_a_blind_transfer_that_fails_calls_back() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "204")
    w.hang_up("FXS2")
    w.run(26)
    assert w.ringing() == {"FXS2"}
    ring = [e for e in w.effects if isinstance(e, Originate)][-1]
    assert ring.ring_class is RingClass.RECALL and ring.caller.number == "0501234567"
    w.answer("FXS2")
    assert w.talk("FXO1", "FXS2")


def test_nobody_takes_the_recall_and_the_caller_is_told() -> None:
    w = talking()
    w.flash("FXS2")
    w.hang_up("FXS2")
    assert w.ringing() == {"FXS2"} and w.hears("FXO1") == "ringback"
    w.run(31)
    assert w.hears("FXO1") == "transfer_failed"
    w.run(3)
    assert w.over()


def test_hang_up_during_an_announcement_calls_back() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "88")
    w.hang_up("FXS2")
    assert w.ringing() == {"FXS2"}


def test_the_recalled_telephone_is_busy() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "204")
    w.hang_up("FXS2")
    w.lift("FXS2")
    w.run(30)
    assert w.hears("FXO1") == "transfer_failed"


def test_transfer_into_a_queue_outside_and_a_scheme() -> None:
    w = talking()
    w.flash("FXS2")
    w.dial("FXS2", "600")
    w.hang_up("FXS2")
    assert w.hears("FXO1") == "hold_music" and "FXS2" in w.ringing()
    assert [left["why"] for left in w.events("left-queue")] == ["transferred"]
    assert len(w.events("queued")) == 2  # once in each record
    w.answer("FXS1")
    w.run(2)
    w.flash("FXS1")
    w.dial("FXS1", "90501112233")
    assert w.ringing() == {"FXO2"} and w.talk("FXS1", "FXO2")
    w.hang_up("FXS1")
    assert w.talk("FXO1", "FXO2")
    w.answer("FXO2")
    assert w.talk("FXO1", "FXO2")
    w.hang_up("FXO2")
    assert w.over()


def test_transfer_to_a_sip_trunk_that_rings() -> None:
    w = talking()
    w.service("FXO2", False)
    w.flash("FXS2")
    w.dial("FXS2", "90501112233")
    assert w.ringing() == {"itsp"}
    w.hang_up("FXS2")
    assert w.hears("FXO1") == "ringback"
    w.hang_up("FXO1")
    assert w.over()


def test_the_caller_transfers_too() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS1")
    w.dial("FXS1", "203")
    w.answer("FXS3")
    w.hang_up("FXS1")
    assert w.talk("FXS2", "FXS3")
    w.hang_up("FXS3")
    assert w.events("ended")[-1] == {"cause": 16, "by": "caller"}


def test_flash_of_a_held_party_does_nothing() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS1")
    w.flash("FXS2")
    assert w.hears("FXS2") == "hold_music"


@pytest.mark.parametrize("number", ["90501112233", "999", "*97", "202"])
def test_flash_with_nobody_there_is_a_short_hang_up(number: str) -> None:
    """A line being dialled, an announcement, the mailbox, somebody who rings."""
    w = World()
    w.dial("FXS1", number)
    w.flash("FXS1")
    assert w.hears("FXS1") == "dial" and w.ringing() == set()
    assert [event["by"] for event in w.events("ended")] == ["caller"]
    w.flash("FXS1")
    assert w.hears("FXS1") == "dial"
    w.dial("FXS1", "203")
    w.answer("FXS3")
    assert w.talk("FXS1", "FXS3")
    w.hang_up("FXS1")
    w.hang_up("FXS3")
    assert w.over()


def test_a_message_is_kept_when_its_caller_starts_over() -> None:
    w = World()
    w.dial("FXS1", "203")
    w.run(40)
    assert w.on("FXS1").record is not None, "he speaks to the mailbox"
    w.flash("FXS1")
    w.run(1)
    assert w.events("message") and w.hears("FXS1") == "dial"


def test_both_consult_and_nothing_is_left_behind() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.answer("FXS2")
    w.flash("FXS1")
    w.dial("FXS1", "203")
    w.answer("FXS3")
    w.flash("FXS3")
    w.hang_up("FXS1")
    assert w.ringing() == {"FXS1"}
    assert w.hears("FXS3") == "dial"
    for line in ("FXS2", "FXS3"):
        w.hang_up(line)
    assert w.over()


def test_flash_right_after_the_answer_confirms_it() -> None:
    w = World()
    w.arrive("FXO1")
    w.run(9)
    w.answer("FXS1")
    w.flash("FXS1")
    assert w.ringing() == set() and w.hears("FXO1") == "hold_music"


# ------------------------------------------------------------------ SIP


def sip_talk(w: World) -> int:
    leg = w.dial("sip:205", "202")
    w.answer("FXS2")
    assert w.talk("sip:205", "FXS2")
    return leg


def test_a_sip_phone_holds_and_resumes() -> None:
    w = World()
    leg = sip_talk(w)
    w.tell(LegHeld(leg))
    assert w.hears("FXS2") == "hold_music"
    w.tell(LegHeld(leg))
    w.tell(LegResumed(leg))
    assert w.talk("sip:205", "FXS2")
    w.tell(LegResumed(leg), LegHeld(999), LegResumed(999), LegTransferRequested(999, "1"))
    assert w.talk("sip:205", "FXS2")


def test_hold_without_a_call_is_nothing() -> None:
    w = World()
    leg = w.lift("FXS1")
    w.tell(LegHeld(leg), LegTransferRequested(leg, "202"))
    assert w.hears("FXS1") == "nothing"


def test_a_sip_phone_refers_its_party() -> None:
    w = World()
    leg = sip_talk(w)
    w.tell(LegHeld(leg), LegTransferRequested(leg, "203"))
    assert w.ringing() == {"FXS3"} and w.hears("FXS2") == "ringback"
    assert w.on("sip:205") is None
    w.answer("FXS3")
    assert w.talk("FXS2", "FXS3")


def test_a_refer_to_nowhere_changes_nothing() -> None:
    w = World()
    leg = sip_talk(w)
    w.tell(LegTransferRequested(leg, "88"))
    assert w.talk("sip:205", "FXS2")
    assert w.events("transfer-refused")[0]["number"] == "88"


def test_a_refer_while_the_other_side_consults_is_void() -> None:
    w = World()
    leg = sip_talk(w)
    w.flash("FXS2")
    w.tell(LegTransferRequested(leg, "203"))
    assert w.ringing() == set()


def test_a_refer_that_fails_calls_back() -> None:
    w = World()
    leg = sip_talk(w)
    w.lift("FXS4")
    w.tell(LegTransferRequested(leg, "204"))
    w.run(1)
    assert w.ringing() == {"sip:205"}


# ------------------------------------------------------------------ pickup


def test_pickup_of_an_extension() -> None:
    w = World()
    w.dial("FXS1", "202")
    w.run(4)
    w.dial("FXS3", "*8202")
    assert w.talk("FXS1", "FXS3") and w.ringing() == set()
    assert w.events("offer-ended")[0]["why"] == "picked-up"
    w.hang_up("FXS3")
    w.hang_up("FXS1")
    assert w.over()


def test_pickup_in_the_group_takes_a_queue_caller() -> None:
    w = World()
    w.arrive("FXO2")
    w.dial("FXS4", "*8")
    assert w.talk("FXO2", "FXS4") and w.ringing() == set()


@pytest.mark.parametrize(("line", "number"), [("FXS3", "*8"), ("FXS3", "*8204"), ("sip:206", "*8")])
def test_nothing_to_pick_up(line: str, number: str) -> None:
    w = World()
    w.dial("FXS1", "202")
    w.dial(line, number)
    assert w.hears(line) == "number_unavailable"
    assert w.ringing() == {"FXS2"}


# ------------------------------------------------------------------ forwards


def test_forward_always_set_and_cleared_by_code() -> None:
    w = World()
    w.dial("FXS2", "*72203")
    assert w.hears("FXS2") == "feature_on"
    w.run(3)
    w.hang_up("FXS2")
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS3"}
    w.hang_up("FXS1")
    w.dial("FXS2", "*73")
    w.run(3)
    w.hang_up("FXS2")
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS2"}


def test_forward_on_busy_and_on_no_answer() -> None:
    w = World(settings={"forward-busy/202": "203", "forward-no-answer/202": "90501112233"})
    w.dial("FXS1", "202")
    w.run(26)
    assert w.ringing() == {"FXO1"}
    w.hang_up("FXS1")
    w.lift("FXS2")
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS3"}
    assert [e["why"] for e in w.events("forwarded")] == ["no-answer", "busy"]


def test_forwards_in_a_circle_ring_the_last_one() -> None:
    w = World(settings={"forward-always/202": "203", "forward-always/203": "202"})
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS2"}


def test_a_forward_to_nowhere_is_no_forward() -> None:
    w = World(settings={"forward-always/202": "88"})
    w.dial("FXS1", "202")
    assert w.ringing() == {"FXS2"}
    assert w.events("forward-failed")[0]["to"] == "88"


def test_a_forward_fails_and_the_scheme_goes_on() -> None:
    w = World(settings={"forward-always/201": "204"})
    w.lift("FXS4")
    w.arrive("itsp", called="380440000009")
    w.keys("itsp", "1")
    assert "beep" in w.hears("itsp")


def test_a_refused_call_gives_busy() -> None:
    w = World()
    w.dial("FXS1", "206")
    w.hang_up("sip:206", cause=Cause.REJECTED)
    assert w.hears("FXS1") == "busy"
