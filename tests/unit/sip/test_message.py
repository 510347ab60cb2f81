# SPDX-License-Identifier: GPL-2.0-or-later
"""Syntax of messages (RFC 3261 section 7 and 25), with cases of the kinds RFC 4475 collects."""

from __future__ import annotations

import pytest

from firmware.sip.grammar import SipError
from firmware.sip.message import (
    MAX_BODY,
    MAX_HEAD,
    BadMessage,
    Message,
    Request,
    Response,
    note_source,
    parse_cseq,
    parse_message,
    parse_via,
    respond,
)
from tests.unit.sip.raw import OFFER, request


def _parsed(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def test_plain_request() -> None:
    message = _parsed(request(body=OFFER))
    assert (message.method, message.uri) == ("INVITE", "sip:102@192.0.2.1")
    assert message.via == ("UDP", "192.0.2.60", 5060, {"branch": "z9hG4bKraw1"})
    assert message.via.sent_by == "192.0.2.60:5060"
    assert message.cseq == (1, "INVITE")
    assert (message.sender.uri.user, message.sender.tag) == ("777", "their")
    assert message.recipient.tag == ""
    assert message.call_id == "raw@192.0.2.60"
    assert message.contacts[0].uri.host == "192.0.2.60"
    assert message.content_type() == "application/sdp"
    assert message.body == OFFER.encode()


def test_wrapped_compact_and_odd_case_headers() -> None:
    """Folding, compact names, any case, blanks around colons, separators and slashes."""
    data = (
        b"\r\n\r\nOPTIONS sip:vivekg@chair SIP/2.0\r\n"
        b"TO :\r\n sip:vivekg@chair.example.com ;   tag    = 1918181833n\r\n"
        b'f: "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        b"i: wsinv.ndaksdj@192.0.2.1\r\n"
        b"cseq: 0009\r\n  OPTIONS\r\n"
        b"v:  SIP  / 2.0 / UDP\r\n    192.0.2.2 : 5070 ;branch=390skdjuw\r\n"
        b"s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
        b"V: SIP / 2.0 / TCP spindle.example.com ; branch = z9hG4bK9ikj8 , SIP/2.0/UDP h\r\n"
        b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; '
        b"q = 0.33, <sip:b@two>\r\nl: 0\r\n\r\n"
    )
    message = _parsed(data)
    assert message.recipient.uri.host == "chair.example.com"
    assert message.recipient.tag == "1918181833n"
    assert message.sender.display == 'J Rosenberg \\"'
    assert message.sender.tag == "98asjd8"
    assert message.cseq.number == 9
    assert message.via == ("UDP", "192.0.2.2", 5070, {"branch": "390skdjuw"})
    assert len(message.items("Via")) == 3
    assert (
        message.first("NewFangledHeader".title()) == "newfangled value continued newfangled value"
    )
    first, second = message.contacts
    assert first.params == {"newparam": "newvalue", "q": "0.33"}
    assert second.uri.host == "two"


def test_unusual_characters_are_legal() -> None:
    """Any token as method, any escaped user part, any bytes in a quoted display name."""
    method = "!interesting-Method0123456789_*+`.%indeed'~"
    user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(is-it)"
    data = request(
        method,
        uri=f"sip:{user}@example.com",
        From='"\udce2\udc98 BEL:\\\x07 DEL:\\\x7f" <sip:a@b>;tag=_token~1\'+`*%!-.',
    )
    message = _parsed(data)
    assert message.method == method
    assert message.sender.tag == "_token~1'+`*%!-."
    assert message.to_bytes().startswith(method.encode())


def test_bare_line_feeds_and_wrong_lines_are_passed_over() -> None:
    data = request().replace(b"\r\n", b"\n").replace(b"Max-", b"no colon here\nMax-")
    assert _parsed(data).first("Max-Forwards") == "70"


def test_body_longer_than_announced_is_padding() -> None:
    assert _parsed(request(body=OFFER, Content_Length="3")).body == b"v=0"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (request(drop=("Call-ID",)), 400),
        (request(drop=("From",)), 400),
        (request(drop=("To",)), 400),
        (request(drop=("CSeq",)), 400),
        (request(Call_ID=""), 400),
        (request(CSeq="1 BYE"), 400),
        (request(CSeq="36893488147419103232 INVITE"), 400),
        (request(CSeq="4294967296 INVITE"), 400),
        (request(CSeq="x INVITE"), 400),
        (request(From="<sip:a@b"), 400),
        (request(To="<nothing>"), 400),
        (request(From='"unbalanced <sip:a@b>;tag=1'), 400),
        (request(Content_Length="-999"), 400),
        (request(Content_Length="9999"), 400),
        (request(Content_Length="1\r\nContent-Length: 2"), 400),
        (request(Via="SIP/2.0/UDP host:70000;branch=z9hG4bK1"), 400),
        (request(Via="SIP/2.0/UDP host:0"), 400),
        (request(Via="SIP/7.0/UDP host"), 400),
        (request(To="<sip:a@b>\r\nTo: <sip:c@d>"), 400),
        (request().replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1), 505),
        (request().replace(b"INVITE sip", b"INVITE  sip", 1), 400),
        (request().replace(b" SIP/2.0\r\n", b"\r\n", 1), 400),
        (request(uri="sip:a@b; lr"), 400),
        (request()[:-4], 400),
        (request(**{f"X{i}": "x" for i in range(300)}), 513),
    ],
)
def test_bad_requests_can_be_answered(data: bytes, code: int) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(data)
    assert caught.value.code == code
    assert caught.value.request is not None or code == 513
    if caught.value.request:
        answer = respond(caught.value.request, code, "ours").to_bytes()
        assert answer.startswith(b"SIP/2.0 %d " % code)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 20,
        b"hello",
        request("ACK", CSeq="1 BYE"),
        request(drop=("Via",)),
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b"SIP/2.0 099 low\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b"x" * (MAX_HEAD + 1) + b"\r\n\r\n",
        b"x\r\n\r\n" + b"y" * (MAX_BODY + 1),
    ],
)
def test_what_cannot_be_answered_is_only_refused(data: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(data)
    assert caught.value.request is None


def test_response_and_round_trip() -> None:
    invite = _parsed(request(Timestamp="54.2"))
    trying = respond(invite, 100)
    assert trying.headers["Timestamp"] == ["54.2"]
    answer = respond(invite, 486, "ours")
    again = parse_message(answer.to_bytes())
    assert isinstance(again, Response)
    assert (again.code, again.reason, again.recipient.tag) == (486, "Busy Here", "ours")
    assert respond(_parsed(request(To="<sip:a@b> ; tag=x")), 200, "ours").recipient.tag == "x"
    assert respond(invite, 299).reason == "Unknown"
    bare = parse_message(answer.to_bytes().replace(b" Busy Here", b""))
    assert isinstance(bare, Response) and bare.reason == ""
    copy = parse_message(invite.to_bytes())
    assert copy.to_bytes() == invite.to_bytes()


def test_source_is_noted_in_the_via() -> None:
    message = _parsed(request(Via="SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1, SIP/2.0/UDP x"))
    note_source(message, "192.0.2.60", 4444)
    assert message.items("Via") == [
        "SIP/2.0/UDP 10.0.0.1;rport=4444;branch=z9hG4bK1;received=192.0.2.60",
        "SIP/2.0/UDP x",
    ]
    plain = _parsed(request())
    note_source(plain, "192.0.2.60", 4444)
    assert "received" not in plain.first("Via")
    note_source(plain, "192.0.2.61", 4444)
    assert plain.first("Via").endswith(";received=192.0.2.61")


def test_malformed_values() -> None:
    with pytest.raises(SipError):
        parse_via("nonsense")
    with pytest.raises(SipError):
        parse_cseq("1INVITE")
    with pytest.raises(SipError):
        _ = Message({}).via
    assert Message({}).first("X") == "" and Message({}).contacts == []
