# SPDX-License-Identifier: GPL-2.0-or-later
"""The endpoint towards strangers, trunks and broken peers; orders and facts that do not fit."""

from __future__ import annotations

import pytest

from firmware.effects import (
    Alert,
    Answer,
    CloseLeg,
    ConnectRtp,
    HoldLeg,
    Indicate,
    OpenRtp,
    Originate,
    Release,
    SendDatagram,
    SetMessageWaiting,
    TagLeg,
)
from firmware.events import (
    LegAlerting,
    LegAnswered,
    LegArrived,
    LegDigit,
    LegEnded,
    LegHeld,
    LegTransferRequested,
    MediaDown,
    MediaFailed,
    RtpLost,
    RtpOpened,
)
from firmware.sip.message import Request, Response, parse_message, respond
from firmware.values import Cause, Codec, LegId, LineId, Party, Presentation, RingClass, ToneName
from tests.fakes.sip_net import EXCHANGE, PROVIDER, Net, Node, account, office, provider_trunk
from tests.unit.sip.raw import OFFER, request

STRANGER = ("udp", "192.0.2.60", 5060)
TRUNK = ("udp", *PROVIDER)


def _node(**trunk: object) -> Node:
    return Net().add(EXCHANGE, accounts=(account(),), trunks=(provider_trunk(**trunk),))


def _messages(out: list[object]) -> list[Request | Response]:
    return [parse_message(item.data) for item in out if isinstance(item, SendDatagram)]


def _code(node: Node, data: bytes, source: tuple[str, str, int] = STRANGER) -> int:
    (answer,) = [item.data for item in node.receive(data, source) if isinstance(item, SendDatagram)]
    return int(answer.split()[1])


def _arrive(node: Node, body: str = OFFER, **headers: str) -> Request:
    """A call from the trunk; returns its INVITE."""
    data = request(body=body, **headers)
    node.receive(data, TRUNK)
    invite = parse_message(data)
    assert isinstance(invite, Request)
    return invite


def _answer(node: Node, leg: int = 1) -> Response:
    node.order(Answer(LegId(leg)))
    answer = parse_message(node.last(SendDatagram).data)
    assert isinstance(answer, Response) and answer.code == 200
    return answer


def _in_dialog(node: Node, method: str, cseq: int, body: str = "", **headers: str) -> list[object]:
    """A request of the trunk in the dialog of the last answer."""
    to = next(
        m.first("To")
        for m in reversed(_messages(list(node.seen)))
        if isinstance(m, Response) and m.code == 200 and m.cseq.method == "INVITE"
    )
    via = f"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK{method}{cseq}"
    data = request(
        method, body=body, **({"To": to, "CSeq": f"{cseq} {method}", "Via": via} | headers)
    )
    return node.receive(data, TRUNK)


# --------------------------------------------------------------------------- strangers


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (request(body=OFFER), 401),
        (request(body=OFFER, From="<sip:109@office>;tag=x"), 401),
        (request("REGISTER"), 401),
        (request("OPTIONS"), 200),
        (request("BYE"), 481),
        (request("INFO"), 481),
        (request("REFER"), 405),
        (request("SUBSCRIBE"), 405),
        (request("FROBNICATE"), 501),
        (request("CANCEL"), 481),
        (request("BYE", To="<sip:a@b>;tag=none"), 481),
        (request(uri="nobody:knows"), 416),
        (request("OPTIONS", uri="sip:a@b:0"), 400),
        (request("OPTIONS", Require="100rel, magic"), 420),
        (request("OPTIONS", Via="SIP/2.0/UDP host:70000;branch=z9hG4bK1"), 400),
        (request("OPTIONS", CSeq="1 INVITE"), 400),
        (request("OPTIONS").replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1), 505),
    ],
)
def test_answers_to_strangers_keep_nothing(data: bytes, code: int) -> None:
    node = _node()
    assert _code(node, data) == code
    assert len(node.endpoint._context.transactions) == 0
    assert node.endpoint.next_timeout() is None


