# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange process: builds every machine and adapter, joins them, starts and stops them.

One of the two composition roots. Adapters give their facts to the reactor, the core answers with
effects, the dispatcher carries them out. Nothing is decided here.
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
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from drivers.linecard.card import CardLink
from drivers.linecard.revision import Revision, read_revision
from drivers.linecard.timings import PortTimings
from firmware import __version__
from firmware.alarms import Alarms
from firmware.assembly import country_of, line_machines, sip_lines, sip_settings
from firmware.calls.context import Ids, Speech
from firmware.calls.switch import Switch
from firmware.control.backend import Backend
from firmware.control.server import ControlServer
from firmware.core import CONTACTS, Core
from firmware.dispatcher import Dispatcher
from firmware.effects import ClearAlarm, RaiseAlarm
from firmware.errors import ConfigError
from firmware.ids import CallIds, LegIds
from firmware.lines.countries import COUNTRIES
from firmware.machines import MessageReceived, NameResolved, PeerUnreachable
from firmware.media.client import MediaClient
from firmware.media.prompts import PromptStore, default_root, digit_keys, number_keys
from firmware.officeclock import OfficeClock
from firmware.reactor import Reactor
from firmware.records.leftovers import remove_leftovers
from firmware.records.store import Store
from firmware.records.writer import RecordWriter
from firmware.routing.loading import table_of
from firmware.routing.table import CardRef, Table
from firmware.sip.endpoint import SipEndpoint
from firmware.sip.transport import Transport, local_address
from firmware.values import LineId

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


class Exchange:
    """Everything one exchange consists of. Create it in a running loop, then :meth:`run`."""

    def __init__(self, options: Options, table: Table) -> None:
        self._options = options
        self._table = table
        self._reactor = reactor = Reactor(OfficeClock(table.time_zone, options.wall_clock))
        self._records = RecordWriter(options.data / "records.sqlite", self._records_alarm)
        self._store = Store(options.data / "store.sqlite")
        self._media = MediaClient(str(options.media_socket), reactor.feed)
        self._revisions = {card.name: _revision(card) for card in table.data.cards}
        self._cards = [self._card_link(card) for card in table.data.cards]
        host, _, port = table.data.sip_listen.rpartition(":")
        self._transport = self._new_transport(host, int(port or 0))
        born = datetime.now(UTC)  # not the rehearsed time: identifiers must not come again
        ids = Ids(LegIds(born), CallIds(born), _play_ids())
        self._switch = self._new_switch(ids)
        self._core = self._new_core(ids, local_address(host), int(port or 0))
        alarms = Alarms()
        reactor.join(self._core, self._new_dispatcher(alarms))
        self._backend = Backend(
            reactor,
            self._core,
            self._switch,
            table,
            alarms,
            lambda: self._media.connected,
            self._records.path,
            self._counters,
        )

    def _counters(self) -> dict[str, int]:
        counts = {f"sip.{name}": count for name, count in self._transport.counts.items()}
        return counts | {f"{card.name}.bad_frames": card.bad_frames for card in self._cards}

    # ------------------------------------------------------------------ building

    def _new_switch(self, ids: Ids) -> Switch:
        data = self._table.data
        recordings = Path(data.recordings) if data.recordings else None
        prompts = PromptStore(self._options.prompts or default_root(), data.language, recordings)
        voicemail = self._options.data / "voicemail"
        self._make_mailboxes(voicemail)
        return Switch(
            self._table,
            Speech(prompts.path, number_keys, digit_keys),
            ids,
            self._reactor.clock.now(),
            voicemail_folder=str(voicemail),
            messages=self._store.messages(),
            settings=self._store.settings(),
        )

    def _make_mailboxes(self, folder: Path) -> None:
        """A disk that refuses costs messages, never the calls; the first message says so."""
        owners = [person for person in self._table.people.values() if person.mailbox]
        try:
            for person in owners:
                (folder / person.extension).mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder, datetime.now(UTC).timestamp())
        except OSError as error:
            log.warning("no folder for messages in %s: %s", folder, error)

    def _new_core(self, ids: Ids, host: str, port: int) -> Core:
        channels = {
            line.name: self._revisions[line.card].port(line.port).channel
            for line in self._table.lines.values()
            if line.card
        }
        settings = sip_settings(self._table, host, port, secrets.token_bytes(SECRET_BYTES))
        return Core(
            line_machines(self._table, channels, ids.new_leg, self._store.settings()),
            SipEndpoint(settings, ids.new_leg, lambda: secrets.token_hex(TOKEN_BYTES)),
            sip_lines(self._table),
            self._switch,
            country_of(self._table).tones,
        )

    def _new_transport(self, host: str, port: int) -> Transport:
        feed = self._reactor.feed
        return Transport(
            host,
            port,
            lambda data, source: feed(MessageReceived(data, source)),
            lambda source: feed(PeerUnreachable(source)),
            lambda name, addresses: feed(NameResolved(name, addresses)),
        )

    def _card_link(self, card: CardRef) -> CardLink:
        on_card = [line for line in self._table.lines.values() if line.card == card.name]
        lines = {line.port: line.name for line in on_card}
        revision = self._revisions[card.name]
        link = CardLink(card.name, card.device, revision, lines, self._reactor.feed, __version__)
        link.configure({line.name: _timings(line.country) for line in on_card})
        return link

    def _new_dispatcher(self, alarms: Alarms) -> Dispatcher:
        links = {link.name: link for link in self._cards}
        by_line: dict[LineId, CardLink] = {
            line.name: links[line.card] for line in self._table.lines.values() if line.card
        }
        return Dispatcher(by_line, self._media, self._transport, self._records, self._store, alarms)

    def _records_alarm(self, text: str) -> None:
        """Called by the writer's thread: "" when it writes again."""
        self._reactor.act_soon(RaiseAlarm("records", text) if text else ClearAlarm("records"))

    # ------------------------------------------------------------------ life

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises what an adapter cannot recover from."""
        stop = _stop_signal()
        contacts = self._store.settings().get(CONTACTS, "")
        async with AsyncExitStack() as stack:
            self._records.start()
            stack.callback(self._records.close)
            stack.callback(self._store.close)
            await self._listen()
            stack.push_async_callback(self._transport.stop)
            control = ControlServer(self._backend)
            await stack.enter_async_context(control.serve(self._options.control))
            self._reactor.act(lambda now: self._core.start(now, contacts), "the start")
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(card.run()) for card in self._cards]
                tasks.append(group.create_task(self._media.run()))
                tasks.append(group.create_task(self._transport.watch_names(self._trunk_hosts())))
                _settle_memory()
                log.info("office %r, table %s", self._table.data.office, self._table.hash[:12])
                await stop.wait()
                self._reactor.act(self._core.stop, "the stop")
                for task in tasks:
                    task.cancel()

    async def _listen(self) -> None:
        try:
            await self._transport.start()
        except OSError as error:
            where = self._table.data.sip_listen
            sentence = f"SIP cannot listen on {where} ({error.strerror}): is it taken, or not ours?"
            raise ConfigError(sentence) from None

    def _trunk_hosts(self) -> tuple[str, ...]:
        return tuple(trunk.host for trunk in self._table.trunks.values() if trunk.host)


def main(options: argparse.Namespace) -> int:
    """``tipring exchange``: 0 after a clean stop; ConfigError for a refused office."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    table = table_of(options.office)
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
        loop_drop_ms=country.loop_drop_ms,
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
