# SPDX-License-Identifier: GPL-2.0-or-later
"""Where each phone is (RFC 3261 section 10.3): contacts of accounts, with expiry.

The endpoint authenticates; this keeps the book. A phone behind NAT is reached where its REGISTER
came from. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from firmware.sip.dialog import reachable
from firmware.sip.grammar import SipError
from firmware.sip.message import Request
from firmware.sip.transactions import Flow
from firmware.sip.uri import Address, Uri, parse_uri

ContactKey = tuple[str, str, str, int, str]


@dataclass(slots=True)
class Binding:
    """One registered contact."""

    uri: Uri
    seen: Flow  # where the REGISTER came from
    expires_at_s: float
    call_id: str
    cseq: int
    agent: str  # User-Agent, for the console

    @property
    def flow(self) -> Flow:
        """Where requests to this phone go."""
        return reachable(self.uri, self.seen)


class Limits(NamedTuple):
    """Bounds of registrations."""

    min_expires_s: int
    max_expires_s: int
    max_contacts: int


class Registrar:
    """The contacts of every account."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bindings: dict[str, dict[ContactKey, Binding]] = {}

    def contacts(self, extension: str, now_s: float) -> list[Binding]:
        """Live contacts, the last registered first."""
        known = self._bindings.get(extension, {}).values()
        live = [binding for binding in known if binding.expires_at_s > now_s]
        return live[::-1]

    def knows_source(self, source: Flow) -> bool:
        """Whether some phone registered from exactly this address."""
        return any(b.seen == source for known in self._bindings.values() for b in known.values())

    def knows_host(self, host: str) -> bool:
        """Whether some phone registered from this host, whatever the port."""
        return any(b.seen.host == host for known in self._bindings.values() for b in known.values())

    def register(self, extension: str, request: Request, source: Flow, now_s: float) -> list[str]:
        """Carry out a REGISTER of an authenticated account; returns the Contact values of the 200.

        Raises SipError: 400 malformed, 423 too brief, 500 out of order. Then nothing changes.
        """
        items = request.items("Contact")
        if "*" in items:
            self._remove_all(extension, request, items)
        else:
            self._update(extension, request, source, now_s)
        return [
            f"<{b.uri}>;expires={round(b.expires_at_s - now_s)}"
            for b in self.contacts(extension, now_s)
        ]

    def _remove_all(self, extension: str, request: Request, items: list[str]) -> None:
        if len(items) != 1 or request.first("Expires") != "0":
            raise SipError("Contact * needs Expires 0 and no other contact")
        self._check_order(extension, request, self._bindings.get(extension, {}).values())
        self._bindings.pop(extension, None)

    def _update(self, extension: str, request: Request, source: Flow, now_s: float) -> None:
        changes = [(c.uri, self._expires(c, request)) for c in request.contacts]
        known = self._bindings.get(extension, {})
        named = [known[uri.key] for uri, _ in changes if uri.key in known]
        self._check_order(extension, request, named)
        if any(uri.scheme != "sip" for uri, _ in changes):
            raise SipError("Only sip contacts can be reached", 400)
        for uri, expires_s in changes:
            known.pop(uri.key, None)
            if expires_s:
                known[uri.key] = Binding(
                    uri,
                    source,
                    now_s + expires_s,
                    request.call_id,
                    request.cseq.number,
                    request.first("User-Agent"),
                )
        while len(known) > self._limits.max_contacts:
            known.pop(next(iter(known)))  # the oldest: most likely a phone that is gone
        if known:
            self._bindings[extension] = known
        else:
            self._bindings.pop(extension, None)

    def _expires(self, contact: Address, request: Request) -> int:
        text = contact.params.get("expires") or request.first("Expires") or "3600"
        asked = int(text[:10]) if text.isascii() and text.isdigit() else 3600  # 20.19
        if 0 < asked < self._limits.min_expires_s:
            raise SipError("Interval too brief", 423)
        return min(asked, self._limits.max_expires_s)

    def _check_order(self, extension: str, request: Request, named: Iterable[Binding]) -> None:
        """RFC 3261 10.3 step 7: within one Call-ID the CSeq must rise."""
        for binding in named:
            if binding.call_id == request.call_id and request.cseq.number <= binding.cseq:
                raise SipError("REGISTER out of order", 500)

    # ------------------------------------------------------------------ time

    def next_timeout(self) -> float | None:
        return min(
            (b.expires_at_s for known in self._bindings.values() for b in known.values()),
            default=None,
        )

    def expire(self, now_s: float) -> list[str]:
        """Drop contacts whose time is over; returns the accounts that have none left."""
        gone = []
        for extension, known in list(self._bindings.items()):
            for key in [key for key, b in known.items() if b.expires_at_s <= now_s]:
                del known[key]
            if not known:
                del self._bindings[extension]
                gone.append(extension)
        return gone

    # ------------------------------------------------------------------ keeping

    def to_data(self, now_s: float) -> list[dict[str, Any]]:
        """Plain data for the console and for keeping over a restart."""
        return [
            {
                "extension": extension,
                "contact": str(b.uri),
                "source": list(b.seen),
                "expires_s": round(b.expires_at_s - now_s),
                "call_id": b.call_id,
                "cseq": b.cseq,
                "agent": b.agent,
            }
            for extension, known in self._bindings.items()
            for b in known.values()
        ]

    def restore(self, data: list[dict[str, Any]], now_s: float) -> list[str]:
        """Take :meth:`to_data` of an exchange before us; returns the accounts that are there."""
        for entry in data:
            transport, host, port = entry["source"]
            uri = parse_uri(entry["contact"])
            self._bindings.setdefault(entry["extension"], {})[uri.key] = Binding(
                uri,
                Flow(transport, host, port),
                now_s + entry["expires_s"],
                entry["call_id"],
                entry["cseq"],
                entry["agent"],
            )
        return list(self._bindings)
