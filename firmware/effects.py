# SPDX-License-Identifier: GPL-2.0-or-later
"""Effects: every order a machine may give. Imperative, immutable, carried out by the dispatcher.

Card orders go to the line card, media orders to the media host, leg orders from the calls to the
line and SIP machines, the rest to records, alarms and the network. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.values import (
    CallId,
    Cause,
    Codec,
    LegId,
    LineId,
    Message,
    Party,
    RingClass,
    Tone,
    ToneName,
    ToneTemplate,
)

# --------------------------------------------------------------------------- card orders


@dataclass(frozen=True, slots=True)
class StartRinging:
    """FXS: ring with a cadence the card runs itself: on, off, on, off ... repeated (ms)."""

    line: LineId
    cadence_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StopRinging:
    """FXS: stop ringing."""

    line: LineId


@dataclass(frozen=True, slots=True)
class SetPolarity:
    """FXS: normal or reversed battery."""

    line: LineId
    reversed: bool


@dataclass(frozen=True, slots=True)
class BreakLoop:
    """FXS: take the battery away for a while (disconnect signal, CPC)."""

    line: LineId
    duration_ms: int


@dataclass(frozen=True, slots=True)
class SeizeLine:
    """FXO: close the loop (off hook), to answer or to dial."""

    line: LineId


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """FXO: open the loop (on hook)."""

    line: LineId


@dataclass(frozen=True, slots=True)
class FlashLine:
    """FXO: open the loop for a hook flash."""

    line: LineId
    duration_ms: int


@dataclass(frozen=True, slots=True)
class DialPulses:
    """FXO: dial by loop interruptions; PulsesSent follows."""

    line: LineId
    digits: str


CardOrder = (
    StartRinging
    | StopRinging
    | SetPolarity
    | BreakLoop
    | SeizeLine
    | ReleaseLine
    | FlashLine
    | DialPulses
)

# --------------------------------------------------------------------------- media orders
# Sent to the media host as they are. A leg is one port of the engine.


@dataclass(frozen=True, slots=True)
class OpenCard:
    """Bind a leg to a channel of the card's sound stream."""

    leg: LegId
    channel: int
    echo_canceller: bool = True
    receive_gain_db: float = 0.0
    transmit_gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class OpenRtp:
    """Open a UDP port pair for a leg; RtpOpened or MediaFailed follows."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class ConnectRtp:
    """Where to send and what to expect (after offer/answer). Source address locks on arrival."""

    leg: LegId
    host: str
    port: int
    codec: Codec
    payload_type: int
    ptime_ms: int = 20
    dtmf_payload_type: int = -1  # telephone-event, -1: none negotiated (digits go in band)
    send: bool = True
    receive: bool = True


@dataclass(frozen=True, slots=True)
class CloseLeg:
    """Close the leg's port: leaves its bridge, stops its player and recorder."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class TagLeg:
    """Keep this text with the leg; a new exchange reads it to adopt the talk."""

    leg: LegId
    tag: str


@dataclass(frozen=True, slots=True)
class PlayFiles:
    """Play WAV files to the leg's party one after the other; replaces what was playing.

    While something plays, the leg's party hears it instead of the bridge. PlayEnded follows
    when all are played; a file that cannot be read is skipped and named in PlayEnded.
    """

    leg: LegId
    play: int  # chosen by the caller, comes back in PlayEnded
    paths: tuple[str, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True)
class PlayTone:
    """Play a tone to the leg's party until StopPlaying or another play; no PlayEnded unless
    ``repeat`` is finite (then PlayEnded with this ``play``)."""

    leg: LegId
    tone: Tone
    play: int = 0


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Stop what plays to this leg."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class JoinBridge:
    """These legs and no others are in the bridge; a leg leaves the bridge it was in before."""

    bridge: int
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True)
class LeaveBridge:
    """Take the leg out of its bridge."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record what the leg's party says into a WAV file (written aside, synced, renamed)."""

    leg: LegId
    record: int  # chosen by the caller, comes back in RecordEnded
    path: str
    max_s: float
    silence_s: float = 0.0  # end after this much silence; 0: never


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End the leg's recording and cut ``trim_s`` seconds (busy tone, key tone) from its end."""

    leg: LegId
    trim_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send DTMF to the leg's party (RFC 4733 where negotiated); DigitsSent follows."""

    leg: LegId
    digits: str  # "," is a pause of 500 ms
    on_ms: int = 80
    off_ms: int = 80
    level_dbm0: float = -9.0


