# SPDX-License-Identifier: GPL-2.0-or-later
"""Free ports on the loopback address for programs that want to be told theirs."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Ports in a row from an even one that were free a moment ago, for UDP and TCP.

    Programs that take a range (RTP, SIP with TLS beside it) need them together.
    """
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((LOOPBACK, 0))
            first = probe.getsockname()[1] & ~1
        ports = list(range(first, first + count))
        if all(_is_free(port) for port in ports):
            return ports
    raise OSError(f"no {count} free ports in a row on {LOOPBACK}")


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        return False
    return True
