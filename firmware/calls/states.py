# SPDX-License-Identifier: GPL-2.0-or-later
"""States of legs and calls. Standard library only."""

from __future__ import annotations

from enum import Enum


class LegState(Enum):
    """Where the signalling of a leg stands."""

    SEIZED = "seized"  # handset up, no number yet (also after a flash)
    CALLING = "calling"  # came in, not answered by us
    RINGING = "ringing"  # went out, not answered by the party
    ANSWERED = "answered"
    RELEASING = "releasing"  # we ordered its end; LegEnded is to come
    ENDED = "ended"


class Talk(Enum):
    """What the two parties of a call hear of each other."""

    NONE = "none"
    EARLY = "early"  # the caller hears the line that is being dialled
    TALK = "talk"
    HELD = "held"