def test_details_of_refusals() -> None:
    node = _node()
    (answer,) = _messages(node.receive(request("SUBSCRIBE"), STRANGER))
    assert "INVITE" in answer.first("Allow")
    (answer,) = _messages(node.receive(request("OPTIONS", Require="x, y"), STRANGER))
    assert answer.first("Unsupported") == "x, y"
    assert answer.recipient.tag
    (again,) = _messages(node.receive(request("OPTIONS", Require="x, y"), STRANGER))
    assert again.recipient.tag == answer.recipient.tag


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n\r\n", b"\0\0", b"garbage", request("ACK"), request("ACK", To="<sip:a@b>;tag=1"),
     request("ACK", Call_ID=""), respond(parse_message(request()), 200).to_bytes()],
)  # fmt: skip
def test_what_gets_no_answer(data: bytes) -> None:
    assert _node().receive(data, STRANGER) == []


def test_counts() -> None:
    node = _node()
    for data in (b"\r\n", b"garbage", request("BYE"), request()):
        node.receive(data, STRANGER)
    stray = parse_message(request())
    assert isinstance(stray, Request)
    node.receive(respond(stray, 200).to_bytes(), STRANGER)
    counts = node.endpoint.snapshot(node.net.now)["counts"]
    assert counts == {"received": 5, "bad": 1, "stray": 1, "challenged": 1, "refused": 1}


def test_wrong_password_on_invite() -> None:
    net, exchange, phone = office()
    registration = phone.endpoint._registrations[LineId("office")]
    del registration
    settings = phone.endpoint._directory.trunks[LineId("office")]
    phone.endpoint._directory.trunks[LineId("office")] = type(settings)(
        settings.line, settings.host, username="109", password="wrong"
    )
    phone.call("office", "102")
    net.run(1)
    assert phone.last(LegEnded).cause is Cause.REJECTED
    assert not exchange.of(LegArrived)


# --------------------------------------------------------------------------- calls from a trunk


def test_call_from_trunk_needs_no_password() -> None:
    node = _node()
    _arrive(node, From='"Ivan" <sip:+380441234567@itsp>;tag=their')
    assert node.last(LegArrived) == LegArrived(
        LegId(1), LineId("itsp"), Party("+380441234567", "Ivan"), "102"
    )
    answer = _answer(node)
    assert b"m=audio 10002 RTP/AVP 0 96" in answer.body
    assert answer.contacts[0].uri.host == EXCHANGE[0]
    assert node.last(ConnectRtp) == ConnectRtp(
        LegId(1), "192.0.2.60", 4000, Codec.PCMU, 0, 20, 96, True, True
    )


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        (
            {"P_Asserted_Identity": '"Anna" <tel:+1-555>', "From": "<sip:x@y>;tag=t"},
            Party("+1555", "Anna"),
        ),
        (
            {"P_Asserted_Identity": "<sip:+1555@y>", "Privacy": "id"},
            Party("+1555", "", Presentation.RESTRICTED),
        ),
        ({"P_Asserted_Identity": "<broken"}, Party("777")),
        (
            {"From": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=t'},
            Party("", "", Presentation.RESTRICTED, "private"),
        ),
        (
            {"From": "<sip:192.0.2.60>;tag=t"},
            Party("", "", Presentation.UNAVAILABLE, "not given"),
        ),
    ],
)
def test_who_calls_on_a_trunk(headers: dict[str, str], caller: Party) -> None:
    node = _node()
    _arrive(node, **headers)
    assert node.last(LegArrived).caller == caller


def test_untrusted_trunk_is_not_believed() -> None:
    node = _node(trusted=False)
    _arrive(node, P_Asserted_Identity="<sip:112@y>")
    assert node.last(LegArrived).caller == Party("777")


def test_dialled_number_in_to_when_the_provider_calls_our_account() -> None:
    node = _node(username="acc1")
    node.receive(request(uri="sip:acc1@192.0.2.1", body=OFFER, To="<sip:+7495@x>"), TRUNK)
    assert node.last(LegArrived).called == "+7495"


