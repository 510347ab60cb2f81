# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames on the card's serial link. This file runs on the host and on the card (MicroPython).

FLAG, body, CRC-16, FLAG. Inside a frame the bytes FLAG, ESCAPE and 0x03 are sent as ESCAPE and the
byte with bit 5 turned: 0x03 would interrupt the card's program when the line it comes in on is
also a REPL (micropython#6846).
"""

MAX_PAYLOAD = 64
"""Bytes of payload in one frame."""
MAX_BODY = 3 + MAX_PAYLOAD
"""Kind, sequence number, acknowledgement, payload."""

FLAG = 0x7E
ESCAPE = 0x7D
INTERRUPT = 0x03
TURNED = 0x20
CRC_START = 0xFFFF


def _crc_table() -> tuple[int, ...]:
    table = []
    for nibble in range(16):
        value = nibble << 12
        for _ in range(4):
            value = value << 1 ^ 0x1021 if value & 0x8000 else value << 1
        table.append(value & 0xFFFF)
    return tuple(table)


_CRC = _crc_table()  # a nibble at a time: 16 entries instead of 256 in the card's memory


def crc16(data: bytes | bytearray, length: int) -> int:
    """CRC-16 of the first ``length`` bytes: polynomial 0x1021, start 0xFFFF (CCITT)."""
    crc = CRC_START
    for place in range(length):
        byte = data[place]
        crc = (crc << 4 & 0xFFFF) ^ _CRC[crc >> 12 ^ byte >> 4]
        crc = (crc << 4 & 0xFFFF) ^ _CRC[crc >> 12 ^ byte & 15]
    return crc


def encode(body: bytes) -> bytes:
    """The body as one frame. ValueError when it is empty or longer than MAX_BODY."""
    if not 0 < len(body) <= MAX_BODY:
        raise ValueError("a frame's body has 1 to 67 bytes")
    crc = crc16(body, len(body))
    frame = bytearray((FLAG,))
    for byte in body + bytes((crc >> 8, crc & 0xFF)):
        if byte in (FLAG, ESCAPE, INTERRUPT):
            frame.append(ESCAPE)
            byte ^= TURNED
        frame.append(byte)
    frame.append(FLAG)
    return bytes(frame)


class Decoder:
    """Bytes in, frame bodies out; what is not a frame is dropped and counted in ``errors``.

    Resynchronises at the next FLAG. Holds at most one frame.
    """

    def __init__(self) -> None:
        self.errors = 0
        self._buffer = bytearray(MAX_BODY + 2)
        self._length = 0
        self._escaped = False
        self._bad = True  # until the first FLAG: what came before it is half a frame

    def feed(self, data: bytes | bytearray, length: int) -> list[bytes]:
        """The bodies completed by the first ``length`` bytes of ``data``."""
        bodies = []
        for place in range(length):
            byte = data[place]
            if byte == FLAG:
                body = self._end()
                if body:
                    bodies.append(body)
            elif not self._bad:
                self._take(byte)
        return bodies

    def _take(self, byte: int) -> None:
        if byte == ESCAPE and not self._escaped:
            self._escaped = True
            return
        if self._length == len(self._buffer) or byte in (ESCAPE, INTERRUPT):
            self._drop()  # too long, or a byte that is never sent bare
            return
        self._buffer[self._length] = byte ^ TURNED if self._escaped else byte
        self._length += 1
        self._escaped = False

    def _drop(self) -> None:
        self.errors += 1
        self._bad = True

    def _end(self) -> bytes:
        """At a FLAG: the body before it if it is sound, else nothing; ready for the next."""
        length = self._length - 2
        body = b""
        if self._bad or (self._length == 0 and not self._escaped):
            pass  # counted when it went bad, or two flags in a row
        elif self._escaped or length < 1 or not self._crc_holds(length):
            self.errors += 1
        else:
            body = bytes(memoryview(self._buffer)[:length])
        self._length, self._escaped, self._bad = 0, False, False
        return body

    def _crc_holds(self, length: int) -> bool:
        sent = self._buffer[length] << 8 | self._buffer[length + 1]
        return sent == crc16(self._buffer, length)
