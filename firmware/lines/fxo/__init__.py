# SPDX-License-Identifier: GPL-2.0-or-later
"""One FXO port: an exchange line.

Incoming: ringing, caller ID, answer. Outgoing: seizure, dial tone, dialling, progress and answer
supervision. In both, notices that the far end has gone: battery or loop drop and polarity first,
busy or congestion tone (frequency and cadence) last, as the installer's exchange signals it. A
busy tone that is none of the country's is measured, ends the talk too and is known from then on.
Driven by card facts, media facts of its leg, leg orders and one timer; ``line`` has the tables.
"""

from firmware.lines.fxo.line import FxoLine
from firmware.lines.fxo.state import FxoSettings, State

__all__ = ["FxoLine", "FxoSettings", "State"]
