# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole card: its ports, the host's orders, and what it does when the host is silent."""

import revision
from drivers.linecard import messages
from drivers.linecard.hello import Identity
from drivers.linecard.link import OPEN, Down, Link, Up
from fxo import Fxo
from fxs import Fxs
from machine import Pin, unique_id

SOFTWARE = "0.1.0"
HOST_SILENCE_MS = 2000  # then the host counts as gone
KEEP_LINES_MS = 60000  # a host that restarts takes its talks over within this
HEALTH_MS = 10000
BLINK_MS = 500
BLINK_ALONE_MS = 100  # a technician sees from across the room that there is no host


def serial_number():
    """The chip's number, in hexadecimal unless it is text already."""
    number = unique_id()
    if all(0x20 < byte < 0x7F for byte in number):
        return number.decode()
    return "".join("%02X" % byte for byte in number)


class Card:
    """Feed it the host's bytes, call poll every pass, write what take_output gives."""

    def __init__(self, now_ms):
        self._lifeline = Pin(revision.LIFELINE, Pin.OUT, value=0)
        self._led = Pin(revision.LED, Pin.OUT, value=0)
        identity = Identity(messages.SCHEMA_HASH, SOFTWARE, revision.REVISION, serial_number())
        self.link = Link(identity, HOST_SILENCE_MS)
        self._now_ms = now_ms
        self._blink_ms = now_ms
        self._health_ms = now_ms
        self._worst_pass_ms = 0
        self._refused = 0
        self._keep_lines_ms = KEEP_LINES_MS
        self._alone_since_ms = None  # when a host that we had fell silent
        self._ports = tuple(self._port(n, pins) for n, pins in enumerate(revision.PORTS))
        self._fxs = tuple(port for port in self._ports if isinstance(port, Fxs))
        self._fxo = tuple(port for port in self._ports if isinstance(port, Fxo))

    def _port(self, number, pins):
        return (Fxs if pins[0] == "fxs" else Fxo)(number, pins[1:], self._report)

    def _report(self, message):
        self.link.send(messages.encode(message), self._now_ms)

    # ------------------------------------------------------------------ one pass

    def feed(self, data, length, now_ms):
        """Bytes from the host."""
        self.link.feed(data, length, now_ms)

    def poll(self, now_ms):
        """One pass over the link, the ports and the lamps."""
        self._worst_pass_ms = max(self._worst_pass_ms, now_ms - self._now_ms)
        self._now_ms = now_ms
        self.link.on_timer(now_ms)
        self._drain_link(now_ms)
        for port in self._ports:
            port.poll(now_ms)
        if self.link.state != OPEN:
            self._poll_alone(now_ms)
        if now_ms - self._health_ms >= HEALTH_MS:
            self._report_health(now_ms)
        if now_ms - self._blink_ms >= (BLINK_MS if self.link.state == OPEN else BLINK_ALONE_MS):
            self._blink_ms = now_ms
            self._led.value(1 - self._led.value())

    def take_output(self):
        """Bytes for the host."""
        return self.link.take_output(self._now_ms)

    def _drain_link(self, now_ms):
        event = self.link.next_event()
        while event is not None:
            if isinstance(event, bytes):
                self._take_order(event, now_ms)
            elif isinstance(event, Up):
                self._host_up()
            elif isinstance(event, Down):
                self._host_silent(now_ms)
            event = self.link.next_event()

    def _report_health(self, now_ms):
        self._health_ms = now_ms
        errors = min(self.link.decoder.errors + self.link.peer_errors, 0xFFFF)
        worst = min(self._worst_pass_ms, 0xFFFF)
        self._report(messages.Health(worst, errors, min(self._refused, 0xFFFF)))
        self._worst_pass_ms = self._refused = 0
        self.link.decoder.errors = self.link.peer_errors = 0

    # ------------------------------------------------------------------ the host

    def _host_up(self):
        self._alone_since_ms = None
        self._lifeline.value(1)
        for port in self._ports:
            self._report(port.state())

    def _host_silent(self, now_ms):
        self._alone_since_ms = now_ms
        for port in self._fxs:
            port.stop_ringing()

    def _poll_alone(self, now_ms):
        """Talks go on without a host; lines are given back when none comes to take them over."""
        if self._alone_since_ms is not None:
            if now_ms - self._alone_since_ms >= self._keep_lines_ms:
                self._alone_since_ms = None
                for port in self._fxo:
                    port.release(now_ms)
        if self._lifeline.value() and not (self._fxs[0].in_use() or self._fxo[0].in_use()):
            self._lifeline.value(0)

    def _take_order(self, data, now_ms):
        try:
            order = messages.decode(data)
            done = self._obey(order, now_ms)
        except ValueError:
            done = False
        if done is False:
            self._refused += 1

    def _obey(self, order, now_ms):
        """Carry out an order; False when it makes no sense for its port."""
        kind = type(order)
        if kind is messages.ConfigureCard:
            self._keep_lines_ms = order.keep_lines_ms
            return True
        if order.port >= len(self._ports):
            return False
        port = self._ports[order.port]
        orders = FXS_ORDERS if isinstance(port, Fxs) else FXO_ORDERS
        if kind not in orders:
            return False
        return orders[kind](port, order, now_ms)


FXS_ORDERS = {
    messages.ConfigureFxs: lambda port, order, now_ms: port.configure(order),
    messages.StartRinging: lambda port, order, now_ms: port.start_ringing(order.cadence_ms, now_ms),
    messages.StopRinging: lambda port, order, now_ms: port.stop_ringing(),
    messages.SetPolarity: lambda port, order, now_ms: port.set_polarity(order.reversed),
    messages.BreakLoop: lambda port, order, now_ms: port.break_loop(order.duration_ms, now_ms),
}
FXO_ORDERS = {
    messages.ConfigureFxo: lambda port, order, now_ms: port.configure(order),
    messages.SeizeLine: lambda port, order, now_ms: port.seize(now_ms),
    messages.ReleaseLine: lambda port, order, now_ms: port.release(now_ms),
    messages.FlashLine: lambda port, order, now_ms: port.flash(order.duration_ms, now_ms),
    messages.DialPulses: lambda port, order, now_ms: port.dial(order.digits, now_ms),
}
