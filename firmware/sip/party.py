# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is who: accounts and trunks by name and address, and the parties in headers.

Identity comes from P-Asserted-Identity where the trunk is trusted (RFC 3325), else from From;
Privacy and anonymous URIs restrict its presentation (RFC 3323). Pure.
"""

from __future__ import annotations

from firmware.sip.auth import DigestClient
from firmware.sip.grammar import SipError, clean
from firmware.sip.message import Request
from firmware.sip.settings import SipAccount, SipSettings, SipTrunk
from firmware.sip.transactions import Flow
from firmware.sip.uri import Address, Uri, name_addr, parse_address, parse_uri, sip_uri
from firmware.values import LineId, Party, Presentation

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'  # RFC 3323 4.1.1.3


class Directory:
    """Accounts and trunks, and which of them a message is from."""

    def __init__(self, settings: SipSettings) -> None:
        self.accounts = {account.extension: account for account in settings.accounts}
        self.phones = {account.line: account for account in settings.accounts}
        self.trunks = {trunk.line: trunk for trunk in settings.trunks}
        self._realm = settings.realm
        self._addresses = {
            trunk.line: {trunk.host.strip("[]").lower(), *trunk.addresses}
            for trunk in settings.trunks
        }

    def owns(self, line: LineId) -> bool:
        return line in self.phones or line in self.trunks

    def resolved(self, host: str, addresses: tuple[str, ...]) -> None:
        """A trunk's host name stands for these addresses now."""
        for trunk in self.trunks.values():
            if trunk.host == host:
                self._addresses[trunk.line] = {host.lower(), *trunk.addresses, *addresses}

    def knows_host(self, host: str) -> bool:
        """Whether some trunk's calls come from this host."""
        return any(host.lower() in addresses for addresses in self._addresses.values())

    def password(self, extension: str) -> str | None:
        account = self.accounts.get(extension)
        return account.password if account else None

    def credentials(self, line: LineId) -> DigestClient | None:
        """Our name and password at a trunk that may ask for them."""
        trunk = self.trunks.get(line)
        return DigestClient(trunk.username, trunk.password) if trunk and trunk.username else None

    def trunk_of(self, request: Request, source: Flow, phone_there: bool) -> SipTrunk | None:
        """The trunk that a call comes from; None for phones and strangers, who must log in.

        A trunk is known by its address. Where phones share that address (a provider in the same
        house, a test) its exact port decides first, then what looks like a phone is one.
        """
        near = [t for t in self.trunks.values() if source.host.lower() in self._addresses[t.line]]
        exact = [t for t in near if t.port == source.port]
        if exact or not near:
            return exact[0] if exact else None
        if phone_there or request.sender.uri.username in self.accounts:
            return None
        if any(self._realm in value for value in request.headers.get("Authorization", ())):
            return None
        return near[0]


def called_by_trunk(trunk: SipTrunk, request: Request) -> str:
    """The number a trunk's caller dialled: the Request-URI, or To where that is our own name."""
    number = parse_uri(request.uri).number
    other = request.recipient.uri.number
    return other if other and trunk.username and number == trunk.username else number


def caller_on_trunk(trunk: SipTrunk, request: Request) -> Party:
    """The caller as the trunk tells it."""
    asserted = _asserted(request) if trunk.trusted else None
    address = asserted or request.sender
    number = address.uri.number
    if _is_private(request):
        if asserted is None or _is_anonymous(address.uri):
            return Party("", "", Presentation.RESTRICTED, "private")
        return Party(number, "", Presentation.RESTRICTED)
    if not number or _is_anonymous(address.uri):
        return Party("", clean(address.display), Presentation.UNAVAILABLE, "not given")
    return Party(number, clean(address.display))


def caller_on_phone(account: SipAccount, request: Request) -> Party:
    """The person of the account, whatever the phone writes into From."""
    shown = Presentation.RESTRICTED if _is_private(request) else Presentation.AVAILABLE
    return Party(account.extension, account.name, shown)


def from_value(caller: Party, user: str, host: str) -> str:
    """From without tag, for a call that we make; a restricted caller is not named."""
    if caller.presentation is Presentation.RESTRICTED:
        return ANONYMOUS
    if not user:
        return name_addr(sip_uri("unknown", host), caller.name)
    return name_addr(sip_uri(user, host), caller.name)


def identity_headers(trunk: SipTrunk, caller: Party, host: str) -> dict[str, list[str]]:
    """P-Asserted-Identity and Privacy towards a trunk."""
    headers: dict[str, list[str]] = {}
    if trunk.trusted and caller.number:
        headers["P-Asserted-Identity"] = [name_addr(sip_uri(caller.number, host), caller.name)]
    if caller.presentation is Presentation.RESTRICTED:
        headers["Privacy"] = ["id"]
    return headers


def _asserted(request: Request) -> Address | None:
    for item in request.items("P-Asserted-Identity"):
        try:
            return parse_address(item)
        except SipError:
            continue  # a broken identity is none
    return None


def _is_private(request: Request) -> bool:
    privacy = request.first("Privacy").lower()
    if any(word in privacy for word in ("id", "user", "header")):
        return True
    return _is_anonymous(request.sender.uri)


def _is_anonymous(uri: Uri) -> bool:
    return uri.username.lower() == "anonymous" or uri.host.lower() == "anonymous.invalid"
