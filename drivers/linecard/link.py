# SPDX-License-Identifier: GPL-2.0-or-later
"""The card link as a machine without I/O, both ends. Runs on the host and on the card.

The host opens a session: HELLO with a session number until the card's WELCOME with the same one.
Then both send DATA with sequence numbers, at most WINDOW unacknowledged; every frame carries the
next sequence number its sender waits for; a gap is answered by NAK at once, silence by
retransmission with back-off (go-back-N: the line keeps order, so nothing is gained by more).
An end that has no session answers anything but a HELLO with RESET, so a card that restarted is
noticed within one frame. Any valid frame feeds the watchdog; an idle end sends ACK.

Times are integers in ms: the card's floats hold 24 bits. One instance per serial line; not
thread-safe.
"""

import struct

from drivers.linecard import frame, hello
from drivers.linecard.hello import Identity

HELLO, WELCOME, RESET, DATA, ACK, NAK = 1, 2, 3, 4, 5, 6

WINDOW = 8
QUEUE_LIMIT = 64  # a hook and its facts for each of 12 ports, several times over
HELLO_MS = 200  # repeated until answered
HEARTBEAT_MS = 500
RETRANSMIT_MS = 60  # a full window takes 15 ms at 460,800 bit/s; the card's pass 2 ms
RETRANSMIT_MAX_MS = 480

CLOSED, OPENING, OPEN = 0, 1, 2


