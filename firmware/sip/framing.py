# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages out of a byte stream (RFC 3261 18.3, RFC 5626 3.5.1). Pure; one framer a connection."""

from __future__ import annotations

import re

from firmware.sip.grammar import SipError
from firmware.sip.message import MAX_BODY, MAX_HEAD

PING = b"\r\n\r\n"  # keep-alive of the peer
PONG = b"\r\n"
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*+:[ \t]*+([0-9]{1,6})[ \t]*+\r?$", re.I | re.M)


class StreamFramer:
    """Cuts a stream into messages by Content-Length; missing, it counts as 0."""

    def __init__(self) -> None:
        self._buffer = b""
        self.pings = 0  # keep-alives to be answered with PONG; the adapter sets it back

    def feed(self, data: bytes) -> list[bytes]:
        """Whole messages so far; raises SipError when the stream cannot be followed any more.

        The connection must then be closed: where the next message begins is not known.
        """
        self._buffer += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        self._skip_keep_alives()
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise SipError("Headers too long on a connection", 513)
            return None
        total = end + 4 + self._body_length(self._buffer[: end + 2])
        if len(self._buffer) < total:
            return None
        message, self._buffer = self._buffer[:total], self._buffer[total:]
        return message

    def _skip_keep_alives(self) -> None:
        while self._buffer.startswith(PING):
            self._buffer = self._buffer[4:]
            self.pings += 1
        if self._buffer.startswith(b"\r\n") and len(self._buffer) > 3:
            self._buffer = self._buffer[2:]  # half a ping or a stray PONG before a message

    def _body_length(self, head: bytes) -> int:
        lengths = set(_LENGTH.findall(head))
        if len(lengths) > 1 or (not lengths and _names_length(head)):
            raise SipError("Content-Length cannot be read on a connection")
        length = int(lengths.pop()) if lengths else 0
        if length > MAX_BODY:
            raise SipError("Body too long on a connection", 513)
        return length


def _names_length(head: bytes) -> bool:
    return re.search(rb"^(?:content-length|l)[ \t]*+:", head, re.I | re.M) is not None
