# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the console, as data: footer, help and bindings are made from this table.

Keys that terminals and serial links use themselves (Ctrl-S, Ctrl-Q, Ctrl-A, Ctrl-B ...) stay free.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One action and its keys."""

    action: str
    keys: str  # comma separated, as Textual writes them
    label: str  # in the footer, "" for none
    text: str  # in the help


KEYS = (
    Key("previous", "up,k", "", "mark the call above"),
    Key("next", "down,j", "", "mark the call below"),
    Key("scroll_up", "pageup,minus", "", "earlier lines"),
    Key("scroll_down", "pagedown,space", "Space:More lines", "later lines"),
    Key("hang_up", "d", "d:Hang up", "hang up the marked call (asks first)"),
    Key("pause", "p", "p:Pause", "stop and resume the live update"),
    Key("refresh", "r", "r:Refresh", "draw everything again"),
    Key("help", "question_mark,f1", "?:Help", "this help"),
    Key("back", "escape,q", "q:Quit", "back; from the first page: leave the console"),
    Key("leave", "ctrl+c", "", "leave the console from anywhere"),
)

_ON_KEYBOARD = {"question_mark": "?", "minus": "-", "ctrl+c": "Ctrl-C"}


def _keys(key: Key) -> str:
    return " ".join(_ON_KEYBOARD.get(name, name) for name in key.keys.split(","))


HELP = (
    "Dashboard: one row for each line, then calls, queues and alarms.",
    "",
    *(f"  {_keys(key):<16} {key.text}" for key in KEYS),
    "",
    "States are words, never colours alone. A line out of service says why.",
    "The box goes on working whatever happens to this console.",
)

FOOTER = "  ".join(key.label for key in KEYS if key.label)
