# SPDX-License-Identifier: GPL-2.0-or-later
"""One FXO port: an exchange line.

Incoming: ringing, caller ID, answer. Outgoing: seizure, dial tone, dialling, progress and answer
supervision. In both, notices that the far end has gone: battery or loop drop and polarity first,
busy or congestion tone (frequency and cadence) last, as the installer's exchange signals it. A
busy tone that is none of the country's is measured, ends the talk too and is known from then on.
Driven by card facts, media facts of its leg, leg orders and one timer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from firmware.clock import Now
from firmware.effects import (
    Answer,
    ClearAlarm,
    CloseLeg,
    Detect,
    DialPulses,
    Effect,
    Indicate,
    Originate,
    PlayTone,
    RaiseAlarm,
    Release,
    ReleaseLine,
    SaveSetting,
    SeizeLine,
    SendDigits,
)
from firmware.events import (
    BatteryChanged,
    CadenceMeasured,
    CallerIdHeard,
    CardDown,
    DigitHeard,
    DigitsSent,
    LegAdopted,
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDigit,
    LegEnded,
    LegFact,
    LegProceeding,
    LineServiceChanged,
    MediaDown,
    MediaFailed,
    PolarityChanged,
    PortState,
    PulsesSent,
    RingingStarted,
    RingingStopped,
    ToneEnded,
    ToneHeard,
    VoiceHeard,
)
from firmware.lines import callerid, learned
from firmware.lines.countries import template_of
from firmware.lines.learned import LearnedTone
from firmware.lines.port import Port
from firmware.values import (
    Cause,
    LegId,
    Party,
    Presentation,
    Supervision,
    ToneName,
    ToneTemplate,
)

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
_NO_BURST = Party(presentation=Presentation.UNAVAILABLE, absence="no caller-ID burst")
_GLARE = Party(presentation=Presentation.UNAVAILABLE, absence="answered before the first ring")
_BAD_BURST = Party(presentation=Presentation.UNAVAILABLE, absence="caller-ID checksum failed")

Out = list[Effect | LegFact]


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


@dataclass(frozen=True, slots=True)
class FxoSettings:
    """What the installer (or the line doctor) says about this exchange line."""

    pulse_dialling: bool = False
    wait_for_dial_tone: bool = True
    learned_tones: tuple[LearnedTone, ...] = ()  # this exchange's own busy tones, oldest first
    by_loop_drop: bool = True  # what tells that the far end has gone
    by_polarity: bool = True
    by_busy_tone: bool = True


_IN_TALK = (State.TALKING, State.CONNECTED, State.ADOPTED)
_LOOP_CLOSED = (State.SEIZED, State.DIALLING, State.PROGRESS, *_IN_TALK)
_INCOMING = (State.IDENTIFYING, State.RINGING, State.IGNORED)


class FxoLine:
    """State machine of one FXO port."""

    def __init__(
        self,
        port: Port,
        new_leg: Callable[[], LegId],
        settings: FxoSettings | None = None,
    ) -> None:
        self.port = port
        self.line = port.line
        self.country = port.country
        self.settings = settings or FxoSettings()
        self.state = State.OUT_OF_SERVICE
        self.leg: LegId | None = None
        self._new_leg = new_leg
        self._deadline: float | None = None
        self._called = ""
        self._caller = _NO_BURST
        self._idle_reversed = False  # polarity of the idle line, whichever way it is wired
        self._answered_s = 0.0  # when we answered the call in progress, monotonic s
        self._battery = True
        self._alarmed = False
        self._learned = self.settings.learned_tones

    # ------------------------------------------------------------------ inputs

    def on_fact(self, fact: object, now: Now) -> Out:
        """A card or media fact of this line or leg."""
        if isinstance(fact, BatteryChanged):
            self._battery = fact.present
        handler = _FACTS.get((self.state, type(fact))) or _ANY_STATE.get(type(fact))
        return handler(self, fact, now) if handler else []

    def on_order(self, order: object, now: Now) -> Out:
        """A leg order; one for a leg that is over already is void."""
        if isinstance(order, Originate):
            return self._originate(order, now)
        if getattr(order, "leg", None) != self.leg or self.leg is None:
            return []
        handler = _ORDERS.get(type(order))
        return handler(self, order, now) if handler else []

    def next_timeout(self) -> float | None:
        """Monotonic second at which :meth:`on_timer` is due."""
        return self._deadline

    def on_timer(self, now: Now) -> Out:
        """The state's time is over, if it is."""
        if self._deadline is None or now.mono_s < self._deadline:
            return []
        self._deadline = None
        return _TIMEOUTS[self.state](self, now)

    def restore(self, leg: LegId, tag: str, now: Now) -> Out:
        """Take over a talk that went on while the exchange was away."""
        adopted: Out = [LegAdopted(leg, self.line, tag)]
        if self.state is State.IDLE:  # the card said that the loop is open by now
            return [*adopted, CloseLeg(leg), LegEnded(leg, Cause.NORMAL, by_far_end=True)]
        self.leg = leg
        if self.state is State.OUT_OF_SERVICE:
            self._enter(State.ADOPTED, now.mono_s + CARD_WAIT_S)
            return [self._listen(leg), *adopted]
        self._enter(State.TALKING)
        return [self._listen(leg), *adopted, self._in_service()]

    # ------------------------------------------------------------------ card and service

    def _port_state(self, fact: PortState, now: Now) -> Out:
        """The card told the whole truth after its hello."""
        if self.state in _LOOP_CLOSED:
            return self._check_loop(fact, now)
        if self.state is not State.OUT_OF_SERVICE:
            return self._check_idle(fact)
        self._idle_reversed, self._battery = fact.reversed, fact.battery
        if fact.off_hook:
            self._enter(State.UNCLAIMED, now.mono_s + CLAIM_WAIT_S)
            return []
        if not fact.battery:
            return [self._no_battery()]
        self._enter(State.IDLE)
        return [*self._battery_alarm_over(), self._in_service()]

    def _check_idle(self, fact: PortState) -> Out:
        """No talk here: one that was adopted may have ended before the card was heard."""
        left: Out = [ReleaseLine(self.line)] if fact.off_hook else []
        return [*left, self._in_service()] if fact.battery else left

    def _check_loop(self, fact: PortState, now: Now) -> Out:
        self._battery = fact.battery
        dropped = not fact.battery and self.settings.by_loop_drop
        service: Out = [self._in_service()] if self.state is State.ADOPTED else []
        if not fact.off_hook or dropped:
            return [*service, *self._far_end_gone(Cause.NORMAL, now)]
        if self.state is State.ADOPTED:
            self._enter(State.TALKING)
        return service

    def _unclaimed(self, now: Now) -> Out:
        """Nobody knows of a talk on it: the exchange was killed before there was one."""
        self._enter(State.GUARD, now.mono_s + self.country.guard_s)
        return [ReleaseLine(self.line), self._in_service()]

    def _card_missing(self, now: Now) -> Out:
        """An adopted talk whose card never came back."""
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.OUT_OF_SERVICE)
        return out

    def _in_service(self) -> LineServiceChanged:
        return LineServiceChanged(self.line, True, "card in service")

    def _no_battery(self) -> RaiseAlarm:
        self._alarmed = True
        text = f"No battery on {self.line}: check the cable to the exchange line."
        return RaiseAlarm(f"battery:{self.line}", text)

    def _battery_alarm_over(self) -> Out:
        alarmed, self._alarmed = self._alarmed, False
        return [ClearAlarm(f"battery:{self.line}")] if alarmed else []

    def _card_down(self, fact: CardDown, now: Now) -> Out:
        if self.state is State.ADOPTED:
            return []
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=False)
        self._enter(State.OUT_OF_SERVICE)
        return [*out, LineServiceChanged(self.line, False, fact.reason)]

    def _media_failed(self, fact: MediaFailed, now: Now) -> Out:
        opening = fact.leg == self.leg and fact.order == "OpenCard"
        return self._media_down(fact, now) if opening else []

    def _media_down(self, fact: object, now: Now) -> Out:
        if self.leg is None:
            return []
        return self._hang_up(Cause.NETWORK_OUT_OF_ORDER, now)

    def _battery_idle(self, fact: BatteryChanged, now: Now) -> Out:
        return [] if fact.present else self._without_battery()

    def _without_battery(self) -> Out:
        out = self._end(Cause.DESTINATION_OUT_OF_ORDER, by_far_end=True)
        self._enter(State.OUT_OF_SERVICE)
        return [*out, self._no_battery(), LineServiceChanged(self.line, False, "no battery")]

    def _battery_back(self, fact: BatteryChanged, now: Now) -> Out:
        if not fact.present:
            return []
        self._enter(State.IDLE)
        service = LineServiceChanged(self.line, True, "battery present")
        return [*self._battery_alarm_over(), service]

    # ------------------------------------------------------------------ incoming

    def _reversed_idle(self, fact: PolarityChanged, now: Now) -> Out:
        if not self.country.caller_id_before_ring:
            self._idle_reversed = fact.reversed
            return []
        if fact.reversed == self._idle_reversed:
            return []  # as it was before the last call
        self._enter(State.EXPECTING, now.mono_s + BEFORE_RING_S)
        return self._open_for_caller_id()

    def _reversed_back(self, fact: PolarityChanged, now: Now) -> Out:
        """Data without a call: the exchange takes its reversal back and does not ring."""
        return self._expect_no_more()

    def _open_for_caller_id(self) -> Out:
        self._caller = _NO_BURST
        leg = self.leg = self._new_leg()
        return [
            self.port.open(leg),
            Detect(leg, caller_id=self.country.caller_id),
        ]

    def _nothing_followed(self, now: Now) -> Out:
        self._idle_reversed = not self._idle_reversed  # its wires were swapped
        return self._expect_no_more()

    def _expect_no_more(self) -> Out:
        leg, self.leg = self.leg, None
        self._enter(State.IDLE)
        return [CloseLeg(leg)] if leg is not None else []

    def _first_ring(self, fact: RingingStarted, now: Now) -> Out:
        opened = self._open_for_caller_id() if self.leg is None else []
        known = self._caller is not _NO_BURST  # heard before the ring, if only why it is withheld
        if known or fact.burst > 1:  # rang before we or the media host were there: do not linger
            return [*opened, *self._arrive(now)]
        self._enter(State.IDENTIFYING, now.mono_s + self.country.first_burst_s + CALLER_ID_S)
        return opened

    def _caller_id(self, fact: CallerIdHeard, now: Now) -> Out:
        self._caller = callerid.parse(fact.data) if fact.ok else _BAD_BURST
        return self._arrive(now) if self.state is State.IDENTIFYING else []

    def _next_ring(self, fact: RingingStarted, now: Now) -> Out:
        return self._arrive(now) if fact.burst > 1 else []

    def _arrive(self, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.RINGING)
        return [LegArrived(self.leg, self.line, self._caller, "")]

    def _ringing_stopped(self, fact: RingingStopped, now: Now) -> Out:
        told = self.state is State.RINGING
        leg, self.leg = self.leg, None
        self._enter(State.IDLE)
        if leg is None:
            return []
        ended: Out = [LegEnded(leg, Cause.NORMAL, by_far_end=True)] if told else []
        return [CloseLeg(leg), *ended]

    def _answer(self, order: Answer, now: Now) -> Out:
        if self.state is not State.RINGING:
            return []
        self._enter(State.TALKING)
        self._answered_s = now.mono_s
        return [SeizeLine(self.line), self._listen(order.leg, DIAL_TONE_GONE_S)]

    def _listen(self, leg: LegId, dial_tone_s: float = SECOND_DIAL_TONE_S) -> Detect:
        """Digits and the tones that say the far end has gone."""
        if not self.settings.by_busy_tone:
            return Detect(leg, digits=True)
        dial = template_of(ToneName.DIAL, self.country.tones[ToneName.DIAL])
        dial = replace(dial, on_ms=(round(dial_tone_s * 1_000), 0))
        return Detect(leg, digits=True, tones=(*self._gone_templates(), dial), measure=True)

    def _gone_templates(self) -> tuple[ToneTemplate, ...]:
        own = tuple(tone.template() for tone in self._learned)
        return (*self.country.templates(*DISCONNECT_TONES), *own)

    # ------------------------------------------------------------------ outgoing

    def _originate(self, order: Originate, now: Now) -> Out:
        if self.state is not State.IDLE:
            out_of_service = self.state is State.OUT_OF_SERVICE
            cause = Cause.NETWORK_OUT_OF_ORDER if out_of_service else Cause.NO_CIRCUIT
            return [LegEnded(order.leg, cause, by_far_end=True)]
        self.leg, self._called = order.leg, order.called
        self._enter(State.SEIZED, now.mono_s + DIAL_TONE_S)
        tones = (*self.country.templates(ToneName.DIAL), *self._gone_templates())
        return [
            self.port.open(order.leg),
            SeizeLine(self.line),
            Detect(order.leg, tones=tones, voice=True),
        ]

    def _tone_when_seized(self, fact: ToneHeard, now: Now) -> Out:
        if fact.tone is ToneName.DIAL:
            return self._dial(now)
        return self._hang_up(Cause.CONGESTION, now)

    def _dial(self, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.DIALLING, now.mono_s + DIALLING_S)
        if self.settings.pulse_dialling:
            return [DialPulses(self.line, self._called)]
        return [SendDigits(self.leg, self._called)]

    def _no_dial_tone(self, now: Now) -> Out:
        if not self.settings.wait_for_dial_tone:
            return self._dial(now)
        text = f"No dial tone on {self.line} within {DIAL_TONE_S:.0f} s: test the exchange line."
        alarm = RaiseAlarm(f"dial-tone:{self.line}", text)
        return [alarm, *self._hang_up(Cause.NO_CIRCUIT, now)]

    def _glare(self, fact: RingingStarted | VoiceHeard, now: Now) -> Out:
        """A call came in as we seized: we have answered it; the outgoing try goes elsewhere.

        It had rung, or had not begun to: then there is no dial tone but somebody says hello.
        """
        outgoing = self.leg
        assert outgoing is not None
        leg = self.leg = self._new_leg()
        self._enter(State.TALKING)
        return [
            CloseLeg(outgoing),
            LegEnded(outgoing, Cause.NO_CIRCUIT, by_far_end=True),
            self.port.open(leg),
            self._listen(leg, DIAL_TONE_GONE_S),
            LegArrived(leg, self.line, _GLARE, ""),
        ]

    def _dialling_failed(self, now: Now) -> Out:
        return self._hang_up(Cause.TEMPORARY_FAILURE, now)

    def _dialled(self, fact: DigitsSent | PulsesSent, now: Now) -> Out:
        assert self.leg is not None
        self._enter(State.PROGRESS, now.mono_s + UNKNOWN_ANSWER_S)
        heard = self.country.templates(ToneName.RINGBACK, ToneName.SPECIAL_INFORMATION)
        tones = (*heard, *self._gone_templates())
        return [
            ClearAlarm(f"dial-tone:{self.line}"),
            Detect(self.leg, tones=tones, voice=True, measure=True),
            LegProceeding(self.leg),
            LegAlerting(self.leg, early_media=True),
        ]

    def _progress_tone(self, fact: ToneHeard, now: Now) -> Out:
        if fact.tone is ToneName.RINGBACK:
            self._deadline = None  # somebody rings: the calls decide how long
            return []
        return self._hang_up(_TONE_CAUSES[fact.tone], now, by_far_end=True)

    def _unknown_progress_tone(self, fact: CadenceMeasured, now: Now) -> Out:
        """Busy, though not learned: only after a talk is it sure. Ringback has longer pauses."""
        return self._hang_up(Cause.BUSY, now, by_far_end=True)

    def _progress_tone_ended(self, fact: ToneEnded, now: Now) -> Out:
        return self._answered(Supervision.ESTIMATED) if fact.tone is ToneName.RINGBACK else []

    def _voice(self, fact: VoiceHeard, now: Now) -> Out:
        return self._answered(Supervision.ESTIMATED)

    def _reversed_in_progress(self, fact: PolarityChanged, now: Now) -> Out:
        return self._answered(Supervision.CERTAIN)

    def _silent_progress(self, now: Now) -> Out:
        return self._answered(Supervision.UNKNOWN)

    def _answered(self, supervision: Supervision) -> Out:
        assert self.leg is not None
        self._enter(State.CONNECTED)
        return [self._listen(self.leg), LegAnswered(self.leg, supervision)]

    # ------------------------------------------------------------------ in a call and its end

    def _key(self, fact: DigitHeard, now: Now) -> Out:
        assert self.leg is not None
        return [LegDigit(self.leg, fact.digit)]

    def _loop_dropped(self, fact: BatteryChanged, now: Now) -> Out:
        gone = not fact.present and self.settings.by_loop_drop
        return self._far_end_gone(Cause.NORMAL, now) if gone else []

    def _lost_when_dialling(self, fact: BatteryChanged, now: Now) -> Out:
        """The exchange has not connected us to anybody yet: another line may get through."""
        return [] if fact.present else self._hang_up(Cause.NETWORK_OUT_OF_ORDER, now)

    def _reversed_in_talk(self, fact: PolarityChanged, now: Now) -> Out:
        answering = now.mono_s - self._answered_s < ANSWERING_S
        gone = self.settings.by_polarity and not answering
        return self._far_end_gone(Cause.NORMAL, now) if gone else []

    def _reversed_when_connected(self, fact: PolarityChanged, now: Now) -> Out:
        """Back to the idle polarity is the disconnect signal; away from it, a late answer."""
        return self._reversed_in_talk(fact, now) if fact.reversed == self._idle_reversed else []

    def _unknown_tone(self, fact: CadenceMeasured, now: Now) -> Out:
        return [*self._learn(learned.measured(fact)), *self._disconnect_tone(fact, now)]

    def _learn(self, tone: LearnedTone) -> Out:
        if any(tone.fits(template) for template in self._gone_templates()):
            return []
        self._learned = (*self._learned, tone)[-learned.MOST_TONES :]
        return [SaveSetting(learned.setting_key(self.line), learned.to_json(self._learned))]

    def _disconnect_tone(self, fact: ToneHeard | CadenceMeasured, now: Now) -> Out:
        tone_s = (fact.at_sample - fact.since_sample) / SAMPLES_PER_S
        return self._far_end_gone(Cause.NORMAL, now, tone_s)

    def _far_end_gone(self, cause: Cause, now: Now, busy_tone_s: float = 0.0) -> Out:
        return self._hang_up(cause, now, by_far_end=True, busy_tone_s=busy_tone_s)

    def _indicate(self, order: Indicate, now: Now) -> Out:
        return [PlayTone(order.leg, self.country.tones[order.tone], order.play)]

    def _release(self, order: Release, now: Now) -> Out:
        if self.state in _INCOMING:
            out = self._end(order.cause, by_far_end=False)
            self._enter(State.IGNORED)
            return out
        return self._hang_up(order.cause, now)

    def _hang_up(
        self, cause: Cause, now: Now, by_far_end: bool = False, busy_tone_s: float = 0.0
    ) -> Out:
        closed = self.state in _LOOP_CLOSED
        out = self._end(cause, by_far_end, busy_tone_s)
        self._enter(State.GUARD, now.mono_s + self.country.guard_s)
        return [*([ReleaseLine(self.line)] if closed else []), *out]

    def _guard_over(self, now: Now) -> Out:
        """A loop that dropped to tell the end of the talk is back by now; a cut line is not."""
        self._enter(State.IDLE)
        return [] if self._battery else self._without_battery()

    def _end(self, cause: Cause, by_far_end: bool, busy_tone_s: float = 0.0) -> Out:
        leg, self.leg = self.leg, None
        if leg is None:
            return []
        told = self.state not in (State.EXPECTING, State.IDENTIFYING)
        ended: Out = [LegEnded(leg, cause, by_far_end, busy_tone_s)] if told else []
        return [*ended, CloseLeg(leg)]

    def _enter(self, state: State, deadline: float | None = None) -> None:
        self.state, self._deadline = state, deadline