def test_trunk_and_phone_on_one_address() -> None:
    """The trunk's exact port decides; otherwise whoever looks like a phone must log in."""
    node = _node()
    other = (TRUNK[0], TRUNK[1], 40000)
    assert _code(node, request(body=OFFER, From="<sip:109@office>;tag=x"), other) == 401
    data = request(body=OFFER, Authorization='Digest realm="office"', Call_ID="2")
    assert _code(node, data, other) == 403
    node.receive(request(body=OFFER, Call_ID="3"), other)
    assert node.last(LegArrived).line == "itsp"


def test_trunk_by_name_and_further_address() -> None:
    node = Net().add(EXCHANGE, trunks=(provider_trunk(addresses=("198.51.100.8",)),))
    node.endpoint.on_resolved(PROVIDER[0], ("198.51.100.9",))
    node.endpoint.on_resolved("unknown.example", ("192.0.2.60",))
    for last in (8, 9):
        node.receive(request(body=OFFER, Call_ID=str(last)), ("udp", f"198.51.100.{last}", 5060))
    assert len(node.of(LegArrived)) == 2


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content_Type": "text/plain"}, OFFER, 415),
        ({"Content_Encoding": "gzip"}, OFFER, 415),
        ({}, OFFER.replace("0 8 96", "18"), 488),
        ({}, "nonsense", 400),
        ({"Contact": "*"}, OFFER, 400),
        ({"Record_Route": "<tel:1>"}, OFFER, 400),
        ({"Record_Route": "<broken"}, OFFER, 400),
    ],
)
def test_calls_that_cannot_be_taken(headers: dict[str, str], body: str, code: int) -> None:
    node = _node()
    _arrive(node, body, **headers)
    assert code in [m.code for m in _messages(list(node.seen)) if isinstance(m, Response)]
    assert not node.of(LegArrived) and not node.of(OpenRtp)


def test_no_number_dialled() -> None:
    node = _node()
    assert _code(node, request(uri="sip:192.0.2.1", body=OFFER), TRUNK) == 484


def test_too_many_calls() -> None:
    net = Net()
    node = net.add(EXCHANGE, trunks=(provider_trunk(),), max_legs=1)
    node.receive(request(body=OFFER), TRUNK)
    (answer,) = _messages(node.receive(request(body=OFFER, Call_ID="2"), TRUNK))
    assert isinstance(answer, Response)
    assert (answer.code, answer.first("Retry-After")) == (503, "10")


def test_merged_request_is_refused() -> None:
    node = _node()
    _arrive(node)
    other = request(body=OFFER, Via="SIP/2.0/UDP proxy;branch=z9hG4bKother")
    assert _code(node, other, TRUNK) == 482
    assert len(node.of(LegArrived)) == 1


def test_late_offer() -> None:
    """INVITE without offer: ours is in the 200, the answer in the ACK."""
    node = _node()
    _arrive(node, body="")
    answer = _answer(node)
    assert b"RTP/AVP 8 0 101" in answer.body
    assert not node.of(ConnectRtp)
    _in_dialog(node, "INVITE", 2, OFFER)
    assert _messages(list(node.seen))[-1].code == 491  # type: ignore[union-attr]
    _in_dialog(node, "ACK", 1, OFFER)
    assert node.last(ConnectRtp).codec is Codec.PCMU
    _in_dialog(node, "ACK", 1, OFFER)
    assert len(node.of(ConnectRtp)) == 1


def test_late_offer_refused_in_the_ack() -> None:
    node = _node()
    _arrive(node, body="")
    _answer(node)
    _in_dialog(node, "ACK", 1, "nonsense")
    assert node.last(LegEnded).cause is Cause.INCOMPATIBLE
    assert _messages(list(node.seen))[-1].method == "BYE"  # type: ignore[union-attr]


