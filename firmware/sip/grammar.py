# SPDX-License-Identifier: GPL-2.0-or-later
"""The pieces of SIP syntax that several headers share (RFC 3261 section 25.1).

Everything here works on text that a stranger sent. Each function either gives a value or raises
:class:`SipError`; the expressions are written so that they run in linear time on any input.
Pure; called by the parser and by everything that builds headers.
"""

from __future__ import annotations

import re

from firmware.errors import PeerError

TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"
HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"  # one label is legal; "_" is not, but is in use

# The closing mark is optional, so an unclosed quote swallows the rest once instead of being
# tried again from every character.
_ITEM = re.compile(r'(?:"(?:[^"\\]|\\.?)*+"?|<[^>]*+>?|[^,"<]++)++', re.S)
_PARAM = re.compile(r';\s*+([^\s;="]++)\s*+(?:=\s*+("(?:[^"\\]|\\.)*+"|[^\s;"]++)?)?', re.S)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


class SipError(PeerError):
    """The peer broke SIP. ``code`` is the answer it deserves if the message was a request."""

    def __init__(self, text: str, code: int = 400) -> None:
        super().__init__(text)
        self.code = code


def split_list(text: str) -> list[str]:
    """Items of a comma-separated header value; commas in quotes and in ``<>`` do not count."""
    if "," not in text:
        return [text.strip()]
    plain = '"' not in text and "<" not in text
    items = text.split(",") if plain else _ITEM.findall(text)
    return [item for item in map(str.strip, items) if item]


def parse_params(text: str) -> dict[str, str]:
    """``;name=value;flag`` as a dictionary with lower-case names; a flag has the value "".

    Empty parameters (``;;``) are skipped, of two with one name the first counts.
    """
    params: dict[str, str] = {}
    if '"' in text:
        for name, value in _PARAM.findall(text):
            params.setdefault(name.lower(), unquote(value))
    elif text:
        for part in text.split(";"):
            name, _, value = part.partition("=")
            if name := name.strip():
                params.setdefault(name.lower(), value.strip())
    return params


def unquote(text: str) -> str:
    """The meaning of a token or quoted string."""
    match = _QUOTED.fullmatch(text)
    if match is None:
        return text
    inner = match.group(1)
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def quote(text: str) -> str:
    """Text as a quoted string; control characters become blanks (no header can be smuggled)."""
    inner = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def clean(text: str) -> str:
    """Text fit for records and screens: valid UTF-8 and no control characters."""
    if text.isascii() and text.isprintable():
        return text
    valid = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _CONTROLS.sub(" ", valid).strip()


def parse_port(text: str) -> int:
    """A port number, 1..65535; 0 when ``text`` is empty."""
    if not text:
        return 0
    port = int(text)
    if not 0 < port < 65536:
        raise SipError(f"Port {text} does not exist")
    return port


def quoted_display(text: str) -> tuple[str, str] | None:
    """Split ``"display" rest``; None when the text does not begin with a whole quoted string."""
    match = _QUOTED.match(text)
    if match is None:
        return None
    return unquote(match.group(0)), text[match.end() :]
