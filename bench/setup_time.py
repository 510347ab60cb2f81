# SPDX-License-Identifier: GPL-2.0-or-later
"""Call set-up between two SIP phones: INVITE to 180 at the caller.

The exchange's share is the way of the INVITE through it (sent by the caller to arrived at the
called phone) and the way of the 180 back; the called phone's own time is taken out.
"""

from __future__ import annotations

import asyncio

from bench.figures import Figure, figure_of
from bench.sip_phone import SipPhone
from board.demo.stage import Stage

PART = "set-up"
NS_PER_MS = 1_000_000
PAUSE_S = 0.05


async def measure(stage: Stage, count: int) -> list[Figure]:
    """``count`` calls from 109 to 110, each given up as soon as it rings."""
    host, _, port = stage.sip_address.rpartition(":")
    caller = SipPhone("109", "office-109", (host, int(port)))
    called = SipPhone("110", "office-110", (host, int(port)))
    try:
        await caller.register()
        await called.register()
        totals, shares = await _call(caller, called, count)
    finally:
        caller.close()
        called.close()
    return [
        figure_of(PART, "INVITE to 180, SIP to SIP", "ms", totals, "credentials in the INVITE"),
        figure_of(PART, "of it in the exchange", "ms", shares, "both directions"),
    ]


async def _call(caller: SipPhone, called: SipPhone, count: int) -> tuple[list[float], list[float]]:
    totals, shares = [], []
    for _ in range(count):
        call = await caller.dial(called.extension)
        there = await called.incoming.get()
        totals.append((call.ringing_ns - call.sent_ns) / NS_PER_MS)
        own_ns = there.ringing_ns - there.came_ns
        shares.append((call.ringing_ns - call.sent_ns - own_ns) / NS_PER_MS)
        await caller.cancel(call)
        await asyncio.sleep(PAUSE_S)
    return totals, shares