@dataclass(frozen=True, slots=True)
class SendCallerId:
    """Send a caller-ID message by FSK to an analog telephone; CallerIdSent follows."""

    leg: LegId
    modulation: str  # "bell202" or "v23"
    data: bytes  # whole message: type, length, parameters; the checksum is added
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Detect:
    """What to listen for on this leg from now on (replaces the earlier order)."""

    leg: LegId
    digits: bool = False
    tones: tuple[ToneTemplate, ...] = ()
    voice: bool = False
    caller_id: str = ""  # "", "bell202" or "v23"
    measure: bool = False  # tell cadenced tones that no template describes


MediaOrder = (
    OpenCard
    | OpenRtp
    | ConnectRtp
    | CloseLeg
    | TagLeg
    | PlayFiles
    | PlayTone
    | StopPlaying
    | JoinBridge
    | LeaveBridge
    | StartRecording
    | StopRecording
    | SendDigits
    | SendCallerId
    | Detect
)

# --------------------------------------------------------------------------- leg orders
# From the calls to the line and SIP machines; the same for every kind of line.


@dataclass(frozen=True, slots=True)
class Originate:
    """Make an outgoing leg: ring the telephone, seize and dial the line, send the INVITE."""

    leg: LegId
    line: LineId
    called: str  # number to dial (FXO, trunk), extension (FXS, SIP phone)
    caller: Party
    ring_class: RingClass = RingClass.INTERNAL


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell the caller that somebody rings (FXS: ringback tone; SIP: 180; FXO: nothing)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an arrived leg (FXO: seize; SIP: 200; FXS caller: stops its tones).

    The leg's media port is open afterwards and may be played to, recorded and joined.
    """

    leg: LegId


@dataclass(frozen=True, slots=True)
class Release:
    """End the leg; LegEnded follows (for FXS once the handset is down or tone has begun)."""

    leg: LegId
    cause: Cause


@dataclass(frozen=True, slots=True)
class CollectNumber:
    """FXS after a flash: give dial tone and collect a number; LegDialled follows."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class HoldLeg:
    """Tell the far side that it is held (SIP re-INVITE where useful; analog: nothing)."""

    leg: LegId
    held: bool


@dataclass(frozen=True, slots=True)
class Indicate:
    """Play a named tone of the leg's country to its party (beep, confirmation, ringback ...).

    PlayEnded with ``play`` follows for tones that end by themselves (beep, confirmation).
    """

    leg: LegId
    tone: ToneName
    play: int = 0


@dataclass(frozen=True, slots=True)
class SetMessageWaiting:
    """Messages wait (stutter dial tone, later lamps and FSK) or no longer do."""

    line: LineId
    waiting: bool


LegOrder = (
    Originate | Alert | Answer | Release | CollectNumber | HoldLeg | Indicate | SetMessageWaiting
)

# --------------------------------------------------------------------------- the rest


@dataclass(frozen=True, slots=True)
class WriteEvent:
    """Append one event of a call to the records."""

    call: CallId
    kind: str
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """An alarm began; ``text`` is a sentence for the person who can act."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class ClearAlarm:
    """The alarm with this key is over."""

    key: str


@dataclass(frozen=True, slots=True)
class SendDatagram:
    """SIP: send these bytes; ``transport`` is "udp" or "tcp"."""

    transport: str
    host: str
    port: int
    data: bytes


# ------------------------------------------------------------------ voicemail and kept settings


@dataclass(frozen=True, slots=True)
class StoreMessage:
    """Put a recorded message into its mailbox."""

    message: Message


@dataclass(frozen=True, slots=True)
class MarkMessage:
    """The message was listened to or saved: it is no longer new."""

    mailbox: str
    message: str  # Message.id


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """Take the message out of its mailbox and delete its file."""

    mailbox: str
    message: str  # Message.id


@dataclass(frozen=True, slots=True)
class DiscardRecording:
    """Delete the file of a recording that became no message (too short)."""

    path: str


@dataclass(frozen=True, slots=True)
class SaveSetting:
    """Keep a value over a restart; value "" removes it."""

    key: str  # "forward-always/101", "agent/101", "learned-tone/FXO1", "sip-contacts"
    value: str


StoreOrder = StoreMessage | MarkMessage | DeleteMessage | DiscardRecording | SaveSetting

Effect = (
    CardOrder
    | MediaOrder
    | LegOrder
    | WriteEvent
    | StoreOrder
    | RaiseAlarm
    | ClearAlarm
    | SendDatagram
)
