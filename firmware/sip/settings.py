# SPDX-License-Identifier: GPL-2.0-or-later
"""What the endpoint is told: accounts of phones, trunks, our own address. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.values import Codec, LineId


@dataclass(frozen=True, slots=True)
class SipAccount:
    """A SIP phone's account. Several phones may register with it; they ring together."""

    extension: str  # user part and digest name: "109"
    password: str
    line: LineId  # "sip:109"
    name: str = ""  # display name of the person


@dataclass(frozen=True, slots=True)
class SipTrunk:
    """A provider: calls from its addresses are taken, calls to it go to ``host``."""

    line: LineId  # the trunk's name
    host: str  # name or address
    port: int = 5060
    transport: str = "udp"  # or "tcp"
    username: str = ""  # digest name; also our user part there
    password: str = ""
    register: bool = False
    addresses: tuple[str, ...] = ()  # further addresses its calls come from
    from_user: str = ""  # user part of From on outgoing calls, if it must be a fixed one
    expires_s: int = 600  # registration asked for
    trusted: bool = True  # believe its P-Asserted-Identity, and send ours


@dataclass(frozen=True, slots=True)
class SipSettings:
    """Everything the endpoint is built from."""

    host: str  # our address as peers see it; goes into Via and Contact
    port: int
    realm: str
    secret: bytes  # signs nonces; 16 octets or more, new at each start
    accounts: tuple[SipAccount, ...] = ()
    trunks: tuple[SipTrunk, ...] = ()
    digests: tuple[str, ...] = ("SHA-256", "MD5")  # offered to phones, strongest first
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)  # best first
    agent: str = "tipring"
    max_legs: int = 200  # calls at once; further ones get 503
    max_contacts: int = 10  # phones registered with one account
    min_expires_s: int = 60  # shorter registrations are refused with 423
    max_expires_s: int = 3600
    ring_limit_s: float = 600.0  # nothing rings longer, whatever the calls want
