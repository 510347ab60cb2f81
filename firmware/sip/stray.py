# SPDX-License-Identifier: GPL-2.0-or-later
"""A 2xx to an INVITE of ours that no transaction remembers (RFC 3261 13.2.2.4).

The phone was rung by an exchange that was killed meanwhile, or answered after we had given it up.
Without an ACK it repeats its answer for 32 s and its user hears nobody. All that ACK and BYE must
say is in the response, so nothing is kept: a repeated 2xx is answered again. Driven by the gate,
which asks this for senders it knows only. Pure.
"""

from __future__ import annotations

from firmware.effects import SendDatagram
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.grammar import SipError
from firmware.sip.message import Response
from firmware.sip.transactions import Flow


def answer_stray(context: Context, response: Response, source: Flow) -> None:
    """Acknowledge it, and hang up unless the talk was taken over by this exchange."""
    if not _answers_our_invite(context, response):
        return
    try:
        dialog = Dialog.of_stray(response, source)
        _send(context, dialog, "ACK", response.cseq.number, source)
        if dialog.key not in context.dialogs:
            _send(context, dialog, "BYE", response.cseq.number + 1, source)
    except SipError:
        return  # it names no place to send an ACK to; its sender gives up by itself


def _answers_our_invite(context: Context, response: Response) -> bool:
    number, method = response.cseq
    if not 200 <= response.code < 300 or method != "INVITE" or number < 1:
        return False
    ours = len(response.items("Via")) == 1 and response.via.sent_by == context.sent_by.lower()
    return ours and bool(response.sender.tag and response.recipient.tag)


def _send(context: Context, dialog: Dialog, method: str, cseq: int, source: Flow) -> None:
    """To the sender's host only: what it writes into Contact and routes aims at nobody else."""
    request, flow = dialog.request(context, method, cseq)
    if flow.host != source.host:
        flow = source
        request.headers["Via"] = [context.via(flow)]
    context.emit(SendDatagram(*flow, request.to_bytes()))
