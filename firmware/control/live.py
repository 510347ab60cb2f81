# SPDX-License-Identifier: GPL-2.0-or-later
"""``tipring status``, ``calls`` and ``records``: the running box on the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from firmware.control.client import ControlClient
from firmware.control.protocol import Status, encode
from firmware.control.text import clock, printable
from firmware.errors import LocalError
from firmware.values import CallId

T = TypeVar("T")


def status(options: argparse.Namespace) -> int:
    """Lines, calls, queues, people and alarms."""
    now = _ask(options.control, lambda client: client.status())
    print(encode(now).decode() if options.json else "\n".join(_status_lines(now)))
    return 0


def calls(options: argparse.Namespace) -> int:
    """Calls in progress."""
    now = _ask(options.control, lambda client: client.status())
    text = encode(now.calls).decode() if options.json else "\n".join(_call_lines(now))
    print(text or "no calls")
    return 0


def records(options: argparse.Namespace) -> int:
    """Records of ended calls, newest first."""
    found = _ask(options.control, lambda client: client.records(options.limit))
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(map(record_line, found)) or "no records")
    return 0


def hang_up(options: argparse.Namespace) -> int:
    """End a call; one that is over already counts as done."""
    _ask(options.control, lambda client: client.hang_up(CallId(options.call)))
    return 0


def _ask(path: Path, question: Callable[[ControlClient], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with ControlClient(path) as client:
            return await question(client)

    try:
        return asyncio.run(ask())
    except OSError as error:
        sentence = f"No exchange answers on {path} ({error.strerror or error}): is it running?"
        raise LocalError(sentence) from None


def _status_lines(now: Status) -> Iterable[str]:
    yield f"{now.office}  tipring {now.version}  table {now.table[:12]}  {now.wall:%a %H:%M:%S}"
    yield f"media host: {'up' if now.media_up else 'DOWN'}"
    for line in now.lines:
        reason = printable(line.reason)
        yield f"{line.line:<10} {line.kind:<9} {line.owner:<6} {line.state}  {reason}".rstrip()
    yield from _call_lines(now)
    for queue in now.queues:
        waits = f"{len(queue.waiting)} waiting ({queue.longest_wait_s:.0f} s)"
        yield f"queue {queue.name}: {waits}, {queue.strategy}"
    for alarm in now.alarms:
        yield f"ALARM since {alarm.since:%H:%M:%S}: {printable(alarm.text)}"


def _call_lines(now: Status) -> Iterable[str]:
    for call in now.calls:
        way = printable(f"{call.caller or 'unknown'} -> {call.called or call.scheme}")
        rings = f" rings {','.join(call.ringing)}" if call.ringing else ""
        yield f"call {call.id}: {way}, {call.state} {call.block} {call.seconds:.0f} s{rings}"


def record_line(record: dict[str, Any]) -> str:
    """One record as a line of text; --json gives every field (docs/records.md)."""
    began = str(record.get("began") or "?")[:19].replace("T", " ")
    way = f"{record.get('caller') or 'unknown'} > {record.get('called') or '-'}"
    end = record.get("hung_up_by")
    by = f", ended by {end}" if end else ""
    direction = record.get("direction", "")
    return printable(f"{began}  {direction:<8}  {way}  {_outcome(record)}{by}")


def _outcome(record: dict[str, Any]) -> str:
    """What became of a call."""
    waited = clock(record.get("wait_s", 0.0))
    if record.get("answered"):
        talk = clock(record.get("talk_s", 0.0))
        return f"{record.get('answered_by')} answered after {waited}, talk {talk}"
    if record.get("mailbox"):
        return f"message of {record.get('message_s', 0.0):.0f} s for {record['mailbox']}"
    return f"not answered in {waited}"
