# SPDX-License-Identifier: GPL-2.0-or-later
"""``tipring media``: the process that holds the audio.

It starts the C engine, whose own threads move every sample, and serves one exchange at a time
on a Unix socket: orders down, events up (``firmware.media.protocol``). When the exchange goes
away the engine plays on; the next one is greeted with what is held. Nothing here decides about
calls.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections import deque
from pathlib import Path
from typing import assert_never

from firmware import effects
from firmware.errors import ConfigError, NativeError, PeerError
from firmware.events import (
    CardAudioChanged,
    MediaFact,
    MediaFailed,
    MediaUp,
    RecordEnded,
    RtpOpened,
)
from firmware.media.adrift import Adrift, LegState
from firmware.media.protocol import (
    NO_LEG,
    EngineFigures,
    GetSnapshot,
    LegFigures,
    MediaCommand,
    MediaEvent,
    MediaSnapshot,
    command_lines,
    failure,
)
from firmware.values import LegId
from firmware.wire import encode
from native.engine import Engine, Snapshot

READ_BYTES = 65536
MAX_UNSENT_BYTES = 4 * 1024 * 1024  # an exchange that reads nothing for so long is stuck
KEPT_RECORDINGS = 256  # ends of recordings that wait for an exchange
LOOK_S = 1.0
STATISTICS_S = 60.0
SAMPLES_PER_MS = 8

log = logging.getLogger(__name__)


class MediaHost:
    """Between one engine and one exchange; all methods belong to the event loop's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exchange: asyncio.StreamWriter | None = None
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._card_audio: CardAudioChanged | None = None
        self._kept: deque[RecordEnded] = deque(maxlen=KEPT_RECORDINGS)
        self._adrift = Adrift()

    # ------------------------------------------------------------------ the exchange

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends or a newer one takes its place."""
        task = asyncio.current_task()
        assert task is not None  # the server runs this as a task of its own
        self._connections[writer] = task
        self._greet(writer)
        lines = command_lines()
        try:
            while data := await reader.read(READ_BYTES):
                for command in lines.feed(data):
                    self._obey(command, writer)
        except OSError as error:
            log.warning("exchange connection failed: %s", error)
        finally:
            self._leave(writer)

    def _greet(self, writer: asyncio.StreamWriter) -> None:
        self._forward_events()
        if self._exchange is not None:
            log.warning("a new exchange takes the place of the old one")
            self._exchange.transport.abort()
        self._exchange = writer
        self._adrift.adopt()
        held = self._engine.held()
        log.info("exchange connected; %d legs held", len(held))
        self._tell(MediaUp(held, self._engine.rtp_host))
        if self._card_audio is not None:
            self._tell(self._card_audio)
        while self._kept:
            self._tell(self._kept.popleft())

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self._connections.pop(writer, None)
        writer.transport.abort()
        if self._exchange is writer:
            self._exchange = None
            log.warning("exchange gone; %d legs play on", len(self._engine.held()))

    async def hang_up(self) -> None:
        """Drop every connection, at the end of the process."""
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*self._connections.values(), return_exceptions=True)

    def _obey(self, command: MediaCommand | PeerError, writer: asyncio.StreamWriter) -> None:
        if self._exchange is not writer:
            return  # replaced in the middle of its batch
        if isinstance(command, PeerError):
            log.error("exchange: %s", command)
            self._tell(MediaFailed(NO_LEG, "", str(command)))
            return
        try:
            answer = self._carry_out(command)
        except NativeError as error:
            log.warning("%s refused: %s", type(command).__name__, error)
            answer = failure(command, str(error))
        except (ValueError, TypeError, OverflowError) as error:  # a value no C type holds
            log.error("%s cannot be carried out: %s", command, error)  # a fault of the exchange
            answer = failure(command, f"A value is out of range: {error}.")
        if answer is not None:
            self._tell(answer)

    def _tell(self, event: MediaEvent) -> None:
        if self._exchange is None:
            if isinstance(event, RecordEnded):
                self._kept.append(event)
            return
        self._exchange.write(encode(event))
        if self._exchange.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.error("exchange does not read its socket; connection dropped")
            self._exchange.transport.abort()

    # ------------------------------------------------------------------ the engine

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forward the engine's events from now on."""
        loop.add_reader(self._engine.event_fd, self._forward_events)

    def unwatch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop forwarding, before the engine is closed."""
        loop.remove_reader(self._engine.event_fd)

    def _forward_events(self) -> None:
        for fact in self._engine.take_events():
            self._note(fact)
            self._tell(fact)

    def _note(self, fact: MediaFact) -> None:
        if isinstance(fact, CardAudioChanged):
            self._card_audio = fact
            log.info("card audio %s: %s", "runs" if fact.running else "stopped", fact.reason)

    def _carry_out(self, order: MediaCommand) -> MediaEvent | None:
        engine = self._engine
        match order:
            case effects.OpenCard(leg, channel, cancel, receive_db, transmit_db):
                engine.open_card(leg, channel, cancel, receive_db, transmit_db)
            case effects.OpenRtp(leg):
                return RtpOpened(leg, engine.rtp_host, engine.open_rtp(leg))
            case effects.ConnectRtp():
                engine.connect_rtp(
                    order.leg, order.host, order.port, order.codec, order.payload_type,
                    order.ptime_ms, order.dtmf_payload_type, order.send, order.receive,
                )  # fmt: skip
            case effects.CloseLeg(leg):
                engine.close_leg(leg)
            case effects.TagLeg(leg, tag):
                engine.tag_leg(leg, tag)
            case effects.JoinBridge(bridge, legs):
                engine.join_bridge(bridge, legs)
            case effects.LeaveBridge(leg):
                engine.leave_bridge(leg)
            case effects.StartRecording(leg, record, path, max_s, silence_s):
                engine.start_recording(leg, record, path, max_s, silence_s)
            case effects.StopRecording(leg, trim_s):
                engine.stop_recording(leg, trim_s)
            case effects.Detect(leg, digits, tones, voice, caller_id, measure):
                engine.detect(leg, digits, tones, voice, caller_id, measure)
            case GetSnapshot(request):
                return self.snapshot(request)
            case _:
                self._play(order)
        return None

    def _play(
        self,
        order: effects.PlayFiles
        | effects.PlayTone
        | effects.StopPlaying
        | effects.SendDigits
        | effects.SendCallerId,
    ) -> None:
        engine = self._engine
        match order:
            case effects.PlayFiles(leg, play, paths, loop):
                engine.play_files(leg, play, paths, loop)
            case effects.PlayTone(leg, tone, play):
                engine.play_tone(leg, tone, play)
            case effects.StopPlaying(leg):
                engine.stop_playing(leg)
            case effects.SendDigits(leg, digits, on_ms, off_ms, level_dbm0):
                engine.send_digits(leg, digits, on_ms, off_ms, level_dbm0)
            case effects.SendCallerId(leg, modulation, data, delay_ms):
                engine.send_caller_id(leg, modulation, data, delay_ms)
            case _:
                assert_never(order)

    # ------------------------------------------------------------------ figures

    def snapshot(self, request: int) -> MediaSnapshot:
        """The engine's figures of now."""
        figures = self._engine.snapshot()
        held = {leg.leg: leg for leg in self._engine.held()}
        legs = []
        for number, counts in figures.legs.items():
            place = held.get(number)
            if place is None:
                continue
            legs.append(
                LegFigures(
                    leg=number, kind=place.kind, channel=place.channel, rtp_port=place.rtp_port,
                    bridge=place.bridge, packets_received=counts.packets_received,
                    packets_sent=counts.packets_sent, packets_lost=counts.packets_lost,
                    packets_late=counts.packets_late, packets_refused=counts.packets_refused,
                    concealed_samples=counts.concealed_samples,
                    jitter_ms=counts.jitter_samples / SAMPLES_PER_MS,
                    delay_ms=counts.delay_samples / SAMPLES_PER_MS,
                    erl_db=counts.erl_db, erle_db=counts.erle_db,
                    receive_dbm0=counts.receive_dbm0, transmit_dbm0=counts.transmit_dbm0,
                )
            )  # fmt: skip
        return MediaSnapshot(request, _engine_figures(figures), tuple(legs))

    # ------------------------------------------------------------------ without an exchange

    async def look_after(self) -> None:
        """Close what nobody will ever end, and log the figures once a minute; until cancelled."""
        loop = asyncio.get_running_loop()
        reported_s = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            if self._exchange is None:
                self._close_adrift(loop.time())
            if loop.time() - reported_s >= STATISTICS_S:
                reported_s = loop.time()
                self._log_statistics()

    def _close_adrift(self, now_s: float) -> None:
        figures = self._engine.snapshot()
        states = []
        for held in self._engine.held():
            packets = figures.legs[held.leg].packets_received if held.leg in figures.legs else 0
            card = figures.ticks if figures.card_running else figures.card_starts
            heard = card if held.kind == "card" else packets
            states.append(LegState(held.leg, held.bridge, heard))
        for leg in self._adrift.look(states, now_s):
            self._close(leg)

    def _close(self, leg: LegId) -> None:
        log.warning("leg %d closed: no exchange came back for it", leg)
        try:
            self._engine.close_leg(leg)
        except NativeError as error:  # it ended by itself since the figures were read
            log.info("leg %d: %s", leg, error)

    def _log_statistics(self) -> None:
        figures = self._engine.snapshot()
        mean_us = figures.tick_us_total / max(1, figures.ticks)
        log.info(
            "%d legs, %d ticks, mean %.0f us, longest %d us, %d late, card %d xruns",
            len(figures.legs), figures.ticks, mean_us, figures.max_tick_us,
            figures.late_ticks, figures.card_xruns,
        )  # fmt: skip


