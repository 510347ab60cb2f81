# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages written out, for tests that need full control of the bytes."""

from __future__ import annotations

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.60\r\ns=-\r\nc=IN IP4 192.0.2.60\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\n"
)


def request(
    method: str = "INVITE",
    uri: str = "sip:102@192.0.2.1",
    body: str = "",
    drop: tuple[str, ...] = (),
    **headers: str,
) -> bytes:
    """A request from 192.0.2.60; keyword names are header names with ``_`` for ``-``."""
    lines = {
        "Via": f"SIP/2.0/UDP 192.0.2.60:5060;branch=z9hG4bKraw1{headers.get('Call_ID', '')}",
        "Max-Forwards": "70",
        "From": "<sip:777@192.0.2.60>;tag=their",
        "To": "<sip:102@192.0.2.1>",
        "Call-ID": "raw@192.0.2.60",
        "CSeq": f"1 {method}",
        "Contact": "<sip:777@192.0.2.60>",
    }
    if body:
        lines["Content-Type"] = "application/sdp"
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines["Content-Length"] = headers.get("Content_Length", str(len(body.encode())))
    head = [f"{method} {uri} SIP/2.0"]
    head += [f"{name}: {value}" for name, value in lines.items() if name not in drop]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")
