# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python face of the media engine: orders as methods, facts as :mod:`firmware.events`.

The engine's own threads move the audio; this class only gives orders and takes facts, so nothing
here is in a hurry. Use it from one thread. :attr:`Engine.event_fd` becomes readable when
:meth:`Engine.take_events` has something. Every method raises :class:`NativeError` with a sentence
when the order cannot be carried out or the engine is closed. No method waits for a tick; those
that read or create files wait for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from firmware import events
from firmware.errors import NativeError
from firmware.values import Codec, LegId, Tone, ToneName, ToneTemplate
from native._core import ffi, lib
from native.figures import LegFigures, Snapshot

__all__ = ["Engine", "LegFigures", "Snapshot"]

TICK_SAMPLES = 80  # 10 ms at 8,000 Hz
TONE_IDS = tuple(ToneName)  # a template's number in the engine is its place here
CODECS = {Codec.PCMA: lib.TR_CODEC_PCMA, Codec.PCMU: lib.TR_CODEC_PCMU}
MODULATIONS = {"": lib.TR_FSK_NONE, "bell202": lib.TR_FSK_BELL202, "v23": lib.TR_FSK_V23}
KINDS = {lib.TR_LEG_CARD: "card", lib.TR_LEG_RTP: "rtp"}
MOST_LEGS = int(lib.TR_MAX_LEGS)

assert int(lib.TR_TICK_SAMPLES) == TICK_SAMPLES


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _sentence(text: Any) -> str:
    raw: Any = ffi.string(text)
    return _text(raw)


