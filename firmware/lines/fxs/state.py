# SPDX-License-Identifier: GPL-2.0-or-later
"""States and times of an FXS port."""

from __future__ import annotations

from enum import Enum

REORDER_S = 20.0  # tone after the far end hung up, before the howler asks for the handset
HOWLER_S = 60.0  # then the port is parked in silence and the alarm stands
CARD_WAIT_S = 30.0  # for the card to tell about a talk that went on while the exchange was away
IN_SERVICE = "card in service"
CALLER_ID_DELAY_MS = 550  # EN 300 659-1 6.1.1: 500-2000 ms after the first ring burst


class State(Enum):
    """What the port is doing."""

    OUT_OF_SERVICE = "out of service"
    IDLE = "idle"
    RINGING = "ringing"
    DIALLING = "dialling"  # dial tone or digits
    CONSULTING = "consulting"  # the same after a flash, with a party on hold
    WAITING = "waiting"  # number given to the calls, no answer yet
    TALKING = "talking"
    ADOPTED = "adopted"  # talking since before a restart; the card was not heard yet
    REORDER = "reorder"  # call over, handset still up
    HOWLER = "howler"
    PARKED = "parked"  # handset up for long: silence, alarm, until it is put down


COLLECTING = (State.DIALLING, State.CONSULTING)
IN_CALL = (State.WAITING, State.TALKING, State.ADOPTED)
OVER = (State.REORDER, State.HOWLER)
ALONE = (State.DIALLING, *OVER, State.PARKED)  # off hook with nobody at the other end
OFF_HOOK = (*COLLECTING, *IN_CALL, *OVER, State.PARKED)
