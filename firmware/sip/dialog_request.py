# SPDX-License-Identifier: GPL-2.0-or-later
"""One request of ours inside a dialog, from sending to its final response.

Answers one challenge with credentials, acknowledges the 2xx of an INVITE (again when it comes
again, RFC 3261 13.2.2.4), and tells its user the final response once. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.effects import SendDatagram
from firmware.sip.auth import DigestClient
from firmware.sip.context import Context
from firmware.sip.dialog import Dialog
from firmware.sip.message import Response


class DialogRequest:
    """A request and its retry with credentials."""

    def __init__(
        self,
        context: Context,
        dialog: Dialog,
        method: str,
        done: Callable[[Response, float], None],
        auth: DigestClient | None = None,
        headers: dict[str, list[str]] | None = None,
        body: bytes = b"",
    ) -> None:
        self._context = context
        self._dialog = dialog
        self._method = method
        self._done = done
        self._auth = auth
        self._headers = headers or {}
        self._body = body
        self._cseq = 0
        self._challenged = False
        self._ack: SendDatagram | None = None

    def send(self, now_s: float) -> None:
        """Send it with the dialog's next number."""
        request, flow = self._dialog.request(self._context, self._method, body=self._body)
        request.headers |= self._headers
        self._context.authorise(self._auth, request)
        self._cseq = request.cseq.number
        self._context.send(request, flow, self._on_response, now_s)

    def _on_response(self, response: Response, now_s: float) -> None:
        if response.code < 200:
            return
        if response.code in (401, 407) and self._may_retry(response):
            self.send(now_s)
        elif self._ack is not None:
            self._context.emit(self._ack)
        else:
            if self._method == "INVITE" and response.code < 300:
                self._acknowledge(response)
            self._done(response, now_s)

    def _may_retry(self, response: Response) -> bool:
        first, self._challenged = not self._challenged, True
        return first and self._auth is not None and self._auth.take(response)

    def _acknowledge(self, response: Response) -> None:
        """To the peer's (new) Contact, by the route set."""
        self._dialog.refresh(response)
        ack, flow = self._dialog.request(self._context, "ACK", self._cseq)
        self._ack = SendDatagram(*flow, ack.to_bytes())
        self._context.emit(self._ack)
