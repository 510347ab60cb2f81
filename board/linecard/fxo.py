# SPDX-License-Identifier: GPL-2.0-or-later
"""One exchange line: ringing, battery and loop current, polarity, seizing, flash, pulses.

Timings come from the host (ConfigureFxo); those set here are for a line of any country.
"""

from debounce import Debounce
from drivers.linecard import messages
from machine import Pin

SETTLE_MS = 150  # after our own relay moved, loop and polarity detectors mean nothing for as long
GLARE_MS = 20  # the detector's own smoothing: less is a click
MAX_BURST = 255


class Fxo:
    """``report`` takes a message for the host."""

    def __init__(self, number, pins, report):
        self._number = number
        self._report = report
        self._relay = Pin(pins[0], Pin.OUT, value=0)
        self._ring = Debounce(Pin(pins[1], Pin.IN), 100, 80)
        self._loop = Debounce(Pin(pins[2], Pin.IN), 60, 60)
        self._polarity = Debounce(Pin(pins[3], Pin.IN), 40, 40)
        self._seized = False
        self._burst = 0  # of the ringing under way; 0: it does not ring
        self._pause_ms = 0  # when the last burst ended
        self._steps = []  # loop openings and closings to come: [relay, how long in ms]
        self._step_ends_ms = 0
        self._dialling = False
        self._settled_ms = 0
        self.configure(messages.ConfigureFxo(number, 100, 80, 6000, 500, 60, 200, 40, 40, 60, 800))

    def configure(self, timings):
        """Take these timings from now on."""
        self._timings = timings
        self._ring.rise_ms = timings.ring_on_ms
        self._ring.fall_ms = timings.ring_off_ms
        self._polarity.rise_ms = self._polarity.fall_ms = timings.polarity_ms
        self._loop.rise_ms = timings.battery_return_ms
        self._set_loss()

    def _set_loss(self):
        seized = self._seized
        self._loop.fall_ms = self._timings.loop_drop_ms if seized else self._timings.battery_loss_ms

    def poll(self, now_ms):
        """One pass: look at the line, do what is due."""
        if self._steps and now_ms >= self._step_ends_ms:
            self._next_step(now_ms)
        if not self._seized:
            self._poll_ring(now_ms)
        if now_ms >= self._settled_ms and not self._steps:
            self._poll_line(now_ms)

    # ------------------------------------------------------------------ what the exchange does

    def _poll_ring(self, now_ms):
        if self._ring.poll(now_ms):
            if self._ring.value:
                self._burst = min(self._burst + 1, MAX_BURST)
                self._report(messages.RingingStarted(self._number, self._burst))
            elif self._burst:
                self._pause_ms = self._ring.changed_ms
                self._report(messages.RingingPaused(self._number, self._burst))
        if not self._burst or self._ring.value:
            return
        if now_ms - self._pause_ms > self._timings.ring_pause_max_ms:
            self._burst = 0
            self._report(messages.RingingStopped(self._number))

    def _poll_line(self, now_ms):
        if self._ring.active() and not self._seized:  # ring voltage shakes both detectors
            self._settled_ms = now_ms + SETTLE_MS
            self._restart(now_ms)
            return
        if self._loop.poll(now_ms):
            self._report(messages.BatteryChanged(self._number, self._loop.value == 1))
        if self._loop.value and self._polarity.poll(now_ms):
            self._report(messages.PolarityChanged(self._number, self._polarity.value == 1))

    def _restart(self, now_ms):
        self._loop.restart(now_ms)
        self._polarity.restart(now_ms)

    # ------------------------------------------------------------------ what we do

    def seize(self, now_ms):
        """Close the loop: answer, or begin to dial. Ringing too young to have been reported is
        told now: it stops as we seize, and the host must know that it has answered a caller."""
        if not self._seized and not self._burst and self._ring.raised_ms(now_ms) >= GLARE_MS:
            self._report(messages.RingingStarted(self._number, 1))
        self._seized = True
        self._burst = 0
        self._move_relay(1, now_ms)
        self._set_loss()

    def release(self, now_ms):
        """Open the loop and forget what was under way."""
        self._seized = False
        self._steps = []
        self._dialling = False
        self._move_relay(0, now_ms)
        self._set_loss()

    def flash(self, duration_ms, now_ms):
        """Open the loop for a moment. False when the line is not ours or busy dialling."""
        if not self._seized or self._steps:
            return False
        self._steps = [(0, duration_ms), (1, 0)]
        self._step_ends_ms = now_ms
        return True

    def dial(self, digits, now_ms):
        """Dial by breaks. False when the line is not ours, busy, or a digit is none."""
        if not self._seized or self._steps or not digits or not digits.isdigit():
            return False
        timings = self._timings
        for digit in digits:
            for _ in range(int(digit) or 10):
                self._steps.append((0, timings.pulse_break_ms))
                self._steps.append((1, timings.pulse_make_ms))
            self._steps.append((1, timings.pulse_pause_ms - timings.pulse_make_ms))
        self._step_ends_ms = now_ms
        self._dialling = True
        return True

    def _next_step(self, now_ms):
        relay, duration_ms = self._steps.pop(0)
        self._move_relay(relay, now_ms)
        self._step_ends_ms += duration_ms  # from its due time: lateness does not add up
        if not self._steps and self._dialling:
            self._dialling = False
            self._report(messages.PulsesSent(self._number))

    def _move_relay(self, closed, now_ms):
        self._relay.value(closed)
        self._settled_ms = now_ms + SETTLE_MS
        self._restart(now_ms)

    # ------------------------------------------------------------------ state

    def in_use(self):
        """The line is seized."""
        return self._seized

    def state(self):
        """For the host's hello."""
        battery, reversed_ = self._loop.value == 1, self._polarity.value == 1
        return messages.PortState(self._number, self._seized, self._burst > 0, battery, reversed_)
