# SPDX-License-Identifier: GPL-2.0-or-later
"""One FXS port: a telephone with its handset, dial and bell.

Gives dial tone and collects the number, rings with caller ID, tells the calls about answer, flash,
digits and hang-up, and brings a handset left off the hook to silence. Does not know who is called
or what a scheme is. Driven by card facts, media facts of its leg, leg orders and one timer;
``line`` has the tables.
"""

from firmware.lines.fxs.line import FxsLine
from firmware.lines.fxs.state import State

__all__ = ["FxsLine", "State"]