def test_requests_before_the_answer() -> None:
    node = _node()
    _arrive(node, Record_Route="<sip:proxy;lr>")
    node.order(Alert(LegId(1)))
    ringing = parse_message(node.last(SendDatagram).data)
    assert ringing.first("Record-Route") == "<sip:proxy;lr>"
    to = ringing.first("To")
    for method, code in (("OPTIONS", 200), ("UPDATE", 405), ("INVITE", 500)):
        via = f"SIP/2.0/UDP x;branch=z9hG4bK{method}"
        data = request(method, body=OFFER, To=to, Via=via, CSeq=f"2 {method}")
        assert _code(node, data, TRUNK) == code
    node.receive(request("ACK", To=to, CSeq="1 ACK"), TRUNK)
    node.order(HoldLeg(LegId(1), True))
    node.fact(RtpLost(LegId(1), 10))
    node.fact(RtpOpened(LegId(1), "x", 1))
    node.receive(request("BYE", To=to, Via="SIP/2.0/UDP x;branch=z9hG4bKb"), TRUNK)
    assert node.of(LegEnded) == [LegEnded(LegId(1), Cause.NORMAL, True)]
    assert [m.code for m in _messages(list(node.seen))[-2:]] == [200, 487]  # type: ignore[union-attr]


def test_caller_gives_up() -> None:
    node = _node()
    _arrive(node)
    assert _code(node, request("CANCEL"), ("udp", "203.0.113.5", 5060)) == 481
    out = node.receive(request("CANCEL", Reason="Q.850;cause=127"), TRUNK)
    assert [m.code for m in _messages(out)] == [200, 487]  # type: ignore[union-attr]
    assert node.of(LegEnded) == [LegEnded(LegId(1), Cause.INTERWORKING, True)]
    assert _code(node, request("CANCEL"), TRUNK) == 200
    assert len(node.of(LegEnded)) == 1
    assert node.of(CloseLeg) == [CloseLeg(LegId(1))]


def test_cancel_before_the_port_is_open_was_never_a_call() -> None:
    node = _node()
    node.net.take = lambda node, items: node.seen.extend(items)  # type: ignore[method-assign]
    _arrive(node)
    node.order(Answer(LegId(1)))
    node.order(Alert(LegId(1)))
    node.receive(request("CANCEL"), TRUNK)
    assert not node.of(LegEnded) and node.of(CloseLeg)


def test_caller_waits_no_longer_than_expires() -> None:
    node = _node()
    _arrive(node, Expires="30")
    node.net.run(31)
    assert node.of(LegEnded) == [LegEnded(LegId(1), Cause.NO_ANSWER, False)]


# --------------------------------------------------------------------------- in a talk


def _talk(node: Node) -> None:
    _arrive(node)
    _answer(node)
    _in_dialog(node, "ACK", 1)


def test_ack_with_the_branch_of_its_invite() -> None:
    """Some peers number hops wrongly; their ACK still ends the repetition of the 200."""
    node = _node()
    invite = _arrive(node)
    _answer(node)
    _in_dialog(node, "ACK", 1, Via=invite.first("Via"))
    node.net.run(5)
    codes = [m.code for m in _messages(list(node.seen)) if isinstance(m, Response)]
    assert codes == [100, 200]


def test_digits_by_info() -> None:
    node = _node()
    _talk(node)
    bodies = (
        "Signal=5\r\nDuration=160",
        "Signal= 11\n",
        "Duration=1\r\nsignal=a",
        "Signal=zz",
        "*",
    )
    for number, body in enumerate(bodies, 2):
        kind = "application/dtmf" if body == "*" else "application/dtmf-relay"
        _in_dialog(node, "INFO", number, body, Content_Type=kind)
    assert [fact.digit for fact in node.of(LegDigit)] == ["5", "#", "A", "*"]
    out = _in_dialog(node, "INFO", 20, "x", Content_Type="text/plain")
    assert _messages(out)[0].code == 415  # type: ignore[union-attr]
    out = _in_dialog(node, "INFO", 21)
    assert _messages(out)[0].code == 200  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("OPTIONS", {}, 200),
        ("UPDATE", {}, 405),
        ("OPTIONS", {"CSeq": "0 OPTIONS"}, 500),
        ("OPTIONS", {"Require": "x"}, 420),
        ("INVITE", {"Content_Type": "text/plain", "body": "x"}, 415),
        ("INVITE", {"body": OFFER.replace("0 8 96", "18")}, 488),
        ("REFER", {"Refer_To": "<broken"}, 400),
        ("REFER", {"Refer_To": "<sip:105@x?Replaces=a>"}, 501),
        ("REFER", {"Refer_To": "<sip:x>"}, 501),
    ],
)
def test_requests_in_a_talk(method: str, headers: dict[str, str], code: int) -> None:
    node = _node()
    _talk(node)
    out = _in_dialog(node, method, 5, **headers)
    assert _messages(out)[0].code == code  # type: ignore[union-attr]
    assert not node.of(LegEnded)


