# SPDX-License-Identifier: GPL-2.0-or-later
"""A session as text, kept by the media host beside the audio so that a new exchange can adopt it.

The text is JSON with the one key "sip". Pure.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from firmware.sip.dialog import Dialog
from firmware.sip.grammar import SipError
from firmware.sip.sdp import LocalAudio, Negotiated
from firmware.values import Codec, LineId


class SessionData(NamedTuple):
    """What of a session must survive."""

    line: LineId
    dialog: Dialog
    local: LocalAudio
    media: Negotiated | None  # None until a late answer came
    wanted: str  # our direction: "sendrecv", or "sendonly" while we hold the peer
    held: bool  # the peer holds us


def write_tag(data: SessionData) -> str:
    """The text for TagLeg."""
    local = {name: getattr(data.local, name) for name in data.local.__slots__}
    fields = data._asdict() | {"dialog": data.dialog.to_data(), "local": local}
    return json.dumps({"sip": fields}, default=lambda value: value.value)


def read_tag(tag: str) -> SessionData:
    """Read :func:`write_tag` back; raises SipError when it is not such a text."""
    try:
        fields = json.loads(tag)["sip"]
        return SessionData(
            line=LineId(fields["line"]),
            dialog=Dialog.from_data(fields["dialog"]),
            local=_local(fields["local"]),
            media=_media(fields["media"]),
            wanted=str(fields["wanted"]),
            held=bool(fields["held"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SipError(f"The kept text is no SIP session: {error!r}") from error


def _local(data: dict[str, Any]) -> LocalAudio:
    codecs = tuple(Codec(name) for name in data["codecs"])
    return LocalAudio(**(data | {"codecs": codecs, "other_streams": tuple(data["other_streams"])}))


def _media(data: list[Any] | None) -> Negotiated | None:
    if data is None:
        return None
    media = Negotiated(*data)
    return media._replace(codec=Codec(media.codec))
