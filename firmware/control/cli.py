# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: every word of ``tipring`` and what it takes.

Each command is one function elsewhere, loaded only when it is wanted, so that ``tipring check``
starts without the network and ``tipring media`` without the routing. Exit status: 0 done and
well, 1 done but not well (an office refused, a scenario failed), 2 could not be done.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from firmware.errors import TipringError
from firmware.values import DIGITS

MOST_RECORDS = 1_000  # as the control API (firmware.control.protocol) gives at once
DATA = Path("/var/lib/tipring")
RUN = Path("/run/tipring")
OFFICE = Path("/etc/tipring/office.toml")

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors for the operator become one sentence on standard error."""
    options = _parser().parse_args(arguments)
    module, function = options.command.split(":")
    try:
        command: Command = getattr(import_module(module), function)
        status = command(options)
        sys.stdout.flush()
        return status
    except TipringError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader (head, less) has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        print(f"tipring could not go on: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tipring", description="Small-office PBX.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_processes, _add_office, _add_live, _add_demo):
        add(commands)
    return parser


def _command(commands: Any, name: str, target: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=target)
    return command


# ------------------------------------------------------------------ the processes


def _add_processes(commands: Any) -> None:
    run = _command(commands, "run", "firmware.run:main", "Run the exchange and the media host.")
    _office(run)
    _exchange_options(run)
    exchange = _command(commands, "exchange", "firmware.exchange:main", "Run the exchange.")
    _office(exchange)
    _exchange_options(exchange)
    media = _command(commands, "media", "firmware.media.host:main", "Run the media host.")
    _media_options(media)


def _office(command: argparse.ArgumentParser) -> None:
    text = f"the office file, or its compiled table; default: {OFFICE}"
    command.add_argument(
        "office", type=Path, nargs="?", default=OFFICE, metavar="OFFICE", help=text
    )


def _exchange_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--data", type=Path, default=DATA, help="records, messages and settings")
    add("--media-socket", type=Path, default=RUN / "media.sock")
    add("--control", type=Path, default=RUN / "control.sock", help="socket of the control API")
    add("--prompts", type=Path, default=None, help="folder of the spoken prompts")
    add(
        "--wall-clock",
        type=_instant,
        default=None,
        metavar="TIME",
        help="rehearse: begin at this time of day instead of now (ISO 8601)",
    )


def _media_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--socket", type=Path, default=RUN / "media.sock")
    add("--card", default="", help="ALSA device of the line card")
    add("--channels", type=int, default=12, help="channels of the card's sound stream")
    add("--rtp-host", default="", help="address written into SDP and bound for RTP")
    add("--rtp-ports", type=_port_range, default=(10_000, 20_000), metavar="LOW-HIGH")


# ------------------------------------------------------------------ the office file


def _add_office(commands: Any) -> None:
    check = _command(
        commands, "check", "firmware.control.office:check", "Check an office file and prove it."
    )
    _office(check)
    _json(check)
    compiling = _command(
        commands, "compile", "firmware.control.office:compile_", "Compile an office to a table."
    )
    _office(compiling)
    compiling.add_argument("--output", type=Path, default=None, help="default: OFFICE.table")
    _json(compiling)
    _add_what_if(commands)


def _add_what_if(commands: Any) -> None:
    command = _command(
        commands,
        "what-if",
        "firmware.control.office:what_if",
        "Walk a caller through the office in virtual time and say each step.",
    )
    _office(command)
    add = command.add_argument
    add("--line", required=True, help="line or trunk the call comes in on")
    add("--from", dest="caller", default="", metavar="NUMBER", help="caller's number")
    add("--at", type=_instant, default=None, metavar="TIME", help="ISO 8601; default: now")
    add("--busy", type=_list, default=(), metavar="EXT,EXT", help="extensions that are busy")
    add("--keys", type=_keys, default="", help="what the caller presses, in order")
    add("--answered-by", default="", metavar="EXT", help="who lifts the handset, or: outside")
    _json(command)


# ------------------------------------------------------------------ the running box


def _add_live(commands: Any) -> None:
    for name, text in (
        ("status", "Lines, calls, queues and alarms."),
        ("calls", "Calls in progress."),
        ("records", "Records of ended calls."),
    ):
        command = _command(commands, name, f"firmware.control.live:{name}", text)
        _control(command)
        _json(command)
        if name == "records":
            command.add_argument("--limit", type=_limit, default=20, help="how many, newest first")
    hang_up = _command(commands, "hang-up", "firmware.control.live:hang_up", "End a call.")
    hang_up.add_argument("call", metavar="CALL", help="as `tipring calls` shows it")
    _control(hang_up)
    _control(_command(commands, "tui", "tui.app:main", "The console."))


def _control(command: argparse.ArgumentParser) -> None:
    command.add_argument("--control", type=Path, default=RUN / "control.sock")


def _add_demo(commands: Any) -> None:
    demo = _command(
        commands, "demo", "board.demo.run:main", "Run office calls on the simulated board."
    )
    demo.add_argument("scenario", nargs="*", help="default: all of them")
    demo.add_argument("--keep", type=Path, default=None, help="keep logs and recordings here")
    _json(demo)


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for machines")


# ------------------------------------------------------------------ values


def _instant(text: str) -> datetime:
    """Time of day; without a zone it is meant in the office's zone."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{text!r} is no ISO 8601 time, such as 2026-05-01T18:03"
        raise argparse.ArgumentTypeError(sentence) from None


def _keys(text: str) -> str:
    if wrong := text.strip(DIGITS):
        raise argparse.ArgumentTypeError(f"no telephone has a key {wrong[0]!r}")
    return text


def _limit(text: str) -> int:
    if text.isdecimal() and 0 < int(text[:9]) <= MOST_RECORDS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_RECORDS}")


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _port_range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if low.isdigit() and high.isdigit() and 1024 <= int(low) < int(high) <= 65535:
        return int(low), int(high)
    raise argparse.ArgumentTypeError(f"{text!r} is no range of ports, such as 10000-20000")