def test_blind_transfer() -> None:
    node = _node()
    _talk(node)
    out = _in_dialog(node, "REFER", 5, Refer_To="<sip:105@office>")
    accepted, notify = _messages(out)
    assert accepted.code == 202  # type: ignore[union-attr]
    assert isinstance(notify, Request) and notify.body == b"SIP/2.0 100 Trying\r\n"
    assert node.of(LegTransferRequested) == [LegTransferRequested(LegId(1), "105")]
    out = _in_dialog(node, "REFER", 6, Refer_To="<sip:106@office>")
    assert _messages(out)[0].code == 501  # type: ignore[union-attr]
    node.order(Release(LegId(1), Cause.NORMAL))
    done, bye = _messages(list(node.seen))[-2:]
    assert (
        done.body == b"SIP/2.0 200 OK\r\n" and done.first("Subscription-State")[:10] == "terminated"
    )
    assert isinstance(bye, Request) and bye.method == "BYE"


def test_transfer_that_is_not_done_is_told() -> None:
    node = _node()
    _talk(node)
    _in_dialog(node, "REFER", 5, Refer_To="<sip:105@office>")
    node.net.run(31)
    bodies = [m.body for m in _messages(list(node.seen)) if isinstance(m, Request)]
    assert b"SIP/2.0 503 Service Unavailable\r\n" in bodies


def test_peer_holds_by_null_address_and_resumes() -> None:
    node = _node()
    _talk(node)
    _in_dialog(node, "INVITE", 2, OFFER.replace("c=IN IP4 192.0.2.60", "c=IN IP4 0.0.0.0"))
    assert node.of(LegHeld) and node.last(ConnectRtp).host == "192.0.2.60"
    _in_dialog(node, "ACK", 2)
    _in_dialog(node, "INVITE", 3, OFFER)
    assert node.last(ConnectRtp).send


def test_reinvite_without_contact_keeps_the_target() -> None:
    node = _node()
    _talk(node)
    _in_dialog(node, "INVITE", 2, OFFER, drop=("Contact",))
    _in_dialog(node, "ACK", 2)
    node.order(Release(LegId(1), Cause.NORMAL))
    bye = parse_message(node.last(SendDatagram).data)
    assert isinstance(bye, Request)
    assert (bye.method, bye.uri) == ("BYE", "sip:777@192.0.2.60")


def test_bye_with_cause() -> None:
    node = _node()
    _talk(node)
    out = _in_dialog(node, "BYE", 2, Reason="Q.850;cause=41;text=x")
    assert _messages(out)[0].code == 200  # type: ignore[union-attr]
    assert node.of(LegEnded) == [LegEnded(LegId(1), Cause.TEMPORARY_FAILURE, True)]
    out = _in_dialog(node, "OPTIONS", 3)
    assert _messages(out)[0].code == 481  # type: ignore[union-attr]


def test_request_after_our_bye() -> None:
    node = _node()
    _talk(node)
    node.order(Release(LegId(1), Cause.NORMAL))
    out = _in_dialog(node, "INVITE", 2, OFFER)
    assert _messages(out)[0].code == 481  # type: ignore[union-attr]
    assert len(node.of(LegEnded)) == 1


def test_silence_is_asked_about() -> None:
    """RtpLost sends OPTIONS in the dialog; a peer that knows nothing of it ends the call."""
    for code, ended in ((200, False), (481, True)):
        node = _node()
        _talk(node)
        node.fact(RtpLost(LegId(1), 30.0))
        ping = parse_message(node.last(SendDatagram).data)
        assert isinstance(ping, Request) and ping.method == "OPTIONS"
        node.receive(respond(ping, code).to_bytes(), TRUNK)
        assert bool(node.of(LegEnded)) is ended


