# SPDX-License-Identifier: GPL-2.0-or-later
"""What the card needs to know about a port's country."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortTimings:
    """All in ms; the first group is for FXS ports, the second for FXO ports.

    A break of a telephone's loop is a dial pulse between ``pulse_break_min_ms`` and
    ``pulse_break_max_ms``, else a flash between ``flash_min_ms`` and ``flash_max_ms``, else,
    when longer, the end of the call. The two may overlap: docs/linecard.md.
    """

    debounce_ms: int = 10
    pulse_break_min_ms: int = 15  # 12 pulses a second with 70 % make: 25
    pulse_break_max_ms: int = 100  # 8 pulses a second with 30 % make: 87.5
    digit_pause_ms: int = 200  # 8 pulses a second with 70 % make: a make of 87.5 is no pause
    flash_min_ms: int = 80
    flash_max_ms: int = 600

    ring_on_ms: int = 100  # a burst that is shorter is noise
    ring_off_ms: int = 80  # gap that ends a burst; the detector bridges the ring's own 50 Hz
    ring_pause_max_ms: int = 6_000  # longer: the caller gave up
    battery_loss_ms: int = 500  # on hook; exchanges switch for up to 350 around a call
    battery_return_ms: int = 60
    loop_drop_ms: int = 200  # seized; exchanges that signal a clear break for 250 and longer
    polarity_ms: int = 40
    pulse_make_ms: int = 40  # dialling out: 10 pulses a second
    pulse_break_ms: int = 60
    pulse_pause_ms: int = 800  # between digits
