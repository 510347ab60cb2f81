# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from drivers.linecard import frame, hello, link
from drivers.linecard.hello import Identity
from drivers.linecard.link import ACK, CLOSED, DATA, NAK, OPEN, OPENING, RESET, WINDOW, Link

HOST = Identity(5, "box", "rev", "host")
CARD = Identity(5, "card", "rev", "serial")


def bodies(data: bytes) -> list[bytes]:
    return frame.Decoder().feed(data, len(data))


def kinds(data: bytes) -> list[int]:
    return [body[0] for body in bodies(data)]


def give(end: Link, data: bytes, now_ms: int) -> None:
    end.feed(data, len(data), now_ms)


def give_body(end: Link, *body: int | bytes, now_ms: int = 0) -> None:
    whole = b"".join(part if isinstance(part, bytes) else bytes((part,)) for part in body)
    give(end, frame.encode(whole), now_ms)


def events(end: Link) -> list[object]:
    return list(iter(end.next_event, None))


@pytest.fixture
def ends() -> tuple[Link, Link]:
    """Host and card in a session, everything taken out."""
    host, card = Link(HOST, 3_000), Link(CARD, 2_000)
    host.open(7, 0)
    give(card, host.take_output(0), 0)
    give(host, card.take_output(0), 0)
    assert [type(e) for e in events(host) + events(card)] == [link.Up, link.Up]
    return host, card


def test_each_end_learns_who_the_other_is() -> None:
    host, card = Link(HOST, 3_000), Link(CARD, 2_000)
    host.open(7, 0)
    assert host.state == OPENING
    give(card, host.take_output(0), 0)
    give(host, card.take_output(0), 0)
    (host_up,), (card_up,) = events(host), events(card)
    assert isinstance(host_up, link.Up)
    assert isinstance(card_up, link.Up)
    assert (host_up.identity, card_up.identity) == (CARD, HOST)
    assert (host.state, card.state) == (OPEN, OPEN)


def test_the_hello_is_repeated_until_answered() -> None:
    host = Link(HOST, 3_000)
    host.open(7, 0)
    first = host.take_output(0)
    assert host.next_timeout_ms() == link.HELLO_MS
    host.on_timer(link.HELLO_MS - 1)
    assert host.take_output(link.HELLO_MS - 1) == b""
    host.on_timer(link.HELLO_MS)
    assert host.take_output(link.HELLO_MS) == first


def test_another_message_set_is_refused_at_both_ends() -> None:
    host, card = Link(HOST, 3_000), Link(CARD._replace(schema=6), 2_000)
    host.open(7, 0)
    give(card, host.take_output(0), 0)
    give(host, card.take_output(0), 0)
    (host_event,), (card_event,) = events(host), events(card)
    assert isinstance(host_event, link.Refused)
    assert isinstance(card_event, link.Refused)
    assert host_event.identity.software == "card"
    assert (host.state, card.state) == (CLOSED, CLOSED)
    assert host.next_timeout_ms() is None


def test_an_answer_to_an_older_call_is_not_ours() -> None:
    host, card = Link(HOST, 3_000), Link(CARD, 2_000)
    host.open(7, 0)
    give(card, host.take_output(0), 0)
    host.open(8, 10)
    host.take_output(10)
    give(host, card.take_output(10), 10)
    assert host.state == OPENING


def test_nothing_is_sent_without_a_session() -> None:
    host = Link(HOST, 3_000)
    assert host.send(b"x", 0) is False
    host.on_timer(10_000)
    assert host.take_output(10_000) == b""


def test_messages_are_acknowledged_and_forgotten(ends: tuple[Link, Link]) -> None:
    host, card = ends
    assert host.send(b"one", 10)
    give(card, host.take_output(10), 12)
    assert events(card) == [b"one"]
    answer = card.take_output(12)
    assert bodies(answer) == [bytes((ACK, 0, 1))]
    give(host, answer, 14)
    host.on_timer(200)
    assert host.take_output(200) == b""


def test_the_window_holds_back(ends: tuple[Link, Link]) -> None:
    host, card = ends
    for n in range(WINDOW + 3):
        host.send(bytes((n,)), 0)
    output = host.take_output(0)
    assert kinds(output) == [DATA] * WINDOW
    give(card, output, 1)
    give(host, card.take_output(1), 2)
    assert kinds(host.take_output(2)) == [DATA] * 3


def test_retransmission_backs_off(ends: tuple[Link, Link]) -> None:
    host, _ = ends
    host.send(b"lost", 0)
    host.take_output(0)
    sent = []
    for now_ms in range(2_000):
        if now_ms % 500 == 0:
            give_body(host, ACK, 0, 0, now_ms=now_ms)
        host.on_timer(now_ms)
        if DATA in kinds(host.take_output(now_ms)):
            sent.append(now_ms)
    assert sent == [60, 180, 420, 900, 1380, 1860]


def test_a_gap_is_told_once_and_mended_at_once(ends: tuple[Link, Link]) -> None:
    host, card = ends
    for n in range(4):
        host.send(bytes((n,)), 0)
    frames = [frame.encode(body) for body in bodies(host.take_output(0))]
    give(card, b"".join(frames[1:]), 1)
    answer = card.take_output(1)
    assert kinds(answer) == [NAK]
    give(host, answer, 2)
    give(card, host.take_output(2), 3)
    assert events(card) == [bytes((n,)) for n in range(4)]