def test_media_that_fails() -> None:
    node = _node()
    _talk(node)
    node.fact(MediaFailed(LegId(1), "PlayFiles", "no such file"))
    node.fact(MediaFailed(LegId(99), "OpenRtp", "x"))
    node.fact(RtpOpened(LegId(1), "192.0.2.1", 1))
    assert not node.of(LegEnded)
    node.fact(MediaFailed(LegId(1), "ConnectRtp", "x"))
    assert node.last(LegEnded).cause is Cause.TEMPORARY_FAILURE


def test_media_host_that_dies_ends_the_talks() -> None:
    node = _node()
    _talk(node)
    node.fact(MediaDown("killed"))
    assert node.of(LegEnded) == [LegEnded(LegId(1), Cause.TEMPORARY_FAILURE, False)]


def test_orders_that_do_not_fit_do_nothing() -> None:
    node = _node()
    _talk(node)
    before = len(node.seen)
    orders = (
        Alert(LegId(1)),
        Answer(LegId(1)),
        Answer(LegId(5)),
        Release(LegId(5), Cause.BUSY),
        Indicate(LegId(1), ToneName.BEEP),
        HoldLeg(LegId(1), False),
        SetMessageWaiting(LineId("itsp"), True),
    )
    for order in orders:
        node.order(order)
    node.fact(object())
    assert len(node.seen) == before
    node.call("itsp", "555")
    for order in (Alert(LegId(7)), Answer(LegId(7)), HoldLeg(LegId(7), True)):
        node.order(order)
    node.fact(RtpLost(LegId(7), 5))
    node.fact(RtpOpened(LegId(7), "x", 1))
    assert not node.of(LegEnded)


def test_adoption_of_what_cannot_be_read() -> None:
    node = _node()
    for tag in ("", "{}", '{"sip": {"line": "itsp"}}', "[]"):
        assert node.endpoint.restore(LegId(3), tag, node.net.now) == [CloseLeg(LegId(3))]
    assert not node.endpoint.owns_leg(LegId(3))


def test_adoption_of_a_line_that_is_gone() -> None:
    node = _node()
    _talk(node)
    empty = Net().add(EXCHANGE)
    tag = node.last(TagLeg).tag
    assert empty.endpoint.restore(LegId(1), tag, node.net.now) == [CloseLeg(LegId(1))]


def test_waiting_messages_are_told_to_the_phones() -> None:
    net, exchange, _ = office()
    exchange.order(SetMessageWaiting(LineId("sip:109"), True))
    notify = parse_message(exchange.last(SendDatagram).data)
    assert isinstance(notify, Request)
    assert (notify.method, notify.first("Event")) == ("NOTIFY", "message-summary")
    assert notify.body == b"Messages-Waiting: yes\r\n"
    net.run(1)


# --------------------------------------------------------------------------- calls to a trunk


def _out(node: Node, caller: Party | None = None) -> Request:
    caller = caller or Party("101", "Anna")
    node.order(Originate(LegId(7), LineId("itsp"), "+4930", caller, RingClass.EXTERNAL))
    invite = parse_message(node.last(SendDatagram).data)
    assert isinstance(invite, Request) and invite.method == "INVITE"
    return invite


def _reply(node: Node, invite: Request, code: int, body: str = "", **headers: str) -> list[object]:
    response = respond(invite, code, "far", body.encode())
    response.headers |= {"Contact": ["<sip:gw@198.51.100.7:5062>"]}
    response.headers |= {k.replace("_", "-"): [v] for k, v in headers.items()}
    if body:
        response.headers["Content-Type"] = ["application/sdp"]
    return node.receive(response.to_bytes(), TRUNK)


ANSWER = OFFER.replace("0 8 96", "8 101").replace(":96 ", ":101 ")


def test_invite_to_a_trunk() -> None:
    invite = _out(_node(username="acc1"))
    assert invite.uri == "sip:+4930@198.51.100.7"
    assert invite.sender.uri.user == "acc1" and invite.sender.display == "Anna"
    assert invite.first("P-Asserted-Identity") == '"Anna" <sip:101@192.0.2.1>'
    secret = _out(_node(), Party("101", "Anna", Presentation.RESTRICTED))
    assert secret.sender.uri.host == "anonymous.invalid"
    assert secret.first("Privacy") == "id"
    nobody = _out(_node(trusted=False, port=5070, transport="tcp"), Party())
    assert nobody.sender.uri.user == "unknown"
    assert nobody.uri == "sip:+4930@198.51.100.7:5070;transport=tcp"


