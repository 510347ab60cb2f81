# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms of the box's own parts: the media host, the line card, the card's sound. Pure."""

from __future__ import annotations

from firmware.effects import ClearAlarm, Effect, RaiseAlarm
from firmware.events import CardAudioChanged, CardDown, CardUp, MediaDown, MediaUp
from firmware.machines import Fact


def box_alarms(fact: Fact) -> list[Effect]:
    """Parts of the box that come and go."""
    if isinstance(fact, MediaUp):
        return [ClearAlarm("media")]
    if isinstance(fact, MediaDown):
        return [RaiseAlarm("media", f"The media host is away: {fact.reason}")]
    if isinstance(fact, CardUp):
        return [ClearAlarm(f"card:{fact.card}")]
    if isinstance(fact, CardDown):
        return [RaiseAlarm(f"card:{fact.card}", fact.reason)]
    if isinstance(fact, CardAudioChanged):
        return [_sound_alarm(fact)]
    return []


def _sound_alarm(fact: CardAudioChanged) -> Effect:
    """The card's sound is a device of its own: it may fail while the card's link stands."""
    if fact.running:
        return ClearAlarm("sound")
    return RaiseAlarm("sound", f"The card's sound has stopped: {fact.reason}")
