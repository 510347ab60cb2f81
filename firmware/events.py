# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts: everything that crosses a module border on its way in. Past tense, immutable.

Card facts come from the line card, media facts from the media host, leg facts from the line and
SIP machines on their way to the calls. Times are not in the facts: every machine takes
``now`` (:class:`firmware.clock.Now`) beside the fact. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.values import (
    Cause,
    LegId,
    LineId,
    Party,
    Supervision,
    ToneName,
)

# --------------------------------------------------------------------------- card facts


@dataclass(frozen=True, slots=True)
class CardUp:
    """The card's hello was accepted; its lines are in service (port states follow)."""

    card: str
    lines: tuple[LineId, ...]
    firmware: str
    revision: str


@dataclass(frozen=True, slots=True)
class CardDown:
    """The link to the card is lost; its lines are out of service."""

    card: str
    lines: tuple[LineId, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PortState:
    """Whole state of one port as the card holds it, sent after CardUp."""

    line: LineId
    off_hook: bool  # FXS: handset lifted. FXO: our relay closed (line seized)
    ringing: bool  # FXS: we ring it. FXO: it is being rung
    battery: bool  # FXO: battery present. FXS: always true
    reversed: bool  # polarity


@dataclass(frozen=True, slots=True)
class HookChanged:
    """FXS: the handset was lifted (also ring trip) or put down; debounced by the card."""

    line: LineId
    off_hook: bool


@dataclass(frozen=True, slots=True)
class HookFlashed:
    """FXS: a hook flash, timed by the card."""

    line: LineId


@dataclass(frozen=True, slots=True)
class PulseDigitDialled:
    """FXS: one digit from a rotary dial, counted by the card."""

    line: LineId
    digit: str  # "1".."9", "0"


@dataclass(frozen=True, slots=True)
class RingBurstEnded:
    """FXS: the burst we sent ended, the pause began (caller ID goes into the first)."""

    line: LineId
    burst: int  # 1, 2 ...


@dataclass(frozen=True, slots=True)
class RingingStarted:
    """FXO: the exchange began a ring burst."""

    line: LineId
    burst: int  # 1, 2 ...


@dataclass(frozen=True, slots=True)
class RingingPaused:
    """FXO: the burst ended; caller ID FSK comes in the first pause."""

    line: LineId
    burst: int


@dataclass(frozen=True, slots=True)
class RingingStopped:
    """FXO: no further burst within the country's longest pause."""

    line: LineId


@dataclass(frozen=True, slots=True)
class BatteryChanged:
    """FXO: line voltage or, when seized, loop current appeared or vanished."""

    line: LineId
    present: bool


@dataclass(frozen=True, slots=True)
class PolarityChanged:
    """FXO: the exchange reversed tip and ring."""

    line: LineId
    reversed: bool


@dataclass(frozen=True, slots=True)
class PulsesSent:
    """FXO: the card finished a DialPulses order."""

    line: LineId


CardFact = (
    CardUp
    | CardDown
    | PortState
    | HookChanged
    | HookFlashed
    | PulseDigitDialled
    | RingBurstEnded
    | RingingStarted
    | RingingPaused
    | RingingStopped
    | BatteryChanged
    | PolarityChanged
    | PulsesSent
)

# --------------------------------------------------------------------------- media facts


@dataclass(frozen=True, slots=True)
class HeldLeg:
    """One leg that the media host holds, as told to a new exchange."""

    leg: LegId
    kind: str  # "card" or "rtp"
    channel: int  # card channel, -1 for RTP
    rtp_port: int  # local RTP port, 0 for card
    bridge: int  # 0 when in none
    tag: str  # what the exchange stored with TagLeg, "" if nothing


@dataclass(frozen=True, slots=True)
class MediaUp:
    """The media host answered; ``held`` is what it kept playing while no exchange was there."""

    held: tuple[HeldLeg, ...]
    rtp_host: str  # address written into SDP


@dataclass(frozen=True, slots=True)
class MediaDown:
    """The media host is gone; every leg has lost its audio."""

    reason: str


@dataclass(frozen=True, slots=True)
class RtpOpened:
    """Answer to OpenRtp."""

    leg: LegId
    host: str
    port: int  # even; RTCP is port + 1


@dataclass(frozen=True, slots=True)
class MediaFailed:
    """An order for this leg could not be carried out."""

    leg: LegId
    order: str  # name of the effect
    reason: str


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """A digit from the far side of this leg, in band or RFC 4733; reported once, at its start."""

    leg: LegId
    digit: str
    at_sample: int  # engine sample count (8,000 a second)
    in_band: bool = True  # a tone in the audio, which a bridge passes on; False: RFC 4733


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A tone template matched by frequency and cadence."""

    leg: LegId
    tone: ToneName
    at_sample: int  # when it was reported
    since_sample: int  # when the first burst of it began


@dataclass(frozen=True, slots=True)
class ToneEnded:
    """A tone that was reported is no longer there."""

    leg: LegId
    tone: ToneName
    at_sample: int


@dataclass(frozen=True, slots=True)
class CadenceMeasured:
    """A steady cadenced tone, whatever it is (Detect.measure); again while it lasts.

    One or two frequencies of 195 to 660 Hz, on and off for 80 to 1,000 ms each. Comes after 4
    rounds that agree within 4 % (8 ms at least), then after 8, 12 ...
    """

    leg: LegId
    frequencies_hz: tuple[float, ...]  # one or two, the lower first
    on_ms: int
    off_ms: int
    rounds: int
    at_sample: int
    since_sample: int  # when the first burst of them began


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """Speech-like energy lasted long enough to count as an answer (Detect.voice)."""

    leg: LegId
    at_sample: int


@dataclass(frozen=True, slots=True)
class CallerIdHeard:
    """A caller-ID burst was demodulated; ``data`` is the message, checksum verified."""

    leg: LegId
    data: bytes
    ok: bool  # False: a burst was there but its checksum failed


@dataclass(frozen=True, slots=True)
class CallerIdSent:
    """SendCallerId has been played out."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """SendDigits has been played out."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """PlayFiles ended by itself (not reported when stopped or replaced)."""

    leg: LegId
    play: int
    reason: str  # "" when all files were played, else why not


@dataclass(frozen=True, slots=True)
class RecordEnded:
    """A recording is closed, synced and renamed to its final path, or is not there at all."""

    leg: LegId
    record: int
    path: str
    duration_s: float  # 0 and a sentence when the file could not be completed: it is removed
    reason: str  # "stopped", "limit", "silence", "closed" or an error sentence


@dataclass(frozen=True, slots=True)
class RtpLost:
    """No RTP arrived on a leg that expects it for ``silent_s`` seconds."""

    leg: LegId
    silent_s: float


@dataclass(frozen=True, slots=True)
class CardAudioChanged:
    """The card's sound stream started or failed."""

    running: bool
    reason: str


MediaFact = (
    MediaUp
    | MediaDown
    | RtpOpened
    | MediaFailed
    | DigitHeard
    | ToneHeard
    | ToneEnded
    | CadenceMeasured
    | VoiceHeard
    | CallerIdHeard
    | CallerIdSent
    | DigitsSent
    | PlayEnded
    | RecordEnded
    | RtpLost
    | CardAudioChanged
)

# --------------------------------------------------------------------------- leg facts
# From the line machines and the SIP machines to the calls; the same for every kind of line.


@dataclass(frozen=True, slots=True)
class LegSeized:
    """A telephone was lifted: a leg without a number yet (the line machine collects digits)."""

    leg: LegId
    line: LineId


@dataclass(frozen=True, slots=True)
class LegDialled:
    """The digits are complete (first number, or a second one after CollectNumber)."""

    leg: LegId
    line: LineId
    number: str


@dataclass(frozen=True, slots=True)
class LegArrived:
    """A caller comes in on a line or trunk; ``called`` is the DID or "" on an FXO line.

    SIP phones arrive so too, with the whole number in ``called``.
    """

    leg: LegId
    line: LineId
    caller: Party
    called: str


@dataclass(frozen=True, slots=True)
class LegIdentified:
    """The caller's number or name became known after LegArrived."""

    leg: LegId
    caller: Party


@dataclass(frozen=True, slots=True)
class LegProceeding:
    """An outgoing leg was accepted by the far side and is being set up."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAlerting:
    """An outgoing leg rings; ``early_media`` when the far side sends its own tones."""

    leg: LegId
    early_media: bool = False


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """An outgoing leg was answered. Its media port is open and may be joined."""

    leg: LegId
    supervision: Supervision = Supervision.CERTAIN


@dataclass(frozen=True, slots=True)
class LegDigit:
    """A key pressed on an established leg (menu, extension, mailbox, feature)."""

    leg: LegId
    digit: str
    in_band: bool = True  # the other party of a talk hears it; False: RFC 4733, INFO, pulses


@dataclass(frozen=True, slots=True)
class LegFlashed:
    """A hook flash on an analog telephone in a call."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The far side put us on hold (SIP)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegResumed:
    """The far side took us off hold (SIP)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegTransferRequested:
    """The far side asks us to connect its peer to another number (SIP REFER)."""

    leg: LegId
    number: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg is over; reported exactly once. ``busy_tone_s``: trailing tone in the audio."""

    leg: LegId
    cause: Cause
    by_far_end: bool  # True: the party hung up; False: we released or the line failed
    busy_tone_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LineServiceChanged:
    """A line came into or went out of service (card, battery, registration)."""

    line: LineId
    in_service: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LineIdle:
    """A handset that stayed off the hook after its leg ended is down: the telephone can ring."""

    line: LineId


@dataclass(frozen=True, slots=True)
class LegAdopted:
    """After a restart: this leg was found alive and its line machine has taken it over."""

    leg: LegId
    line: LineId
    tag: str


LegFact = (
    LegSeized
    | LegDialled
    | LegArrived
    | LegIdentified
    | LegProceeding
    | LegAlerting
    | LegAnswered
    | LegDigit
    | LegFlashed
    | LegHeld
    | LegResumed
    | LegTransferRequested
    | LegEnded
    | LineServiceChanged
    | LineIdle
    | LegAdopted
)
