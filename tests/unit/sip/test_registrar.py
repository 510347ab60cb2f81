# SPDX-License-Identifier: GPL-2.0-or-later
"""The registrar's book (RFC 3261 section 10.3) and what phones are told."""

from __future__ import annotations

import pytest

from firmware.effects import SendDatagram
from firmware.events import LineServiceChanged
from firmware.sip.auth import DigestClient
from firmware.sip.grammar import SipError
from firmware.sip.message import Request, Response, parse_message
from firmware.sip.registrar import Limits, Registrar
from firmware.sip.transactions import Flow
from tests.fakes.sip_net import EXCHANGE, Net, Node, account, office
from tests.unit.sip.raw import request

SOURCE = Flow("udp", "192.0.2.60", 5060)


def _register(contact: str = "<sip:109@192.0.2.60>", cseq: int = 1, **headers: str) -> Request:
    data = request("REGISTER", "sip:192.0.2.1", Contact=contact, CSeq=f"{cseq} REGISTER", **headers)
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def _book() -> Registrar:
    return Registrar(Limits(60, 3600, 2))


def test_contact_with_expiry() -> None:
    book = _book()
    assert book.register("109", _register(Expires="120"), SOURCE, 0) == [
        "<sip:109@192.0.2.60>;expires=120"
    ]
    assert book.next_timeout() == 120
    assert book.expire(119) == []
    assert len(book.contacts("109", 119)) == 1
    assert book.contacts("109", 120) == []
    assert book.expire(120) == ["109"]
    assert book.next_timeout() is None


def test_contact_parameter_goes_before_expires_and_is_capped() -> None:
    book = _book()
    shown = book.register("109", _register("<sip:a@h>;expires=99999", Expires="120"), SOURCE, 0)
    assert shown == ["<sip:a@h>;expires=3600"]
    assert book.register("110", _register("<sip:a@h>;expires=x"), SOURCE, 0) == [
        "<sip:a@h>;expires=3600"
    ]


def test_too_brief_and_out_of_order_change_nothing() -> None:
    book = _book()
    book.register("109", _register(cseq=5), SOURCE, 0)
    for wrong, code in (
        (_register(cseq=6, Expires="30"), 423),
        (_register(cseq=5), 500),
        (_register("*", cseq=6, Expires="1"), 400),
        (_register("*, <sip:a@b>", cseq=6, Expires="0"), 400),
        (_register("*", cseq=4, Expires="0"), 500),
        (_register("<tel:1>", cseq=6), 400),
        (_register("<sip:", cseq=6), 400),
    ):
        with pytest.raises(SipError) as caught:
            book.register("109", wrong, SOURCE, 1)
        assert caught.value.code == code
    assert len(book.contacts("109", 1)) == 1


def test_query_removal_and_the_star() -> None:
    book = _book()
    book.register("109", _register("<sip:109@one>, <sip:109@two>"), SOURCE, 0)
    query = _register(cseq=2)
    del query.headers["Contact"]
    assert len(book.register("109", query, SOURCE, 0)) == 2
    assert len(book.register("109", _register("<sip:109@one>;expires=0", cseq=3), SOURCE, 0)) == 1
    assert book.register("109", _register("*", cseq=4, Expires="0"), SOURCE, 0) == []
    assert book.register("109", _register("<sip:109@one>;expires=0", cseq=5), SOURCE, 0) == []


def test_oldest_contact_makes_room() -> None:
    book = _book()
    for number, host in enumerate(("one", "two", "three")):
        book.register("109", _register(f"<sip:109@{host}>", cseq=number, Call_ID=host), SOURCE, 0)
    assert [b.uri.host for b in book.contacts("109", 0)] == ["three", "two"]