def test_a_repeated_message_is_taken_once(ends: tuple[Link, Link]) -> None:
    host, card = ends
    host.send(b"one", 0)
    output = host.take_output(0)
    give(card, output, 1)
    card.take_output(1)
    give(card, output, 2)
    assert events(card) == [b"one"]
    assert kinds(card.take_output(2)) == [ACK]


def test_a_refusal_with_nothing_under_way_is_harmless(ends: tuple[Link, Link]) -> None:
    host, _ = ends
    give_body(host, NAK, 0, 0)
    assert host.take_output(0) == b""


def test_an_acknowledgement_of_what_was_never_sent_is_ignored(ends: tuple[Link, Link]) -> None:
    host, card = ends
    host.send(b"one", 0)
    give_body(host, ACK, 0, 9)
    host.take_output(0)
    host.on_timer(link.RETRANSMIT_MS)
    assert kinds(host.take_output(link.RETRANSMIT_MS)) == [DATA]
    assert card.state == OPEN


def test_an_idle_end_gives_a_sign_of_life(ends: tuple[Link, Link]) -> None:
    host, card = ends
    assert card.next_timeout_ms() == link.HEARTBEAT_MS
    card.on_timer(link.HEARTBEAT_MS)
    assert kinds(card.take_output(link.HEARTBEAT_MS)) == [ACK]
    assert host.state == OPEN


def test_silence_ends_the_session(ends: tuple[Link, Link]) -> None:
    _, card = ends
    card.on_timer(1_999)
    assert card.state == OPEN
    card.on_timer(2_000)
    (down,) = events(card)
    assert isinstance(down, link.Down)
    assert down.reason == "nothing was heard for 2000 ms"
    assert card.state == CLOSED


@pytest.mark.parametrize("kind", [DATA, ACK, NAK])
def test_any_valid_frame_feeds_the_watchdog(ends: tuple[Link, Link], kind: int) -> None:
    _, card = ends
    give_body(card, kind, 0, 0, b"x" if kind == DATA else b"", now_ms=1_900)
    card.on_timer(3_800)
    assert card.state == OPEN


def test_a_repeated_hello_feeds_it_too_and_changes_nothing(ends: tuple[Link, Link]) -> None:
    host, card = ends
    host.send(b"one", 0)
    give(card, host.take_output(0), 0)
    events(card)
    caller = Link(HOST, 3_000)
    caller.open(7, 0)
    give(card, caller.take_output(0), 1_900)
    card.on_timer(3_800)
    assert card.state == OPEN
    assert events(card) == []


def test_a_card_that_restarted_says_so_to_the_first_frame(ends: tuple[Link, Link]) -> None:
    host, _ = ends
    fresh = Link(CARD, 2_000)
    host.send(b"one", 0)
    give(fresh, host.take_output(0), 1)
    answer = fresh.take_output(1)
    assert kinds(answer) == [RESET]
    give(host, answer, 2)
    (down,) = events(host)
    assert isinstance(down, link.Down)
    assert down.reason == "the other end has no session"


def test_a_reset_of_an_older_session_does_not_disturb_a_call() -> None:
    host = Link(HOST, 3_000)
    host.open(7, 0)
    give_body(host, RESET, 0, 0)
    assert host.state == OPENING


def test_a_host_that_restarted_begins_anew(ends: tuple[Link, Link]) -> None:
    _, card = ends
    card.send(b"for the old host", 0)
    card.take_output(0)
    new = Link(HOST, 3_000)
    new.open(8, 10)
    give(card, new.take_output(10), 10)
    give(new, card.take_output(10), 10)
    assert [type(e) for e in events(card)] == [link.Up]
    card.send(b"for the new host", 20)
    give(new, card.take_output(20), 20)
    assert [e for e in events(new) if isinstance(e, bytes)] == [b"for the new host"]


def test_a_full_queue_ends_the_session(ends: tuple[Link, Link]) -> None:
    host, card = ends
    for _ in range(link.QUEUE_LIMIT):
        assert card.send(b"fact", 0)
    assert card.send(b"one too many", 0) is False
    assert [type(e) for e in events(card)] == [link.Down]
    output = card.take_output(0)
    assert kinds(output)[-1] == RESET
    give(host, output, 0)
    assert host.state == CLOSED


def test_two_hosts_on_one_line() -> None:
    host, other = Link(HOST, 3_000), Link(HOST, 3_000)
    host.open(7, 0)
    other.open(8, 0)
    give(host, other.take_output(0), 0)
    assert host.state == OPENING
    assert host.peer_errors == 1


@pytest.mark.parametrize(
    "body",
    [b"\x04", b"\x04\x00", bytes((99, 0, 0)), b"\x01\x00\x00", b"\x02\x00\x00abcdefghij"],
)
def test_sound_frames_without_sense_are_counted(ends: tuple[Link, Link], body: bytes) -> None:
    host, _ = ends
    give_body(host, body)
    assert host.peer_errors == 1
    assert host.state == OPEN
    assert events(host) == []


def test_a_hello_always_fits_a_frame() -> None:
    longest = Identity(2**32 - 1, "v" * 99, "r" * 99, "s" * 99)
    host, card = Link(longest, 3_000), Link(CARD._replace(schema=longest.schema), 2_000)
    host.open(2**32 - 1, 0)
    give(card, host.take_output(0), 0)
    (up,) = events(card)
    assert isinstance(up, link.Up)
    assert up.identity == hello.unpack(hello.pack(longest))
