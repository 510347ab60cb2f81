# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands and events of the media socket."""

from __future__ import annotations

import pytest

from firmware.effects import CloseLeg, JoinBridge, OpenRtp, PlayFiles, StartRecording
from firmware.errors import PeerError
from firmware.events import HeldLeg, MediaDown, MediaFailed, MediaUp, PlayEnded, RecordEnded
from firmware.media.protocol import (
    COMMANDS,
    EVENTS,
    NO_LEG,
    GetSnapshot,
    MediaCommand,
    MediaSnapshot,
    command_lines,
    event_lines,
    failure,
    leg_of,
)
from firmware.values import LegId
from firmware.wire import encode


def test_commands_and_events_do_not_mix() -> None:
    assert not set(COMMANDS) & set(EVENTS)
    (refused,) = command_lines().feed(encode(MediaUp((), "127.0.0.1")))
    assert isinstance(refused, PeerError)
    (refused,) = event_lines().feed(encode(OpenRtp(LegId(1))))
    assert isinstance(refused, PeerError)


def test_media_down_is_never_sent() -> None:
    assert "MediaDown" not in EVENTS
    (refused,) = event_lines().feed(encode(MediaDown("nobody says this of himself")))
    assert isinstance(refused, PeerError)


def test_the_greeting_carries_held_legs_with_tags() -> None:
    held = HeldLeg(LegId(9), "rtp", -1, 4000, 2, '{"call": "c1"}')
    greeting = MediaUp((held,), "192.0.2.1")
    assert event_lines().feed(encode(greeting)) == [greeting]


@pytest.mark.parametrize(
    ("order", "leg"),
    [
        (CloseLeg(LegId(5)), LegId(5)),
        (JoinBridge(1, (LegId(6), LegId(7))), LegId(6)),
        (JoinBridge(1, ()), NO_LEG),
        (GetSnapshot(1), NO_LEG),
    ],
)
def test_a_failure_names_leg_and_order(order: MediaCommand, leg: LegId) -> None:
    assert leg_of(order) == leg
    assert failure(order, "Because.") == MediaFailed(leg, type(order).__name__, "Because.")


def test_what_cannot_be_played_or_recorded_has_ended() -> None:
    play = PlayFiles(LegId(5), 8, ("a.wav",))
    assert failure(play, "Because.") == PlayEnded(LegId(5), 8, "Because.")
    record = StartRecording(LegId(5), 9, "b.wav", 60.0)
    assert failure(record, "Because.") == RecordEnded(LegId(5), 9, "b.wav", 0.0, "Because.")


def test_snapshot_is_an_event_and_its_request_a_command() -> None:
    assert COMMANDS["GetSnapshot"] is GetSnapshot
    assert EVENTS["MediaSnapshot"] is MediaSnapshot
