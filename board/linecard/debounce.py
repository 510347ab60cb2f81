# SPDX-License-Identifier: GPL-2.0-or-later
"""An input that is believed once it has stayed the same for long enough."""


class Debounce:
    """``rise_ms`` and ``fall_ms`` may be changed at any time. ``changed_ms`` is when the input
    turned, not when it was believed, so that durations come out right."""

    def __init__(self, pin, rise_ms, fall_ms):
        self.rise_ms = rise_ms
        self.fall_ms = fall_ms
        self.value = pin.value()
        self.changed_ms = 0
        self._pin = pin
        self._raw = self.value
        self._turned_ms = 0

    def poll(self, now_ms):
        """True when the believed value has just changed."""
        raw = self._pin.value()
        if raw != self._raw:
            self._raw = raw
            self._turned_ms = now_ms
        if raw == self.value:
            return False
        if now_ms - self._turned_ms < (self.rise_ms if raw else self.fall_ms):
            return False
        self.value = raw
        self.changed_ms = self._turned_ms
        return True

    def restart(self, now_ms):
        """What the input does is of our own making: begin again when it settles."""
        self._raw = self._pin.value()
        self._turned_ms = now_ms

    def raised_ms(self, now_ms):
        """How long the input has been 1, believed or not; 0 when it is not."""
        return now_ms - self._turned_ms if self._raw else 0

    def active(self):
        """The input is, or was just now, 1."""
        return self._raw or self.value
