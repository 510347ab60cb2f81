# SPDX-License-Identifier: GPL-2.0-or-later
"""URIs and name-addr values (RFC 3261 sections 19.1 and 25.1). Pure, immutable."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote as percent_encode
from urllib.parse import unquote as percent_decode

from firmware.sip.grammar import (
    HOST,
    SipError,
    clean,
    parse_params,
    parse_port,
    quote,
    quoted_display,
)

_SIP_URI = re.compile(
    r"(sips?):(?:([^@<>\s\"]++)@)?("
    + HOST
    + r")(?::([0-9]{1,5}))?(;[^?<>\s\"]*+)?(?:\?([^<>\s]*+))?",
    re.I,
)
_OTHER_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+):([^\s<>\"]++)")
_USER_SAFE = "-_.!~*'()&=+$,;?/"  # RFC 3261 25.1: unreserved and user-unreserved
_SEPARATORS = str.maketrans("", "", "-.() ")  # RFC 3966 visual separators


class Uri(NamedTuple):
    """A SIP, SIPS or tel URI; any other scheme is kept in ``opaque`` and used for nothing."""

    scheme: str  # lower case
    user: str  # as written, still escaped, with a password if any
    host: str
    port: int = 0  # 0: not given
    params: str = ""  # as written, beginning with ";"
    headers: str = ""  # as written after "?"
    opaque: str = ""  # the rest of a URI of another scheme

    @property
    def username(self) -> str:
        """The user part unescaped, without password and parameters of its own; safe to show."""
        name = self.user.partition(":")[0].partition(";")[0]
        return clean(percent_decode(name)) if "%" in name or not name.isprintable() else name

    @property
    def number(self) -> str:
        """The user part as a telephone number: visual separators removed where it is one."""
        bare = self.username.translate(_SEPARATORS)
        return bare if bare.lstrip("+").isdigit() else self.username

    def param(self, name: str) -> str | None:
        """Value of a URI parameter, "" for a flag, None when absent."""
        return parse_params(self.params).get(name) if self.params else None

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What makes two SIP URIs the same place for a registrar (RFC 3261 19.1.4)."""
        transport = (self.param("transport") or "udp").lower()
        return (self.scheme, self.username, self.host.lower(), self.port or 5060, transport)

    def __str__(self) -> str:
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        if self.scheme == "tel":
            return f"tel:{self.user}{self.params}"
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{self.host}{port}{self.params}{headers}"


def parse_uri(text: str) -> Uri:
    """A URI of any scheme; raises SipError when it is none."""
    match = _SIP_URI.fullmatch(text)
    if match is not None:
        scheme, user, host, port, params, headers = match.groups("")
        return Uri(scheme.lower(), user, host, parse_port(port), params, headers)
    other = _OTHER_URI.fullmatch(text)
    if other is None or other.group(1).lower() in ("sip", "sips"):
        raise SipError("Malformed URI")
    scheme, rest = other.group(1).lower(), other.group(2)
    if scheme == "tel":
        number, mark, params = rest.partition(";")
        return Uri(scheme, number, "", 0, mark + params)
    return Uri(scheme, "", "", opaque=rest)


def sip_uri(user: str, host: str, port: int = 0, params: str = "") -> Uri:
    """A SIP URI of ours; the user part is escaped as the grammar wants."""
    return Uri("sip", percent_encode(clean(user), safe=_USER_SAFE), host, port, params)


class Address(NamedTuple):
    """``"display" <uri>;params`` as in From, To, Contact, Route."""

    display: str
    uri: Uri
    params: dict[str, str]

    @property
    def tag(self) -> str:
        """The tag parameter, "" when absent."""
        return self.params.get("tag", "")


def parse_address(text: str) -> Address:
    """A name-addr or addr-spec with header parameters; raises SipError."""
    text = text.strip()
    named = quoted_display(text) if text.startswith('"') else None
    if named is not None:
        display, rest = named
        before, mark, rest = rest.partition("<")
        if before.strip() or not mark:
            raise SipError("Malformed address after the display name")
    elif "<" in text:
        display, _, rest = text.partition("<")
        if '"' in display:
            raise SipError("Unbalanced quote in a display name")
    else:  # addr-spec: parameters after ";" belong to the header (RFC 3261 20)
        uri, mark, params = text.partition(";")
        return Address("", parse_uri(uri.strip()), parse_params(mark + params))
    inside, mark, params = rest.partition(">")
    params = params.strip()
    if not mark or (params and not params.startswith(";")):
        raise SipError("Malformed address")
    return Address(display.strip(), parse_uri(inside), parse_params(params))


def name_addr(uri: Uri, display: str = "", tag: str = "") -> str:
    """The text of a From, To or Contact value."""
    name = f"{quote(display)} " if display else ""
    return f"{name}<{uri}>;tag={tag}" if tag else f"{name}<{uri}>"
