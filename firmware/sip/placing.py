# SPDX-License-Identifier: GPL-2.0-or-later
"""What a call of ours says and where it goes: to a person's phones, or out on a trunk. Pure."""

from __future__ import annotations

from firmware.effects import Originate
from firmware.sip.branch import Invitation, Target
from firmware.sip.context import Context
from firmware.sip.party import from_value, identity_headers
from firmware.sip.registrar import Binding
from firmware.sip.settings import SipAccount, SipSettings, SipTrunk
from firmware.sip.transactions import Flow, ignore
from firmware.sip.uri import name_addr, sip_uri
from firmware.values import RingClass

# RFC 7462 names: phones choose their ringing melody by them.
_ALERT_INFO = {
    RingClass.INTERNAL: "<urn:alert:source:internal>",
    RingClass.EXTERNAL: "<urn:alert:source:external>",
    RingClass.RECALL: "<urn:alert:service:recall-callback>",
}


def phone_call(
    settings: SipSettings, account: SipAccount, contacts: list[Binding], order: Originate
) -> tuple[list[Target], Invitation]:
    """Invite every phone that is registered with the account."""
    targets = [Target(str(binding.uri), binding.flow, True) for binding in contacts]
    invitation = Invitation(
        local=from_value(order.caller, order.caller.number, settings.host),
        remote=name_addr(sip_uri(account.extension, settings.host)),
        headers={"Alert-Info": [_ALERT_INFO[order.ring_class]]},
        user="",
    )
    return targets, invitation


def trunk_call(
    settings: SipSettings, trunk: SipTrunk, up: bool, order: Originate
) -> tuple[list[Target], Invitation]:
    """Invite a number at the provider; no target when we are not registered there."""
    port = 0 if trunk.port == 5060 else trunk.port
    params = ";transport=tcp" if trunk.transport == "tcp" else ""
    uri = sip_uri(order.called, trunk.host, port, params)
    flow = Flow(trunk.transport, trunk.host.strip("[]"), trunk.port)
    user = trunk.from_user or trunk.username or order.caller.number
    invitation = Invitation(
        local=from_value(order.caller, user, trunk.host),
        remote=name_addr(sip_uri(order.called, trunk.host, port)),
        headers=identity_headers(trunk, order.caller, settings.host),
        user=trunk.username,
        username=trunk.username,
        password=trunk.password,
    )
    return [Target(str(uri), flow, False)] if up else [], invitation


def waiting_notices(
    context: Context, account: SipAccount, contacts: list[Binding], waiting: bool, now_s: float
) -> None:
    """Tell the person's phones that messages wait (RFC 3842), without their having asked."""
    host = context.settings.host
    own = name_addr(sip_uri(account.extension, host))
    body = f"Messages-Waiting: {'yes' if waiting else 'no'}\r\n".encode()
    for binding in contacts:
        headers = {
            "From": [f"{own};tag={context.new_token()[:16]}"],
            "To": [own],
            "Call-ID": [f"{context.new_token()}@{host}"],
            "CSeq": ["1 NOTIFY"],
            "Contact": [f"<{context.contact(binding.flow)}>"],
            "Event": ["message-summary"],
            "Subscription-State": ["active"],
            "Content-Type": ["application/simple-message-summary"],
        }
        request = context.new_request("NOTIFY", str(binding.uri), binding.flow, headers, body)
        context.send(request, binding.flow, ignore, now_s)