class Up:
    """A session began; ``identity`` is the other end's."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity


class Down:
    """The session is over."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Refused:
    """The other end speaks another message set; there is no session."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity


class Link:
    """One end. ``silence_ms``: no valid frame for so long ends the session."""

    def __init__(self, identity: Identity, silence_ms: int) -> None:
        self.state = CLOSED
        self.peer_errors = 0  # sound frames that made no sense; decoder.errors counts the others
        self.decoder = frame.Decoder()
        self._identity = identity
        self._silence_ms = silence_ms
        self._session = 0
        self._events: list[Up | Down | Refused | bytes] = []
        self._output = bytearray()
        self._heard_ms = 0
        self._sent_ms = 0
        self._resume(0)

    def _resume(self, now_ms: int) -> None:
        """Both counters from zero, nothing queued."""
        self._queue: list[bytes] = []  # the first _in_flight of them are sent
        self._in_flight = 0
        self._base = 0  # sequence number of _queue[0]
        self._expected = 0
        self._owes_ack = False
        self._gap_told = False
        self._retransmit_ms = RETRANSMIT_MS
        self._resend_at_ms = now_ms
        self._heard_ms = now_ms

    # ------------------------------------------------------------------ in

    def open(self, session: int, now_ms: int) -> None:
        """Host: begin a session. ``session`` (1..2**32-1) must differ from the last process's."""
        self._resume(now_ms)
        self._session = session
        self.state = OPENING
        self._send_hello(HELLO, now_ms)

    def send(self, message: bytes, now_ms: int) -> bool:
        """Queue a message (1..64 bytes); False when there is no session.

        A queue that is full ends the session: the next one begins with whole port states, which
        is better than a stream of facts with a hole in it.
        """
        if self.state != OPEN:
            return False
        if len(self._queue) >= QUEUE_LIMIT:
            self._frame(RESET, b"", now_ms)
            self._close("too many messages are waiting")
            return False
        self._queue.append(message)
        self._fill_window(now_ms)
        return True

    def feed(self, data: bytes | bytearray, length: int, now_ms: int) -> None:
        """The first ``length`` bytes of ``data`` came in."""
        for body in self.decoder.feed(data, length):
            if len(body) < 3:
                self.peer_errors += 1
            else:
                self._take(body[0], body[1], body[2], body[3:], now_ms)

    def on_timer(self, now_ms: int) -> None:
        """Do what is due; harmless when nothing is."""
        if self.state == OPENING:
            if now_ms - self._sent_ms >= HELLO_MS:
                self._send_hello(HELLO, now_ms)
        elif self.state == OPEN:
            if now_ms - self._heard_ms >= self._silence_ms:
                self._close("nothing was heard for %d ms" % self._silence_ms)  # noqa: UP031
            elif self._in_flight and now_ms >= self._resend_at_ms:
                self._retransmit_ms = min(2 * self._retransmit_ms, RETRANSMIT_MAX_MS)
                self._resend(now_ms)
            elif now_ms - self._sent_ms >= HEARTBEAT_MS:
                self._frame(ACK, b"", now_ms)

    # ------------------------------------------------------------------ out

    def next_timeout_ms(self) -> int | None:
        """When on_timer wants to be called, None when never."""
        if self.state == OPENING:
            return self._sent_ms + HELLO_MS
        if self.state != OPEN:
            return None
        due = min(self._heard_ms + self._silence_ms, self._sent_ms + HEARTBEAT_MS)
        return min(due, self._resend_at_ms) if self._in_flight else due

    def next_event(self) -> Up | Down | Refused | bytes | None:
        """The next thing that happened; bytes are a message."""
        return self._events.pop(0) if self._events else None

    def take_output(self, now_ms: int) -> bytes:
        """Bytes to write; call after every feed, send and on_timer."""
        if self._owes_ack:
            self._frame(ACK, b"", now_ms)
        if not self._output:
            return b""
        output = bytes(self._output)
        self._output = bytearray()
        return output

    # ------------------------------------------------------------------ one frame

    def _take(self, kind: int, sequence: int, ack: int, payload: bytes, now_ms: int) -> None:
        if kind in (HELLO, WELCOME):
            self._take_hello(kind, payload, now_ms)
        elif kind == RESET:
            if self.state == OPEN:
                self._close("the other end has no session")
        elif kind not in (DATA, ACK, NAK):
            self.peer_errors += 1
        elif self.state == CLOSED:
            self._frame(RESET, b"", now_ms)
        elif self.state == OPEN:
            self._heard_ms = now_ms
            self._take_ack(ack, now_ms)
            if kind == DATA:
                self._take_data(sequence, payload, now_ms)
            elif kind == NAK and self._in_flight:
                self._resend(now_ms)

    def _take_hello(self, kind: int, payload: bytes, now_ms: int) -> None:
        try:
            identity = hello.unpack(payload[4:])
        except ValueError:
            self.peer_errors += 1
            return
        (session,) = struct.unpack("<I", payload[:4])
        if kind == HELLO:
            self._take_call(session, identity, now_ms)
        elif self.state == OPENING and session == self._session:
            self._begin(identity, now_ms)

    def _take_call(self, session: int, identity: Identity, now_ms: int) -> None:
        """Card: a host calls. The same session again means that our answer was lost."""
        if self.state == OPENING:
            self.peer_errors += 1  # two hosts on one line
            return
        if self.state == OPEN and session == self._session:
            self._heard_ms = now_ms
        else:
            self._session = session
            self._begin(identity, now_ms)
        self._send_hello(WELCOME, now_ms)

    def _begin(self, identity: Identity, now_ms: int) -> None:
        self._resume(now_ms)
        if identity.schema == self._identity.schema:
            self.state = OPEN
            self._events.append(Up(identity))
        else:
            self.state = CLOSED
            self._events.append(Refused(identity))

    def _take_ack(self, ack: int, now_ms: int) -> None:
        count = (ack - self._base) & 0xFF
        if count > self._in_flight:
            return  # an old frame, overtaken by what we know
        if count:
            self._queue = self._queue[count:]
            self._in_flight -= count
            self._base = ack
            self._retransmit_ms = RETRANSMIT_MS
            self._resend_at_ms = now_ms + RETRANSMIT_MS
        self._fill_window(now_ms)

    def _take_data(self, sequence: int, payload: bytes, now_ms: int) -> None:
        if sequence == self._expected:
            self._expected = (self._expected + 1) & 0xFF
            self._gap_told = False
            self._owes_ack = True
            self._events.append(payload)
        elif (self._expected - sequence) & 0xFF <= WINDOW:
            self._owes_ack = True  # seen before: our acknowledgement was lost
        elif not self._gap_told:
            self._gap_told = True
            self._frame(NAK, b"", now_ms)

    # ------------------------------------------------------------------ sending

    def _fill_window(self, now_ms: int) -> None:
        if not self._in_flight:
            self._resend_at_ms = now_ms + self._retransmit_ms
        while self._in_flight < min(WINDOW, len(self._queue)):
            self._frame(DATA, self._queue[self._in_flight], now_ms, self._in_flight)
            self._in_flight += 1

    def _resend(self, now_ms: int) -> None:
        self._resend_at_ms = now_ms + self._retransmit_ms
        for place in range(self._in_flight):
            self._frame(DATA, self._queue[place], now_ms, place)

    def _send_hello(self, kind: int, now_ms: int) -> None:
        payload = struct.pack("<I", self._session) + hello.pack(self._identity)
        self._frame(kind, payload, now_ms)

    def _frame(self, kind: int, payload: bytes, now_ms: int, place: int = 0) -> None:
        sequence = (self._base + place) & 0xFF
        self._output.extend(frame.encode(bytes((kind, sequence, self._expected)) + payload))
        self._owes_ack = False
        self._sent_ms = now_ms

    def _close(self, reason: str) -> None:
        self.state = CLOSED
        self._queue = []
        self._in_flight = 0
        self._events.append(Down(reason))
