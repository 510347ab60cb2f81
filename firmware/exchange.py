# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange process: builds every machine and adapter, joins them, starts and stops them.

One of the two composition roots. Facts come from the adapters into :meth:`Exchange.feed`, one at
a time in the event loop's thread; the core answers with effects; the dispatcher carries them
out. Nothing is decided here.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import secrets
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from drivers.linecard.card import CardLink
from drivers.linecard.revision import Revision, read_revision
from drivers.linecard.timings import PortTimings
from firmware import __version__
from firmware.alarms import Alarms
from firmware.assembly import country_of, line_machines, sip_lines, sip_settings
from firmware.calls.context import Ids, Speech
from firmware.calls.switch import Switch
from firmware.clock import Now
from firmware.config.load import load_office
from firmware.control.protocol import Status
from firmware.control.server import ControlServer
from firmware.core import CONTACTS, Core, Fact, MessageReceived, NameResolved, PeerUnreachable
from firmware.dispatcher import Dispatcher
from firmware.effects import ClearAlarm, Effect, RaiseAlarm
from firmware.errors import ConfigError
from firmware.events import CardDown, CardUp, MediaDown, MediaUp
from firmware.ids import CallIds, LegIds
from firmware.lines.countries import COUNTRIES
from firmware.media.client import MediaClient
from firmware.media.prompts import PromptStore, default_root, digit_keys, number_keys
from firmware.records.queries import list_calls
from firmware.records.store import Store
from firmware.records.writer import RecordWriter
from firmware.routing.compile import compile_office
from firmware.routing.table import CardRef, Table
from firmware.sip.endpoint import SipEndpoint
from firmware.sip.transport import Transport, local_address
from firmware.values import CallId, LineId

log = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
GC_THRESHOLD = 50_000  # objects between collections; start-up objects are frozen out of them
TOKEN_BYTES = 8  # of SIP tags, branches and Call-IDs
SECRET_BYTES = 32  # signs the nonces of this run


@dataclass(frozen=True, slots=True)
class Options:
    """Where everything is."""

    office: Path
    data: Path
    media_socket: Path
    control: Path
    prompts: Path | None
    wall_clock: datetime | None  # rehearse another time of day


class Clock:
    """The one clock: the loop's monotonic seconds and the office's wall time."""

    def __init__(self, table: Table, wall_clock: datetime | None) -> None:
        self._zone = table.time_zone
        self._offset = timedelta()
        if wall_clock is not None:
            aware = wall_clock if wall_clock.tzinfo else wall_clock.replace(tzinfo=self._zone)
            self._offset = aware - datetime.now(self._zone)

    def now(self) -> Now:
        """This instant."""
        mono_s = asyncio.get_running_loop().time()
        return Now(mono_s, datetime.now(self._zone) + self._offset)


