# SPDX-License-Identifier: GPL-2.0-or-later
"""Digest access authentication, both sides (RFC 7616, RFC 8760): SHA-256 and MD5, qop=auth.

Nonces are signed with a secret, so none is kept until it is used; each carries its birth time.
The count (nc) of a nonce must rise, which stops replays. Pure: time and secrets are arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from firmware.sip.grammar import SipError, quote, split_list, unquote
from firmware.sip.message import Response
from firmware.sip.uri import parse_uri

NONCE_LIFE_S = 300.0  # a phone refreshes within an hour; an old nonce costs it one round trip
MAX_NONCES = 10_000  # used nonces whose count is remembered
ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}  # strongest first
_FIELD = re.compile(r'\s*+([A-Za-z0-9_-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s,"]++)\s*+', re.S)


class Verdict(Enum):
    """What the server side thinks of a request."""

    ACCEPTED = "accepted"
    MISSING = "no credentials for this realm"
    STALE = "nonce too old, foreign or used up"
    WRONG = "wrong name or password"


def parse_credentials(text: str) -> dict[str, str]:
    """Fields of ``Digest a=b, c="d"``; empty when the scheme is another one."""
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    fields: dict[str, str] = {}
    for item in split_list(rest):
        match = _FIELD.fullmatch(item)
        if match is not None:
            fields.setdefault(match[1].lower(), unquote(match[2]))
    return fields


def digest(
    fields: dict[str, str], username: str, password: str, method: str, uri: str | None = None
) -> str:
    """The response value for these fields (RFC 7616 3.4.1); without qop as RFC 2069 had it."""
    make = ALGORITHMS[_algorithm(fields)]

    def h(*parts: str) -> str:
        return make(":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    ha1 = h(username, fields.get("realm", ""), password)
    ha2 = h(method, fields.get("uri", "") if uri is None else uri)
    nonce = fields.get("nonce", "")
    if fields.get("qop"):
        return h(ha1, nonce, fields.get("nc", ""), fields.get("cnonce", ""), fields["qop"], ha2)
    return h(ha1, nonce, ha2)


def _algorithm(fields: dict[str, str]) -> str:
    name = fields.get("algorithm", "MD5").upper()
    if name not in ALGORITHMS:
        raise SipError("Unknown digest algorithm")
    return name


class DigestServer:
    """Challenges, and the check of what comes back."""

    def __init__(
        self,
        realm: str,
        secret: bytes,
        new_token: Callable[[], str],
        algorithms: tuple[str, ...] = tuple(ALGORITHMS),
    ) -> None:
        self.realm = realm
        self._secret = secret
        self._new_token = new_token
        self._algorithms = algorithms
        self._counts: OrderedDict[str, int] = OrderedDict()

    def challenge(self, now_s: float, stale: bool = False) -> list[str]:
        """WWW-Authenticate values, one an algorithm, the best first (RFC 8760 2.3)."""
        born = f"{int(now_s):x}.{self._new_token()}"
        nonce = f"{born}.{self._sign(born)}"
        tail = ", stale=true" if stale else ""
        return [
            f'Digest realm={quote(self.realm)}, nonce="{nonce}", algorithm={name}, qop="auth"{tail}'
            for name in self._algorithms
        ]

    def check(
        self,
        values: list[str],
        method: str,
        uri: str,
        password_of: Callable[[str], str | None],
        now_s: float,
    ) -> tuple[Verdict, str]:
        """Judge Authorization values; returns the verdict and the name that was given.

        An unknown name takes the same way as a wrong password, so that neither answer nor time
        tells them apart.
        """
        fields = self._own(values)
        if fields is None:
            return Verdict.MISSING, ""
        username = fields.get("username", "")
        password = password_of(username)
        if not self._proves(fields, username, password, method, uri):
            return Verdict.WRONG, username
        fresh = self._is_fresh(fields, now_s)
        return (Verdict.ACCEPTED if fresh else Verdict.STALE), username

    def _own(self, values: list[str]) -> dict[str, str] | None:
        for value in values:
            fields = parse_credentials(value)
            if fields.get("realm") == self.realm:
                return fields
        return None

    def _proves(
        self, fields: dict[str, str], username: str, password: str | None, method: str, uri: str
    ) -> bool:
        try:
            expected = digest(fields, username, password or "no such name", method)
            same = _same_place(fields.get("uri", ""), uri)
        except SipError:
            return False
        if fields.get("qop", "auth") != "auth" or _algorithm(fields) not in self._algorithms:
            return False
        given = fields.get("response", "").lower().encode("utf-8", "surrogateescape")
        right = hmac.compare_digest(given, expected.encode())
        return right and same and password is not None

    def _is_fresh(self, fields: dict[str, str], now_s: float) -> bool:
        """Ours, young enough, and counted on since its last use."""
        nonce = fields.get("nonce", "")
        born, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(born).encode(), signature.encode("utf-8", "replace")):
            return False
        if not 0 <= now_s - int(born.partition(".")[0], 16) <= NONCE_LIFE_S:
            return False
        try:
            count = int(fields.get("nc", "1")[:8], 16)
        except ValueError:
            return False
        if count <= self._counts.get(nonce, 0):
            return False
        self._remember(nonce, count)
        return True

    def _remember(self, nonce: str, count: int) -> None:
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        if len(self._counts) > MAX_NONCES:
            self._counts.popitem(last=False)

    def _sign(self, born: str) -> str:
        key = born.encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, key, hashlib.sha256).hexdigest()[:24]


def _same_place(claimed: str, requested: str) -> bool:
    """Whether the digest was made for this request's host.

    RFC 7616 3.4.6 wants the same URI, but phones in use sign the bare domain for every number.
    That a digest cannot be taken for another number is the rising count's work.
    """
    if claimed == requested:
        return True
    return parse_uri(claimed).host.lower() == parse_uri(requested).host.lower()


@dataclass
class DigestClient:
    """Our credentials at a provider, and the nonce in use there."""

    username: str
    password: str
    _challenge: dict[str, str] | None = None
    _header: str = "Authorization"
    _count: int = 0

    def take(self, response: Response) -> bool:
        """Read a 401 or 407; False when it offers nothing that we can answer."""
        name = "WWW-Authenticate" if response.code == 401 else "Proxy-Authenticate"
        offers = [parse_credentials(value) for value in response.headers.get(name, ())]
        for algorithm in ALGORITHMS:
            for offer in offers:
                if _usable(offer, algorithm):
                    self._challenge, self._count = offer, 0
                    self._header = (
                        "Authorization" if response.code == 401 else "Proxy-Authorization"
                    )
                    return True
        return False

    def authorise(self, method: str, uri: str, cnonce: str) -> tuple[str, str] | None:
        """Header name and value for a request, None before the first challenge."""
        if self._challenge is None:
            return None
        self._count += 1
        fields = {"username": self.username, "uri": uri}
        fields |= {k: v for k, v in self._challenge.items() if k in _ECHOED}
        if "qop" in self._challenge:
            fields |= {"qop": "auth", "nc": f"{self._count:08x}", "cnonce": cnonce}
        fields["response"] = digest(fields, self.username, self.password, method)
        return self._header, "Digest " + ", ".join(
            f"{k}={v if k in _BARE else quote(v)}" for k, v in fields.items()
        )


_ECHOED = ("realm", "nonce", "opaque", "algorithm")
_BARE = ("algorithm", "qop", "nc")


def _usable(offer: dict[str, str], algorithm: str) -> bool:
    qop = [q.strip() for q in offer.get("qop", "auth").split(",")]
    named = offer.get("algorithm", "MD5").upper()
    return bool(offer.get("nonce")) and named == algorithm and "auth" in qop