_TONE_CAUSES: Mapping[ToneName, Cause] = {
    ToneName.BUSY: Cause.BUSY,
    ToneName.CONGESTION: Cause.CONGESTION,
    ToneName.SPECIAL_INFORMATION: Cause.UNALLOCATED,
}

Handler = Callable[[Any, Any, Now], Out]

_FACTS: Mapping[tuple[State, type], Handler] = {
    (State.OUT_OF_SERVICE, BatteryChanged): FxoLine._battery_back,
    (State.IDLE, BatteryChanged): FxoLine._battery_idle,
    (State.IDLE, PolarityChanged): FxoLine._reversed_idle,
    (State.IDLE, RingingStarted): FxoLine._first_ring,
    (State.EXPECTING, RingingStarted): FxoLine._first_ring,
    (State.EXPECTING, CallerIdHeard): FxoLine._caller_id,
    (State.IDENTIFYING, CallerIdHeard): FxoLine._caller_id,
    (State.IDENTIFYING, RingingStarted): FxoLine._next_ring,
    (State.SEIZED, RingingStarted): FxoLine._glare,
    (State.SEIZED, VoiceHeard): FxoLine._glare,
    (State.SEIZED, ToneHeard): FxoLine._tone_when_seized,
    (State.DIALLING, DigitsSent): FxoLine._dialled,
    (State.DIALLING, PulsesSent): FxoLine._dialled,
    (State.PROGRESS, ToneHeard): FxoLine._progress_tone,
    (State.PROGRESS, ToneEnded): FxoLine._progress_tone_ended,
    (State.PROGRESS, CadenceMeasured): FxoLine._unknown_progress_tone,
    (State.PROGRESS, VoiceHeard): FxoLine._voice,
    (State.PROGRESS, PolarityChanged): FxoLine._reversed_in_progress,
    **{(state, RingingStopped): FxoLine._ringing_stopped for state in _INCOMING},
    **{(state, BatteryChanged): FxoLine._battery_idle for state in _INCOMING},
    (State.EXPECTING, BatteryChanged): FxoLine._battery_idle,
    **{(state, BatteryChanged): FxoLine._loop_dropped for state in _LOOP_CLOSED},
    (State.SEIZED, BatteryChanged): FxoLine._lost_when_dialling,
    (State.DIALLING, BatteryChanged): FxoLine._lost_when_dialling,
    (State.GUARD, RingingStarted): FxoLine._first_ring,
    (State.GUARD, PolarityChanged): FxoLine._reversed_idle,
    (State.EXPECTING, PolarityChanged): FxoLine._reversed_back,
    **{(state, DigitHeard): FxoLine._key for state in _IN_TALK},
    **{(state, ToneHeard): FxoLine._disconnect_tone for state in _IN_TALK},
    **{(state, CadenceMeasured): FxoLine._unknown_tone for state in _IN_TALK},
    **{(state, PolarityChanged): FxoLine._reversed_in_talk for state in _IN_TALK},
    (State.CONNECTED, PolarityChanged): FxoLine._reversed_when_connected,
}

_ANY_STATE: Mapping[type, Handler] = {
    PortState: FxoLine._port_state,
    CardDown: FxoLine._card_down,
    MediaDown: FxoLine._media_down,
    MediaFailed: FxoLine._media_failed,
}

_ORDERS: Mapping[type, Handler] = {
    Answer: FxoLine._answer,
    Release: FxoLine._release,
    Indicate: FxoLine._indicate,
}

_TIMEOUTS: Mapping[State, Callable[[Any, Now], Out]] = {
    State.EXPECTING: FxoLine._nothing_followed,
    State.IDENTIFYING: FxoLine._arrive,
    State.SEIZED: FxoLine._no_dial_tone,
    State.DIALLING: FxoLine._dialling_failed,
    State.PROGRESS: FxoLine._silent_progress,
    State.GUARD: FxoLine._guard_over,
    State.ADOPTED: FxoLine._card_missing,
    State.UNCLAIMED: FxoLine._unclaimed,
}