def test_ack_of_a_2xx_goes_to_its_contact_by_the_routes() -> None:
    node = _node()
    out = _reply(node, _out(node), 200, ANSWER)
    (ack,) = [item for item in out if isinstance(item, SendDatagram)]
    assert (ack.host, ack.port) == ("198.51.100.7", 5062)
    assert node.of(LegAnswered)
    node = _node()
    route = "<sip:p1.example;lr>, <sip:p2.example:5080;transport=tcp;lr>"
    out = _reply(node, _out(node), 200, ANSWER, Record_Route=route)
    (ack,) = [item for item in out if isinstance(item, SendDatagram)]
    assert (ack.transport, ack.host, ack.port) == ("tcp", "p2.example", 5080)
    message = parse_message(ack.data)
    assert isinstance(message, Request)
    assert message.uri == "sip:gw@198.51.100.7:5062"
    assert message.items("Route") == [
        "<sip:p2.example:5080;transport=tcp;lr>",
        "<sip:p1.example;lr>",
    ]


def test_strict_router() -> None:
    node = _node()
    out = _reply(node, _out(node), 200, ANSWER, Record_Route="<sip:strict.example>")
    (ack,) = [item for item in out if isinstance(item, SendDatagram)]
    message = parse_message(ack.data)
    assert isinstance(message, Request)
    assert message.uri == "sip:strict.example"
    assert message.items("Route") == ["<sip:gw@198.51.100.7:5062>"]


def test_early_media() -> None:
    node = _node()
    invite = _out(node)
    _reply(node, invite, 180)
    assert node.of(LegAlerting) == [LegAlerting(LegId(7), False)]
    _reply(node, invite, 183, ANSWER)
    _reply(node, invite, 183, ANSWER)
    assert node.of(LegAlerting)[1:] == [LegAlerting(LegId(7), True)]
    assert len(node.of(ConnectRtp)) == 1
    _reply(node, invite, 183, "nonsense")
    _reply(node, invite, 200)  # without a body: the early answer stands
    assert node.of(LegAnswered)
    assert node.last(ConnectRtp).codec is Codec.PCMA


@pytest.mark.parametrize("body", ["", "nonsense"])
def test_answer_without_a_usable_description(body: str) -> None:
    node = _node()
    out = _reply(node, _out(node), 200, body)
    methods = [m.method for m in _messages(out) if isinstance(m, Request)]
    assert methods == ["ACK", "BYE"]
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.INCOMPATIBLE, False)]
    assert not node.of(LegAnswered)


def test_answer_that_names_no_contact() -> None:
    node = _node()
    _reply(node, _out(node), 200, ANSWER, Contact="<broken")
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.PROTOCOL_ERROR, True)]


def test_second_answer_of_a_forking_proxy_is_hung_up() -> None:
    node = _node()
    invite = _out(node)
    _reply(node, invite, 200, ANSWER)
    other = respond(invite, 200, "another")
    other.headers["Contact"] = ["<sip:two@198.51.100.7>"]
    out = node.receive(other.to_bytes(), TRUNK)
    assert [m.method for m in _messages(out) if isinstance(m, Request)] == ["ACK", "BYE"]
    assert [m.method for m in _messages(node.receive(other.to_bytes(), TRUNK))] == ["ACK"]  # type: ignore[union-attr]
    bye = parse_message(node.last(SendDatagram).data)
    assert bye.recipient.tag == "another"


CHALLENGE = 'Digest realm="itsp", nonce="n", qop="auth"'