def test_phone_behind_nat_is_reached_where_it_came_from() -> None:
    book = _book()
    seen = Flow("udp", "203.0.113.9", 33333)
    book.register("109", _register("<sip:109@10.0.0.5>"), seen, 0)
    assert book.contacts("109", 0)[0].flow == seen
    assert book.knows_source(seen) and not book.knows_source(SOURCE)
    book.register("110", _register("<sip:109@192.0.2.60:5070>"), SOURCE, 0)
    assert book.contacts("110", 0)[0].flow == SOURCE._replace(port=5070)
    tcp = SOURCE._replace(transport="tcp", port=44444)
    book.register("111", _register("<sip:109@192.0.2.60:5070>"), tcp, 0)
    assert book.contacts("111", 0)[0].flow == tcp


def test_book_survives_a_restart() -> None:
    book, again = _book(), _book()
    book.register("109", _register(), SOURCE, 0)
    assert again.restore(book.to_data(100), 5000) == ["109"]
    assert again.contacts("109", 5000)[0].uri.host == "192.0.2.60"
    assert again.next_timeout() == 8500


# --------------------------------------------------------------------------- with the endpoint


def _login(node: Node, client: DigestClient, cseq: int, **headers: str) -> Response:
    uri = "sip:192.0.2.1"
    auth = client.authorise("REGISTER", uri, "cnonce")
    if auth is not None:
        headers[auth[0]] = auth[1]
    data = request(
        "REGISTER",
        uri,
        CSeq=f"{cseq} REGISTER",
        Via=f"SIP/2.0/UDP 192.0.2.60:5060;branch=z9hG4bK{cseq}",
        **({"To": "<sip:109@office>"} | headers),
    )
    (answer,) = [o for o in node.receive(data, SOURCE) if isinstance(o, SendDatagram)]
    message = parse_message(answer.data)
    assert isinstance(message, Response)
    return message


def _exchange() -> Node:
    return Net().add(EXCHANGE, accounts=(account("109"), account("110")))


def test_unknown_and_known_names_get_the_same_answers() -> None:
    """No user enumeration: same codes, same headers, whoever asks."""
    node = _exchange()
    heads: list[list[tuple[int, set[str]]]] = []
    for name in ("109", "666"):
        client, answers = DigestClient(name, "guess"), []
        for cseq in (1, 2):
            answer = _login(node, client, cseq, To=f"<sip:{name}@office>", Call_ID=name)
            answers.append((answer.code, set(answer.headers)))
            client.take(answer)
        heads.append(answers)
    assert heads[0] == heads[1]
    assert [code for code, _ in heads[0]] == [401, 403]
    assert len(node.endpoint._context.transactions) == 0


def test_registering_for_another_is_forbidden() -> None:
    node = _exchange()
    client = DigestClient("109", "pw109")
    client.take(_login(node, client, 1))
    assert _login(node, client, 2, To="<sip:110@office>").code == 403


def test_brief_registration_is_told_the_minimum() -> None:
    node = _exchange()
    client = DigestClient("109", "pw109")
    client.take(_login(node, client, 1))
    answer = _login(node, client, 2, Expires="5")
    assert (answer.code, answer.first("Min-Expires")) == (423, "60")
    assert _login(node, client, 3, Expires="60").code == 200


def test_stale_nonce_is_renewed_without_asking_the_person() -> None:
    node = _exchange()
    client = DigestClient("109", "pw109")
    client.take(_login(node, client, 1))
    node.net.run(400)
    answer = _login(node, client, 2)
    assert answer.code == 401 and "stale=true" in answer.first("WWW-Authenticate")
    client.take(answer)
    assert _login(node, client, 3).code == 200


def test_registration_that_runs_out_is_told_once() -> None:
    net, exchange, phone = office()
    del net.nodes[phone.address]
    net.run(700)
    assert [f.in_service for f in exchange.of(LineServiceChanged)] == [True, False]


def test_contacts_are_restored_for_known_accounts() -> None:
    net, exchange, _ = office()
    kept = exchange.endpoint.snapshot(net.now)["contacts"]
    again = net.add(EXCHANGE, accounts=(account("109"),))
    stranger = {**kept[0], "extension": "666"}
    net.take(again, again.endpoint.restore_contacts([*kept, stranger], net.now))
    assert [f.line for f in again.of(LineServiceChanged)] == ["sip:109"]
    again.call("sip:109", "109")
    net.run(1)
    assert "INVITE" in net.flow()