def _path(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        raise NativeError(f"{path!r} is no path: it contains a zero byte.")
    return raw


def _frequency(frequencies_hz: Sequence[float], index: int) -> float:
    if len(frequencies_hz) > 2:
        raise NativeError("A tone has at most two frequencies at a time.")
    return frequencies_hz[index] if index < len(frequencies_hz) else 0.0


def _fill_segments(tone: Tone) -> Any:
    segments = ffi.new("tr_tone_segment[]", max(1, len(tone.segments)))
    for c, segment in zip(segments, tone.segments, strict=False):
        c.frequency_hz[0] = _frequency(segment.frequencies_hz, 0)
        c.frequency_hz[1] = _frequency(segment.frequencies_hz, 1)
        c.level_dbm0 = segment.level_dbm0
        c.on_ms = segment.on_ms
        c.off_ms = segment.off_ms
    return segments


def _fill_templates(templates: Sequence[ToneTemplate]) -> Any:
    filled = ffi.new("tr_tone_template[]", max(1, len(templates)))
    for c, template in zip(filled, templates, strict=False):
        c.id = TONE_IDS.index(template.name)
        c.cycles = template.cycles
        c.frequency_hz[0] = _frequency(template.frequencies_hz, 0)
        c.frequency_hz[1] = _frequency(template.frequencies_hz, 1)
        c.on_ms = template.on_ms
        c.off_ms = template.off_ms
    return filled


def _modulation(name: str) -> int:
    if name not in MODULATIONS:
        raise NativeError(f"Caller ID comes as bell202 or v23, not {name!r}.")
    return int(MODULATIONS[name])


class Engine:
    """One media engine. A context manager; :meth:`close` ends its threads and keeps recordings.

    ``rtp_host`` is the numeric IPv4 address of the RTP sockets, ``port_range`` their lowest and
    highest port (1024..65535); without it the system chooses.
    """

    def __init__(
        self, rtp_host: str = "127.0.0.1", port_range: tuple[int, int] | None = None
    ) -> None:
        self._handle: Any = None
        self._record_paths: dict[tuple[int, int], str] = {}
        self._event = ffi.new("tr_event *")
        low, high = port_range or (0, 0)
        why = ffi.new("char[]", 256)
        raw = lib.tr_engine_create(_path(rtp_host), low, high, why, len(why))
        if raw == ffi.NULL:
            raise NativeError(_sentence(why))
        self._handle = ffi.gc(raw, lib.tr_engine_destroy)
        self.rtp_host = rtp_host

    def close(self) -> None:
        """End the engine: all legs close, recordings are completed. May wait for the disk."""
        if self._handle is not None:
            ffi.release(self._handle)
            self._handle = None

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _engine(self) -> Any:
        if self._handle is None:
            raise NativeError("The media engine is closed.")
        return self._handle

    def _check(self, result: int) -> int:
        if result < 0:
            raise NativeError(_sentence(lib.tr_last_error(self._handle)))
        return result

    # ------------------------------------------------------------------ legs

    def open_card(
        self,
        leg: int,
        channel: int,
        echo_canceller: bool = True,
        receive_gain_db: float = 0.0,
        transmit_gain_db: float = 0.0,
    ) -> None:
        """Bind a leg to a channel of the card's sound stream; gains -40..40 dB."""
        self._check(
            lib.tr_open_card(
                self._engine(), leg, channel, echo_canceller, receive_gain_db, transmit_gain_db
            )
        )

    def open_rtp(self, leg: int) -> int:
        """Open a UDP port pair for a leg. Returns the RTP port, which is even."""
        return self._check(lib.tr_open_rtp(self._engine(), leg))

    def connect_rtp(
        self,
        leg: int,
        host: str,
        port: int,
        codec: Codec,
        payload_type: int,
        ptime_ms: int = 20,
        dtmf_payload_type: int = -1,
        send: bool = True,
        receive: bool = True,
    ) -> None:
        """Where to send and what to expect; the source locks on arrival (symmetric RTP)."""
        if not 0 < port < 65536:
            raise NativeError(f"{port} is no UDP port.")
        self._check(
            lib.tr_connect_rtp(
                self._engine(),
                leg,
                _path(host),
                port,
                CODECS[codec],
                payload_type,
                ptime_ms,
                dtmf_payload_type,
                send,
                receive,
            )
        )

    def close_leg(self, leg: int) -> None:
        """Close the leg's port: it leaves its bridge, its player stops, its recording ends."""
        self._check(lib.tr_close_leg(self._engine(), leg))

    def tag_leg(self, leg: int, tag: str) -> None:
        """Keep a text (at most 64 KiB) with the leg."""
        raw = tag.encode()
        self._check(lib.tr_tag_leg(self._engine(), leg, raw, len(raw)))

    def held(self) -> tuple[events.HeldLeg, ...]:
        """Every open leg, as a new exchange needs to know it."""
        infos = ffi.new("tr_leg_info[]", MOST_LEGS)
        count = lib.tr_list_legs(self._engine(), infos, MOST_LEGS)
        return tuple(
            events.HeldLeg(
                leg=LegId(info.leg),
                kind=KINDS[info.kind],
                channel=info.channel,
                rtp_port=info.rtp_port,
                bridge=info.bridge,
                tag=self._tag(info.leg),
            )
            for info in infos[0:count]
        )

    def _tag(self, leg: int) -> str:
        length = self._check(lib.tr_read_tag(self._engine(), leg, ffi.NULL, 0))
        text = ffi.new("char[]", length + 1)
        lib.tr_read_tag(self._engine(), leg, text, length)
        return _text(bytes(ffi.buffer(text, length)))

    # ------------------------------------------------------------------ playing

    def play_files(self, leg: int, play: int, paths: Sequence[str], loop: bool = False) -> None:
        """Play WAV files without a gap (read now); PlayEnded names those that cannot be used."""
        owners = [ffi.new("char[]", _path(path)) for path in paths]
        self._check(
            lib.tr_play_files(
                self._engine(), leg, play, ffi.new("char *[]", owners), len(owners), loop
            )
        )

    def play_tone(self, leg: int, tone: Tone, play: int = 0) -> None:
        """Play a tone; PlayEnded only when its ``repeat`` is finite."""
        self._check(
            lib.tr_play_tone(
                self._engine(), leg, play, _fill_segments(tone), len(tone.segments), tone.repeat
            )
        )

    def stop_playing(self, leg: int) -> None:
        """Stop files, tones and caller ID on this leg; digits being sent go on."""
        self._check(lib.tr_stop_playing(self._engine(), leg))

    def send_digits(
        self, leg: int, digits: str, on_ms: int = 80, off_ms: int = 80, level_dbm0: float = -9.0
    ) -> None:
        """Send DTMF (RFC 4733 where the leg has it); DigitsSent follows. "," pauses 500 ms."""
        raw = digits.encode()
        self._check(
            lib.tr_send_digits(self._engine(), leg, raw, len(raw), on_ms, off_ms, level_dbm0)
        )

    def send_caller_id(self, leg: int, modulation: str, data: bytes, delay_ms: int = 0) -> None:
        """Send a caller-ID message (type, length, parameters) by FSK; CallerIdSent follows."""
        self._check(
            lib.tr_send_caller_id(
                self._engine(), leg, _modulation(modulation), data, len(data), delay_ms
            )
        )

    # ------------------------------------------------------------------ bridges

    def join_bridge(self, bridge: int, legs: Sequence[int]) -> None:
        """These legs and no others are in the bridge; each leaves the one it was in."""
        self._check(lib.tr_join_bridge(self._engine(), bridge, list(legs), len(legs)))

    def leave_bridge(self, leg: int) -> None:
        """Take the leg out of its bridge."""
        self._check(lib.tr_leave_bridge(self._engine(), leg))

    # ------------------------------------------------------------------ recording

    def start_recording(
        self, leg: int, record: int, path: str, max_s: float, silence_s: float = 0.0
    ) -> None:
        """Record what the leg's party says; RecordEnded follows when the file is complete."""
        self._check(
            lib.tr_start_recording(self._engine(), leg, record, _path(path), max_s, silence_s)
        )
        self._record_paths[leg, record] = path

    def stop_recording(self, leg: int, trim_s: float = 0.0) -> None:
        """End the leg's recording and cut ``trim_s`` seconds from its end."""
        self._check(lib.tr_stop_recording(self._engine(), leg, trim_s))

    # ------------------------------------------------------------------ detection, card

    def detect(
        self,
        leg: int,
        digits: bool = False,
        tones: Sequence[ToneTemplate] = (),
        voice: bool = False,
        caller_id: str = "",
        measure: bool = False,
    ) -> None:
        """What to listen for on this leg from now on; at most 16 tone templates.

        ``measure``: tell any steady cadenced tone as CadenceMeasured.
        """
        self._check(
            lib.tr_detect(
                self._engine(),
                leg,
                digits,
                _fill_templates(tones),
                len(tones),
                voice,
                _modulation(caller_id),
                measure,
            )
        )

    def start_card(self, device: str, channels: int) -> None:
        """Open this ALSA device now and whenever it is there; CardAudioChanged tells."""
        self._check(lib.tr_start_card(self._engine(), _path(device), channels))

    # ------------------------------------------------------------------ facts, figures

    @property
    def event_fd(self) -> int:
        """Readable when facts wait; the engine's own, do not close it."""
        return int(lib.tr_event_fd(self._engine()))

    def take_events(self) -> list[events.MediaFact]:
        """All facts since the last call, oldest first."""
        taken: list[events.MediaFact] = []
        while lib.tr_take_event(self._engine(), self._event):
            taken.append(self._fact(self._event))
        return taken

    def _fact(self, event: Any) -> events.MediaFact:
        return _FACTS[event.kind](self, event, bytes(ffi.buffer(event.data, event.length)))

    def _record_ended(self, event: Any, data: bytes) -> events.MediaFact:
        path = self._record_paths.pop((event.leg, event.id), "")
        return events.RecordEnded(LegId(event.leg), event.id, path, event.value, _text(data))

    @staticmethod
    def _cadence(event: Any) -> events.MediaFact:
        figures: Any = ffi.cast("tr_cadence_figures *", event.data)
        return events.CadenceMeasured(
            LegId(event.leg),
            tuple(round(hz, 1) for hz in figures.frequency_hz if hz),
            figures.on_ms,
            figures.off_ms,
            figures.rounds,
            event.at_sample,
            figures.since_sample,
        )

    def snapshot(self) -> Snapshot:
        """The engine's figures and those of every open leg."""
        stats: Any = ffi.new("tr_stats *")
        self._check(lib.tr_read_stats(self._engine(), stats))
        names = [name for name in Snapshot.__slots__ if name != "legs"]
        values = {name: getattr(stats, name) for name in names}
        values["realtime"] = bool(stats.realtime)
        values["card_running"] = bool(stats.card_running)
        return Snapshot(legs={leg: self._figures(leg) for leg in self._open_legs()}, **values)

    def _open_legs(self) -> list[LegId]:
        infos = ffi.new("tr_leg_info[]", MOST_LEGS)
        count = lib.tr_list_legs(self._engine(), infos, MOST_LEGS)
        return [LegId(info.leg) for info in infos[0:count]]

    def _figures(self, leg: LegId) -> LegFigures:
        stats: Any = ffi.new("tr_leg_stats *")
        self._check(lib.tr_read_leg_stats(self._engine(), leg, stats))
        return LegFigures(**{name: getattr(stats, name) for name in LegFigures.__slots__})


_FACTS: dict[int, Callable[[Engine, Any, bytes], events.MediaFact]] = {
    lib.TR_EVENT_DIGIT: lambda _, e, d: events.DigitHeard(
        LegId(e.leg), chr(e.id), e.at_sample, in_band=not e.value
    ),
    lib.TR_EVENT_TONE: lambda _, e, d: events.ToneHeard(
        LegId(e.leg), TONE_IDS[e.id], e.at_sample, e.since_sample
    ),
    lib.TR_EVENT_TONE_ENDED: lambda _, e, d: events.ToneEnded(
        LegId(e.leg), TONE_IDS[e.id], e.at_sample
    ),
    lib.TR_EVENT_VOICE: lambda _, e, d: events.VoiceHeard(LegId(e.leg), e.at_sample),
    lib.TR_EVENT_CALLER_ID: lambda _, e, d: events.CallerIdHeard(LegId(e.leg), d, bool(e.id)),
    lib.TR_EVENT_CALLER_ID_SENT: lambda _, e, d: events.CallerIdSent(LegId(e.leg)),
    lib.TR_EVENT_DIGITS_SENT: lambda _, e, d: events.DigitsSent(LegId(e.leg)),
    lib.TR_EVENT_PLAY_ENDED: lambda _, e, d: events.PlayEnded(LegId(e.leg), e.id, _text(d)),
    lib.TR_EVENT_RECORD_ENDED: lambda engine, e, d: engine._record_ended(e, d),
    lib.TR_EVENT_RTP_LOST: lambda _, e, d: events.RtpLost(LegId(e.leg), e.value),
    lib.TR_EVENT_CADENCE: lambda engine, e, d: engine._cadence(e),
    lib.TR_EVENT_CARD_AUDIO: lambda _, e, d: events.CardAudioChanged(bool(e.id), _text(d)),
}
