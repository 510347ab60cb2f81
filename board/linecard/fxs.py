# SPDX-License-Identifier: GPL-2.0-or-later
"""One telephone port: hook, flash, rotary digits, ringing, battery.

A break of the loop is a dial pulse, a hook flash or the end of the call; its length tells. Where
the longest pulse (87 ms) and the shortest flash (a button of 80 or 100 ms) overlap, a break that
stands alone is a flash, unless this telephone has shown before that it has a dial.
Timings come from the host (ConfigureFxs); those set here are for a telephone of any country.
"""

from debounce import Debounce
from drivers.linecard import messages
from machine import Pin

ON_HOOK, OFF_HOOK, BREAK = 0, 1, 2

SETTLE_MS = 50  # after we took the battery away, the switch-hook detector needs as long
MAX_PULSES = 10
MAX_BURST = 255


class Fxs:
    """``report`` takes a message for the host."""

    def __init__(self, number, pins, report):
        self._number = number
        self._report = report
        self._ring_mode = Pin(pins[0], Pin.OUT, value=0)
        self._reverse = Pin(pins[1], Pin.OUT, value=0)
        self._hook = Debounce(Pin(pins[2], Pin.IN), 10, 10)
        self._state = ON_HOOK
        self._break_ms = 0  # when the loop opened
        self._pulses = 0
        self._made_ms = 0  # when the last pulse ended
        self._last_break_ms = 0  # how long it was
        self._rotary = False  # several pulses in a row were seen once: it has a dial
        self._cadence = ()
        self._step = 0
        self._step_ends_ms = 0
        self._burst = 0
        self._reversed = 0
        self._open_until_ms = None
        self.configure(messages.ConfigureFxs(number, 10, 15, 100, 200, 80, 600))

    def configure(self, timings):
        """Take these timings from now on."""
        self._timings = timings
        self._hook.rise_ms = self._hook.fall_ms = timings.debounce_ms

    def poll(self, now_ms):
        """One pass: look at the hook, do what is due."""
        if self._open_until_ms is not None:
            self._poll_open(now_ms)
            return
        if self._hook.poll(now_ms):
            self._hook_turned(self._hook.changed_ms)
        if self._state == BREAK:
            self._poll_break(now_ms)
        elif self._pulses and now_ms - self._made_ms >= self._timings.digit_pause_ms:
            self._end_digit()
        if self._cadence and now_ms - self._step_ends_ms >= 0:
            self._next_step()

    # ------------------------------------------------------------------ hook

    def _hook_turned(self, at_ms):
        if not self._hook.value:
            if self._state == OFF_HOOK:
                self._state = BREAK
                self._break_ms = at_ms
        elif self._state == BREAK:
            self._state = OFF_HOOK
            self._end_break(at_ms)
        elif self._state == ON_HOOK:
            self._state = OFF_HOOK
            self._pulses = 0
            self.stop_ringing()  # ring trip, before the host hears of it
            self._report(messages.HookChanged(self._number, True))

    def _end_break(self, at_ms):
        length_ms = at_ms - self._break_ms
        timings = self._timings
        if timings.pulse_break_min_ms <= length_ms <= timings.pulse_break_max_ms:
            self._pulses += 1
            self._made_ms = at_ms
            self._last_break_ms = length_ms
        elif timings.flash_min_ms <= length_ms:  # longer ones were put down, see _poll_break
            self._pulses = 0
            self._report(messages.HookFlashed(self._number))

    def _poll_break(self, now_ms):
        longest_ms = max(self._timings.flash_max_ms, self._timings.pulse_break_max_ms)
        # the loop may have closed within the time and not be believed yet
        if now_ms - self._break_ms > longest_ms + self._timings.debounce_ms:
            self._state = ON_HOOK
            self._pulses = 0
            self._report(messages.HookChanged(self._number, False))

    def _end_digit(self):
        pulses, self._pulses = self._pulses, 0
        if 1 < pulses <= MAX_PULSES:
            self._rotary = True
        if pulses == 1 and not self._rotary and self._last_break_ms >= self._timings.flash_min_ms:
            self._report(messages.HookFlashed(self._number))
        elif pulses <= MAX_PULSES:
            self._report(messages.PulseDigit(self._number, pulses))

    # ------------------------------------------------------------------ ringing

    def start_ringing(self, cadence_ms, now_ms):
        """Ring: on, off, on, off ... over and over. False when the cadence cannot be rung."""
        if len(cadence_ms) < 2 or len(cadence_ms) % 2 or min(cadence_ms) < 1:
            return False
        if self._state == ON_HOOK:  # lifted meanwhile: the host hears of that anyway
            self._cadence = cadence_ms
            self._step = 0
            self._burst = 1
            self._step_ends_ms = now_ms + cadence_ms[0]
            self._set_mode(1, 0)
        return True

    def stop_ringing(self):
        """Stop at once; nothing to do when it does not ring."""
        if self._cadence:
            self._cadence = ()
            self._set_mode(0, self._reversed)

    def _next_step(self):
        self._step = (self._step + 1) % len(self._cadence)
        self._step_ends_ms += self._cadence[self._step]
        if not self._step % 2:
            self._set_mode(1, 0)
            return
        self._set_mode(0, self._reversed)
        if self._step == len(self._cadence) - 1:  # the pause of the cadence, not the gap of a pair
            self._report(messages.RingBurstEnded(self._number, self._burst))
            self._burst = min(self._burst + 1, MAX_BURST)

    # ------------------------------------------------------------------ battery

    def set_polarity(self, reversed_):
        """Normal or reversed battery; during a burst, from its end on."""
        self._reversed = int(reversed_)
        if not self._ring_mode.value():
            self._set_mode(0, self._reversed)

    def break_loop(self, duration_ms, now_ms):
        """Take the battery away; ends ringing."""
        self.stop_ringing()
        self._open_until_ms = now_ms + duration_ms
        self._set_mode(1, 1)

    def _poll_open(self, now_ms):
        if now_ms >= self._open_until_ms and self._ring_mode.value():
            self._set_mode(0, self._reversed)
        if now_ms >= self._open_until_ms + SETTLE_MS:
            self._open_until_ms = None
            self._hook.restart(now_ms)

    def _set_mode(self, ring_mode, reverse):
        """Both mode pins, in an order that never passes through ringing or open."""
        if ring_mode:
            self._reverse.value(reverse)
            self._ring_mode.value(ring_mode)
        else:
            self._ring_mode.value(ring_mode)
            self._reverse.value(reverse)

    # ------------------------------------------------------------------ state

    def in_use(self):
        """The handset is lifted."""
        return self._state != ON_HOOK

    def state(self):
        """For the host's hello."""
        reversed_ = self._reversed == 1
        ringing = len(self._cadence) > 0
        return messages.PortState(self._number, self.in_use(), ringing, True, reversed_)