def _engine_figures(figures: Snapshot) -> EngineFigures:
    return EngineFigures(
        uptime_s=figures.sample / (1000.0 * SAMPLES_PER_MS),
        ticks=figures.ticks,
        late_ticks=figures.late_ticks,
        max_late_us=figures.max_late_us,
        skipped_ticks=figures.skipped_ticks,
        mean_tick_us=figures.tick_us_total / max(1, figures.ticks),
        max_tick_us=figures.max_tick_us,
        realtime=figures.realtime,
        card_running=figures.card_running,
        card_xruns=figures.card_xruns,
        events_lost=figures.events_lost,
        record_overruns=figures.record_overruns,
    )


# ---------------------------------------------------------------------- the process


def main(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT.

    ``options``: socket (Path), card (ALSA device or ""), channels, rtp_host ("" for this machine's
    own address), rtp_ports (lowest, highest) or None.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _claim(options.socket)
    asyncio.run(_run(options))
    options.socket.unlink(missing_ok=True)
    return 0


async def _run(options: argparse.Namespace) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with Engine(options.rtp_host or own_address(), options.rtp_ports) as engine:
        host = MediaHost(engine)
        host.watch(loop)
        if options.card:
            engine.start_card(options.card, options.channels)
        server = await _listen(host, options.socket)
        looking = asyncio.create_task(host.look_after())
        log.info("media host serves %s, RTP on %s", options.socket, engine.rtp_host)
        await stop.wait()
        looking.cancel()
        server.close()
        await host.hang_up()
        host.unwatch(loop)


async def _listen(host: MediaHost, path: Path) -> asyncio.Server:
    before = os.umask(0o117)  # owner and group: the exchange may run under another user
    try:
        return await asyncio.start_unix_server(host.serve, path)
    except OSError as error:
        raise ConfigError(f"The media socket {path} cannot be made: {error}.") from error
    finally:
        os.umask(before)


def _claim(path: Path) -> None:
    """Make room for the socket: remove what a killed host left, refuse to take a living one's."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"The media socket {path} cannot be used: {error}.") from error
    else:
        raise ConfigError(f"Another media host serves {path}; stop it first.")


def own_address() -> str:
    """Address of this machine towards the network, 127.0.0.1 without one. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: only the route is looked up
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
