# SPDX-License-Identifier: GPL-2.0-or-later
"""The link to one card on a serial port: facts up, orders down, and back again after any loss.

Runs in the event loop's thread only. Any error of the port, a silent card and a card of another
version all end the session; the port is closed every time and opened again, for ever.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping

from drivers.linecard import messages
from drivers.linecard.hello import Identity, mismatch
from drivers.linecard.link import CLOSED, OPEN, Down, Link, Refused, Up
from drivers.linecard.revision import Revision
from drivers.linecard.serialport import SerialPort
from drivers.linecard.timings import PortTimings
from drivers.linecard.translate import card_fact, order_message, timings_message
from firmware import events
from firmware.effects import CardOrder
from firmware.values import LineId

SILENCE_MS = 3_000  # the card's limit is 2,000: it is safe before anybody is told
ANSWER_S = 3.0  # a card that is there answers the hello within a few ms
REOPEN_S = (0.2, 0.5, 1.0, 2.0, 5.0)  # the last one for ever
KEEP_LINES_MS = 60_000  # seized lines wait so long for a restarting exchange
LATE_PASS_MS = 20  # a card that is late by the shortest dial pulse may lose one

log = logging.getLogger(__name__)


class CardLink:
    """``lines`` names the line on each port used (port name to line); ``on_fact`` gets the facts.

    Nothing happens until run().
    """

    def __init__(
        self,
        name: str,
        device: str,
        revision: Revision,
        lines: Mapping[str, LineId],
        on_fact: Callable[[events.CardFact], None],
        software: str = "0.1.0",
    ) -> None:
        self.name = name
        self._device = device
        self._revision = revision
        self._on_fact = on_fact
        self._identity = Identity(messages.SCHEMA_HASH, software, revision.name, "host")
        names = [port.name for port in revision.ports]
        self._ports = {line: names.index(port) for port, line in lines.items()}
        self._lines = {number: line for line, number in self._ports.items()}
        self._timings: dict[LineId, PortTimings] = {}
        self._link = Link(self._identity, SILENCE_MS)
        self._port: SerialPort | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[str] | None = None
        self._told_down = ""  # why the card is down, as the core was told
        self._failures = 0
        self._bad_frames = 0  # of the sessions before this one

    @property
    def bad_frames(self) -> int:
        """Frames of the card that were damaged or made no sense, since the start."""
        return self._bad_frames + self._link.peer_errors + self._link.decoder.errors

    def configure(self, timings: Mapping[LineId, PortTimings]) -> None:
        """Use these timings: now when the card is up, and after each of its hellos."""
        self._timings = dict(timings)
        if self._link.state == OPEN:
            self._send_settings()

    def send(self, order: CardOrder) -> bool:
        """Give an order; False when the card is down (CardDown was or will be told).

        KeyError: not a line of this card. ValueError: the order does not fit the card.
        """
        sent = self._link.send(order_message(order, self._ports), self._now_ms())
        self._flush()
        return sent

    async def run(self) -> None:
        """Keep the link up until cancelled. Never returns."""
        while True:
            reason = await self._one_session()
            self._tell_down(reason)
            await asyncio.sleep(REOPEN_S[min(self._failures, len(REOPEN_S) - 1)])
            self._failures += 1

    # ------------------------------------------------------------------ one session

    async def _one_session(self) -> str:
        """Open the port, serve the link until it ends; why it ended."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        try:
            self._open()
            answer = loop.call_later(ANSWER_S, self._give_up)
            try:
                return await self._ended
            finally:
                answer.cancel()
        except OSError as error:
            return f"Card {self.name}: {self._device} cannot be opened: {error}"
        finally:
            self._close()

    def _open(self) -> None:
        self._bad_frames = self.bad_frames
        self._link = Link(self._identity, SILENCE_MS)
        self._port = SerialPort(
            self._device, self._revision.baud, self._bytes_arrived, self._port_lost
        )
        self._link.open(secrets.randbits(31) + 1, self._now_ms())
        self._pump()

    def _close(self) -> None:
        self._link.state = CLOSED
        if self._port:
            self._port.close()
            self._port = None
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _end(self, reason: str) -> None:
        if self._ended and not self._ended.done():
            self._ended.set_result(reason)

    def _give_up(self) -> None:
        if self._link.state != OPEN:
            self._end(f"Card {self.name} on {self._device} does not answer: check its power.")

    def _port_lost(self, reason: str) -> None:
        self._end(f"Card {self.name}: {self._device} is lost: {reason}")

    # ------------------------------------------------------------------ the link's events

    def _now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1_000)

    def _bytes_arrived(self, data: bytes) -> None:
        self._link.feed(data, len(data), self._now_ms())
        self._pump()

    def _timed_out(self) -> None:
        self._timer = None
        if self._port:
            self._port.read_waiting()  # said during a pause of ours: it counts
        self._link.on_timer(self._now_ms())
        self._pump()

    def _pump(self) -> None:
        """Facts up, bytes out, the one timer set anew."""
        try:
            while (event := self._link.next_event()) is not None:
                self._take(event)
        finally:
            self._flush()

    def _flush(self) -> None:
        if not self._port:
            return
        self._port.write(self._link.take_output(self._now_ms()))
        due_ms = self._link.next_timeout_ms()
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if due_ms is None else loop.call_at(due_ms / 1_000, self._timed_out)

    def _take(self, event: Up | Down | Refused | bytes) -> None:
        if isinstance(event, bytes):
            self._take_message(event)
        elif isinstance(event, Down):
            self._end(f"Card {self.name}: {event.reason}")
        else:
            sentence = mismatch(self.name, self._identity, event.identity)
            if sentence:
                self._end(sentence)
            else:
                self._card_up(event.identity)

    def _take_message(self, data: bytes) -> None:
        try:
            message = messages.decode(data)
            if isinstance(message, messages.Health):
                self._log_health(message)
                return
            fact = card_fact(message, self._lines)
        except ValueError as error:
            self._link.peer_errors += 1
            log.warning("card %s sent %s: %s", self.name, data.hex(), error)
            return
        if fact:
            self._on_fact(fact)

    def _card_up(self, identity: Identity) -> None:
        self._failures = 0
        self._told_down = ""
        log.info("card %s up: serial %s, firmware %s", self.name, identity[3], identity[1])
        self._send_settings()
        lines = tuple(self._ports)
        self._on_fact(events.CardUp(self.name, lines, identity.software, identity.revision))

    def _send_settings(self) -> None:
        now_ms = self._now_ms()
        self._link.send(messages.encode(messages.ConfigureCard(KEEP_LINES_MS)), now_ms)
        for line, number in self._ports.items():
            timings = self._timings.get(line, PortTimings())
            kind = self._revision.ports[number].kind
            self._link.send(timings_message(number, kind, timings), now_ms)
        self._flush()

    def _tell_down(self, reason: str) -> None:
        """Once for each reason: a card that stays away is not news."""
        if reason != self._told_down:
            self._told_down = reason
            self._on_fact(events.CardDown(self.name, tuple(self._ports), reason))

    def _log_health(self, health: messages.Health) -> None:
        level = logging.WARNING if health.worst_pass_ms > LATE_PASS_MS else logging.DEBUG
        log.log(
            level,
            "card %s: longest pass %d ms, %d bad frames, %d refused orders",
            self.name,
            health.worst_pass_ms,
            health.frame_errors,
            health.refused_orders,
        )
