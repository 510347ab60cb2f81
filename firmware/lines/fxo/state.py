# SPDX-License-Identifier: GPL-2.0-or-later
"""States, settings and times of an FXO port."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firmware.lines.learned import LearnedTone
from firmware.values import Party, Presentation, ToneName

DIAL_TONE_S = 5.0  # E.180: nearly all exchanges give it within 3 s
CALLER_ID_S = 4.5  # after the first burst; EN 300 659-1: the message ends before the second ring
BEFORE_RING_S = 6.0  # reversal, alert and burst before the first ring (UK: SIN 227)
ANSWERING_S = 1.0  # a reversal this soon after we answered belongs to the answer
DIALLING_S = 30.0  # longest number by pulses
UNKNOWN_ANSWER_S = 20.0  # no tone at all after dialling: the line is open, count it as answered
CARD_WAIT_S = 30.0  # for the card to tell about a talk that went on while the exchange was away
CLAIM_WAIT_S = 5.0  # for the media host to tell whose talk a seized line carries
SAMPLES_PER_S = 8_000

DIAL_TONE_GONE_S = 3.0  # dial tone in a call that came in: the exchange has cleared it
SECOND_DIAL_TONE_S = 20.0  # in a call out it may be a far exchange that waits for digits

DISCONNECT_TONES = (ToneName.BUSY, ToneName.CONGESTION)
NO_BURST = Party(presentation=Presentation.UNAVAILABLE, absence="no caller-ID burst")
GLARE = Party(presentation=Presentation.UNAVAILABLE, absence="answered before the first ring")
BAD_BURST = Party(presentation=Presentation.UNAVAILABLE, absence="caller-ID checksum failed")


class State(Enum):
    """What the port is doing."""

    OUT_OF_SERVICE = "out of service"
    IDLE = "idle"
    EXPECTING = "expecting"  # polarity reversed while idle: caller ID before the first ring
    IDENTIFYING = "identifying"  # first ring heard, waiting for the caller ID
    RINGING = "ringing"  # told to the calls
    IGNORED = "ignored"  # still ringing, but the calls do not want it
    SEIZED = "seized"  # outgoing: waiting for dial tone
    DIALLING = "dialling"
    PROGRESS = "progress"  # number sent, waiting for answer
    TALKING = "talking"  # an incoming call that we answered
    CONNECTED = "connected"  # an outgoing call that the far end answered
    ADOPTED = "adopted"  # talking since before a restart; the card was not heard yet
    UNCLAIMED = "unclaimed"  # seized since before a restart; the media host was not heard yet
    GUARD = "guard"  # just released; the exchange needs a moment


IN_TALK = (State.TALKING, State.CONNECTED, State.ADOPTED)
LOOP_CLOSED = (State.SEIZED, State.DIALLING, State.PROGRESS, *IN_TALK)
INCOMING = (State.IDENTIFYING, State.RINGING, State.IGNORED)


@dataclass(frozen=True, slots=True)
class FxoSettings:
    """What the installer (or the line doctor) says about this exchange line."""

    pulse_dialling: bool = False
    wait_for_dial_tone: bool = True
    learned_tones: tuple[LearnedTone, ...] = ()  # this exchange's own busy tones, oldest first
    by_loop_drop: bool = True  # what tells that the far end has gone
    by_polarity: bool = True
    by_busy_tone: bool = True
