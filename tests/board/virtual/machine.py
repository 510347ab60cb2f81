# SPDX-License-Identifier: GPL-2.0-or-later
"""`machine` for one port in virtual time: pins are numbers that the test sets."""

levels = {}
moves = []  # (pin, value) of outputs, in order, since the test last looked


class Pin:
    """A pin of levels."""

    IN = 0
    OUT = 1

    def __init__(self, number, mode, value=0):
        self.number = number
        levels.setdefault(number, value)

    def value(self, value=None):
        """Read or set."""
        if value is None:
            return levels[self.number]
        if value != levels[self.number]:
            levels[self.number] = value
            moves.append((self.number, value))
        return None
