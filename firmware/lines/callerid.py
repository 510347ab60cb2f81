# SPDX-License-Identifier: GPL-2.0-or-later
"""Caller-ID messages of analog lines: SDMF and MDMF (ETSI EN 300 659-3, Telcordia GR-30).

Bytes here are whole messages without checksum: type, length, content. The FSK modem in the
media engine adds and verifies the checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from firmware.values import Party, Presentation

SDMF = 0x04  # single data message: date, time, number
MDMF = 0x80  # multiple data message, call set-up
P_TIME = 0x01
P_NUMBER = 0x02
P_NUMBER_ABSENCE = 0x04
P_NAME = 0x07
P_NAME_ABSENCE = 0x08
MAX_NUMBER = 20  # EN 300 659-3 5.4.2
MAX_NAME = 50  # EN 300 659-3 5.4.5

_ABSENCE = {
    "P": (Presentation.RESTRICTED, "private"),
    "O": (Presentation.UNAVAILABLE, "out of area"),
}

_CYRILLIC = dict(zip("абвгґдезийклмнопрстуфыэіїё", "abvhgdezyiklmnoprstufyeiie", strict=True))
_CYRILLIC |= {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu"}
_CYRILLIC |= {"я": "ia", "є": "ie", "ь": "", "ъ": ""}


def transliterate(text: str) -> str:
    """Latin letters for a display that knows no Cyrillic; what stays foreign becomes ``?``."""
    return "".join(_letter(character) for character in text)


def _letter(character: str) -> str:
    latin = _CYRILLIC.get(character.lower())
    if latin is None:
        return (
            character
            if character.isascii()
            else character.encode("latin-1", "replace").decode("latin-1")
        )
    return latin.capitalize() if character.isupper() else latin


def build(caller: Party, at: datetime) -> bytes:
    """MDMF message for a telephone: date and time, number or why it is absent, name."""
    content = _parameter(P_TIME, at.strftime("%m%d%H%M"))
    if caller.presentation is Presentation.RESTRICTED:
        content += _parameter(P_NUMBER_ABSENCE, "P")
    elif caller.number:
        content += _parameter(P_NUMBER, caller.number[:MAX_NUMBER])
    else:
        content += _parameter(P_NUMBER_ABSENCE, "O")
    if caller.name and caller.presentation is Presentation.AVAILABLE:
        content += _parameter(P_NAME, transliterate(caller.name)[:MAX_NAME])
    return bytes((MDMF, len(content))) + content


def _parameter(kind: int, text: str) -> bytes:
    data = text.encode("latin-1", "replace")
    return bytes((kind, len(data))) + data


def parse(message: bytes) -> Party:
    """Caller of a received message; what cannot be read gives an empty number with the reason."""
    if len(message) < 2 or len(message) < 2 + message[1]:
        return Party(presentation=Presentation.UNAVAILABLE, absence="message cut short")
    content = message[2 : 2 + message[1]]
    if message[0] == SDMF:
        return _number_party(content[8:])
    if message[0] == MDMF:
        return _parse_mdmf(dict(_parameters(content)))
    absence = f"message type {message[0]:#04x} is not a call set-up"
    return Party(presentation=Presentation.UNAVAILABLE, absence=absence)


def _parameters(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(content):
        length = content[at + 1]
        yield content[at], content[at + 2 : at + 2 + length]
        at += 2 + length


def _parse_mdmf(parameters: dict[int, bytes]) -> Party:
    name = parameters.get(P_NAME, b"").decode("latin-1").strip()
    if P_NUMBER in parameters:
        party = _number_party(parameters[P_NUMBER])
    elif P_NUMBER_ABSENCE in parameters:
        party = _absent(parameters[P_NUMBER_ABSENCE].decode("latin-1"))
    else:
        party = Party(presentation=Presentation.UNAVAILABLE, absence="no number in the message")
    return Party(party.number, name, party.presentation, party.absence)


def _number_party(data: bytes) -> Party:
    text = data.decode("latin-1").strip()
    if text in _ABSENCE:
        return _absent(text)
    number = "".join(c for c in text if c in "0123456789*#+")
    if not number:
        return Party(presentation=Presentation.UNAVAILABLE, absence="no digits in the message")
    return Party(number)


def _absent(code: str) -> Party:
    presentation, absence = _ABSENCE.get(code, (Presentation.UNAVAILABLE, f"reason {code!r}"))
    return Party(presentation=presentation, absence=absence)