def test_provider_asks_for_the_password_in_every_request() -> None:
    node = _node(username="acc1", password="p")
    invite = _out(node)
    out = _reply(node, invite, 407, Proxy_Authenticate=CHALLENGE)
    ack, again = _messages(out)
    assert isinstance(again, Request) and isinstance(ack, Request) and ack.method == "ACK"
    assert again.call_id == invite.call_id and again.cseq.number == 2
    assert 'username="acc1"' in again.first("Proxy-Authorization")
    assert again.via.branch != invite.via.branch
    (ack,) = _messages(_reply(node, again, 200, ANSWER))
    assert ack.first("Proxy-Authorization") == again.first("Proxy-Authorization")
    assert ack.cseq.number == 2
    node.order(HoldLeg(LegId(7), True))
    hold = parse_message(node.last(SendDatagram).data)
    assert isinstance(hold, Request)
    out = _reply(node, hold, 401, WWW_Authenticate=CHALLENGE.replace('"n"', '"m"'))
    once_more = _messages(out)[1]
    assert isinstance(once_more, Request) and 'nonce="m"' in once_more.first("Authorization")
    _reply(node, once_more, 401, WWW_Authenticate=CHALLENGE)
    assert not node.of(LegEnded)  # the hold failed, the talk goes on
    node.order(Release(LegId(7), Cause.NORMAL))
    bye = parse_message(node.last(SendDatagram).data)
    assert isinstance(bye, Request)
    out = _reply(node, bye, 401, WWW_Authenticate=CHALLENGE)
    second = _messages(out)[0]
    assert isinstance(second, Request) and second.method == "BYE"
    _reply(node, second, 200)
    assert node.endpoint._context.dialogs == {}


def test_password_refused_on_a_call() -> None:
    node = _node(username="acc1", password="p")
    out = _reply(node, _out(node), 407, Proxy_Authenticate=CHALLENGE)
    again = _messages(out)[1]
    assert isinstance(again, Request)
    _reply(node, again, 407, Proxy_Authenticate=CHALLENGE)
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.REJECTED, True)]


def test_unreachable_provider() -> None:
    node = _node()
    _out(node)
    node.net.take(node, node.endpoint.on_unreachable(TRUNK, node.net.now))
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.TEMPORARY_FAILURE, True)]


def test_ring_limit_on_our_call() -> None:
    node = _node()
    _reply(node, _out(node), 180)
    node.net.run(601)
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.NO_ANSWER, False)]
    assert any(m.method == "CANCEL" for m in _messages(list(node.seen)) if isinstance(m, Request))


def test_media_that_cannot_be_opened_for_our_call() -> None:
    node = _node()
    node.media = False
    node.call("itsp", "555")
    assert node.of(LegEnded) == [LegEnded(LegId(7), Cause.TEMPORARY_FAILURE, False)]
    assert not node.of(SendDatagram)


def test_reinvite_that_is_refused_or_answered_badly() -> None:
    for code, body, ended in ((488, "", False), (200, "nonsense", True), (500, "", False)):
        node = _node()
        _reply(node, _out(node), 200, ANSWER)
        node.order(HoldLeg(LegId(7), True))
        hold = parse_message(node.last(SendDatagram).data)
        assert isinstance(hold, Request)
        _reply(node, hold, 100)
        _reply(node, hold, code, body)
        assert bool(node.of(LegEnded)) is ended


def test_repeated_answer_to_our_reinvite_is_acknowledged_again() -> None:
    node = _node()
    _reply(node, _out(node), 200, ANSWER)
    node.order(HoldLeg(LegId(7), True))
    hold = parse_message(node.last(SendDatagram).data)
    assert isinstance(hold, Request)
    for _ in range(2):
        out = _reply(node, hold, 200, ANSWER.replace("t=0 0", "t=0 0\r\na=recvonly"))
        acks = [m for m in _messages(out) if isinstance(m, Request)]
        assert [(m.method, m.cseq.number) for m in acks] == [("ACK", 2)]


def test_answer_to_our_reinvite_after_we_hung_up() -> None:
    node = _node()
    _reply(node, _out(node), 200, ANSWER)
    node.order(HoldLeg(LegId(7), True))
    hold = parse_message(node.last(SendDatagram).data)
    assert isinstance(hold, Request)
    node.order(Release(LegId(7), Cause.NORMAL))
    out = _reply(node, hold, 200, ANSWER)
    assert [m.method for m in _messages(out) if isinstance(m, Request)] == ["ACK"]
    assert len(node.of(LegEnded)) == 1
    assert _reply(node, hold, 500) == []