class Exchange:
    """Everything one exchange consists of. Create it in a running loop, then :meth:`run`."""

    def __init__(self, options: Options, table: Table) -> None:
        self._loop = asyncio.get_running_loop()
        self._options = options
        self._table = table
        self._clock = Clock(table, options.wall_clock)
        started = self._clock.now()
        self._alarms = Alarms()
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._media_up = False
        self._records = RecordWriter(options.data / "records.sqlite", self._records_alarm)
        self._store = Store(options.data / "store.sqlite")
        self._media = MediaClient(str(options.media_socket), self.feed)
        self._revisions = {card.name: _revision(card) for card in table.data.cards}
        self._cards = [self._card_link(card) for card in table.data.cards]
        host, _, port = table.data.sip_listen.rpartition(":")
        self._transport = Transport(
            host,
            int(port or 0),
            lambda data, source: self.feed(MessageReceived(data, source)),
            lambda source: self.feed(PeerUnreachable(source)),
            lambda name, addresses: self.feed(NameResolved(name, addresses)),
        )
        born = datetime.now(UTC)  # not the rehearsed time: identifiers must not come again
        ids = Ids(LegIds(born), CallIds(born), _play_ids())
        self._make_mailboxes()
        self._switch = self._new_switch(ids, started)
        self._core = self._new_core(ids, host, int(port or 0))
        self._dispatcher = Dispatcher(
            self._card_of_lines(),
            self._media,
            self._transport,
            self._records,
            self._store,
            self._alarms,
        )

    # ------------------------------------------------------------------ building

    @property
    def _voicemail(self) -> Path:
        return self._options.data / "voicemail"

    def _make_mailboxes(self) -> None:
        for person in self._table.people.values():
            if person.mailbox:
                (self._voicemail / person.extension).mkdir(parents=True, exist_ok=True)

    def _new_switch(self, ids: Ids, started: Now) -> Switch:
        data = self._table.data
        recordings = Path(data.recordings) if data.recordings else None
        prompts = PromptStore(self._options.prompts or default_root(), data.language, recordings)
        return Switch(
            self._table,
            Speech(prompts.path, number_keys, digit_keys),
            ids,
            started,
            voicemail_folder=str(self._voicemail),
            messages=self._store.messages(),
            settings=self._store.settings(),
        )

    def _new_core(self, ids: Ids, host: str, port: int) -> Core:
        channels = {
            line.name: self._revisions[line.card].port(line.port).channel
            for line in self._table.lines.values()
            if line.card
        }
        secret = secrets.token_bytes(SECRET_BYTES)
        settings = sip_settings(self._table, local_address(host), port, secret)
        return Core(
            line_machines(self._table, channels, ids.new_leg),
            SipEndpoint(settings, ids.new_leg, lambda: secrets.token_hex(TOKEN_BYTES)),
            sip_lines(self._table),
            self._switch,
            country_of(self._table).tones,
        )

    def _card_link(self, card: CardRef) -> CardLink:
        on_card = [line for line in self._table.lines.values() if line.card == card.name]
        lines = {line.port: line.name for line in on_card}
        link = CardLink(
            card.name, card.device, self._revisions[card.name], lines, self.feed, __version__
        )
        link.configure({line.name: _timings(line.country) for line in on_card})
        return link

    def _card_of_lines(self) -> dict[LineId, CardLink]:
        by_name = {link.name: link for link in self._cards}
        return {line.name: by_name[line.card] for line in self._table.lines.values() if line.card}

    # ------------------------------------------------------------------ facts in, effects out

    def feed(self, fact: Fact) -> None:
        """Take one fact from an adapter; never raises, a fault costs one fact at most."""
        now = self._clock.now()
        try:
            effects = self._core.on_fact(fact, now)
        except Exception:
            log.exception("could not handle %r", fact)
            effects = []
        self._dispatch([*effects, *self._own_effects(fact)], now)

    def _own_effects(self, fact: Fact) -> list[Effect]:
        """What the box itself notices: its parts coming and going."""
        if isinstance(fact, MediaUp | MediaDown):
            self._media_up = isinstance(fact, MediaUp)
        if isinstance(fact, MediaDown):
            return [RaiseAlarm("media", f"The media host is away: {fact.reason}")]
        if isinstance(fact, CardDown):
            return [RaiseAlarm(f"card:{fact.card}", fact.reason)]
        if isinstance(fact, CardUp):
            return [ClearAlarm(f"card:{fact.card}")]
        return [ClearAlarm("media")] if isinstance(fact, MediaUp) else []

    def _dispatch(self, effects: list[Effect], now: Now) -> None:
        self._dispatcher.carry_out(effects, now.wall)
        self._arm_timer()
        self._changed.set()

    def _arm_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._core.next_timeout()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        now = self._clock.now()
        try:
            effects = self._core.on_timer(now)
        except Exception:
            log.exception("a timer failed")
            effects = []
        self._dispatch(effects, now)

    def _records_alarm(self, text: str) -> None:
        """Called by the writer's thread: "" when it writes again."""
        effect: Effect = RaiseAlarm("records", text) if text else ClearAlarm("records")
        self._loop.call_soon_threadsafe(lambda: self._dispatch([effect], self._clock.now()))

    # ------------------------------------------------------------------ the control API's backend

    def status(self) -> Status:
        """The box now."""
        now = self._clock.now()
        view = self._switch.snapshot(now)
        return Status(
            version=__version__,
            office=self._table.data.office,
            table=self._table.hash,
            wall=now.wall,
            media_up=self._media_up,
            lines=view.lines,
            calls=view.calls,
            queues=view.queues,
            agents=view.agents,
            alarms=self._alarms.standing,
        )

    def hang_up(self, call: CallId) -> None:
        """End a call on behalf of a console."""
        now = self._clock.now()
        self._dispatch(self._core.hang_up(call, now), now)

    async def records(self, limit: int) -> list[Any]:
        """Records of ended calls, newest first."""
        return await asyncio.to_thread(list_calls, self._records.path, limit)

    def changed(self) -> asyncio.Event:
        """Set after the next change."""
        if self._changed.is_set():
            self._changed = asyncio.Event()
        return self._changed

    # ------------------------------------------------------------------ life

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises what an adapter cannot recover from."""
        stop = _stop_signal()
        async with AsyncExitStack() as stack:
            self._records.start()
            stack.callback(self._records.close)
            stack.callback(self._store.close)
            await self._transport.start()
            stack.push_async_callback(self._transport.stop)
            await stack.enter_async_context(ControlServer(self).serve(self._options.control))
            now = self._clock.now()
            self._dispatch(self._core.start(now, self._store.settings().get(CONTACTS, "")), now)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(card.run()) for card in self._cards]
                tasks.append(group.create_task(self._media.run()))
                tasks.append(group.create_task(self._transport.watch_names(self._trunk_hosts())))
                _settle_memory()
                log.info("office %r, table %s", self._table.data.office, self._table.hash[:12])
                await stop.wait()
                self._stop_sip()
                for task in tasks:
                    task.cancel()

    def _trunk_hosts(self) -> tuple[str, ...]:
        return tuple(trunk.host for trunk in self._table.trunks.values() if trunk.host)

    def _stop_sip(self) -> None:
        now = self._clock.now()
        self._dispatch(self._core.stop(now), now)


def main(options: argparse.Namespace) -> int:
    """``tipring exchange``: 0 after a clean stop; ConfigError for a refused office."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    table = compile_office(load_office(options.office))
    options.data.mkdir(parents=True, exist_ok=True)
    given = Options(
        options.office,
        options.data,
        options.media_socket,
        options.control,
        options.prompts,
        options.wall_clock,
    )

    async def serve() -> None:
        await Exchange(given, table).run()

    asyncio.run(serve())
    return 0


def _revision(card: CardRef) -> Revision:
    try:
        return read_revision(card.revision)
    except FileNotFoundError as error:
        raise ConfigError(f"Card {card.name}: {error}.") from None


def _timings(code: str) -> PortTimings:
    country = COUNTRIES[code]
    shortest, longest = country.flash_ms
    return PortTimings(
        flash_min_ms=shortest,
        flash_max_ms=longest,
        ring_pause_max_ms=country.ring_pause_max_ms,
    )


def _play_ids() -> Callable[[], int]:
    numbers = count(1)
    return lambda: next(numbers)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _settle_memory() -> None:
    """Keep the collector off what lives as long as the process: it cost 80-200 ms at p99."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
