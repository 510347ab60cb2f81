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
    label: str  # in the footer
    text: str  # in the help


KEYS = (
    Key("previous", "up,k", "", "previous call"),
    Key("next", "down,j", "", "next call"),
    Key("hang_up", "d", "d:Hang up", "hang up the marked call (asks first)"),
    Key("pause", "p", "p:Pause", "stop and resume the live update"),
    Key("refresh", "r", "r:Refresh", "draw everything again"),
    Key("help", "question_mark,f1", "?:Help", "this help"),
    Key("back", "escape,q", "q:Quit", "back; from the first page: leave the console"),
)

HELP = (
    "Dashboard: one row for each line, then calls, queues and alarms.",
    "",
    *(f"  {key.keys.replace('question_mark', '?'):<12} {key.text}" for key in KEYS),
    "",
    "States are words, never colours alone. A line out of service says why.",
    "The box goes on working whatever happens to this console.",
)

FOOTER = "  ".join(key.label for key in KEYS if key.label)
