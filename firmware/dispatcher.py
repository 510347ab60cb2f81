# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries effects out: each kind of order goes through one door. Decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import get_args

from firmware.effects import (
    CardOrder,
    ClearAlarm,
    Effect,
    MediaOrder,
    RaiseAlarm,
    SendDatagram,
    StoreOrder,
    WriteEvent,
)
from firmware.ports import AlarmPort, CardPort, MediaPort, NetworkPort, RecordPort, StorePort
from firmware.values import LineId

log = logging.getLogger(__name__)

_CARD = get_args(CardOrder)
_MEDIA = get_args(MediaOrder)
_STORE = get_args(StoreOrder)


class Dispatcher:
    """The doors of one exchange. Runs in the event loop's thread."""

    def __init__(
        self,
        cards: Mapping[LineId, CardPort],
        media: MediaPort,
        network: NetworkPort,
        records: RecordPort,
        store: StorePort,
        alarms: AlarmPort,
    ) -> None:
        self._cards = cards
        self._media = media
        self._network = network
        self._records = records
        self._store = store
        self._alarms = alarms

    def carry_out(self, effects: Iterable[Effect], wall: datetime) -> None:
        """Carry out effects in their order; a door that fails is logged and the rest go on."""
        for effect in effects:
            try:
                self._carry_out_one(effect, wall)
            except Exception:
                log.exception("could not carry out %r", effect)

    def _carry_out_one(self, effect: Effect, wall: datetime) -> None:
        if isinstance(effect, _MEDIA):
            self._media.send(effect)
        elif isinstance(effect, SendDatagram):
            self._network.send(effect)
        elif isinstance(effect, _CARD):
            self._cards[effect.line].send(effect)
        elif isinstance(effect, WriteEvent):
            self._records.write(effect, wall)
        elif isinstance(effect, _STORE):
            self._store.carry_out(effect)
        elif isinstance(effect, RaiseAlarm):
            log.warning("alarm %s: %s", effect.key, effect.text)
            self._alarms.raise_alarm(effect.key, effect.text, wall)
        elif isinstance(effect, ClearAlarm):
            self._alarms.clear_alarm(effect.key)
        else:
            log.error("no door for %r", effect)
