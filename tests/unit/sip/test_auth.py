# SPDX-License-Identifier: GPL-2.0-or-later
"""Digest authentication, both sides (RFC 7616, RFC 8760)."""

from __future__ import annotations

import itertools

import pytest

from firmware.sip.auth import (
    NONCE_LIFE_S,
    DigestClient,
    DigestServer,
    Verdict,
    digest,
    parse_credentials,
)
from firmware.sip.grammar import SipError
from firmware.sip.message import Response

URI = "sip:office"


def _server() -> DigestServer:
    count = itertools.count()
    return DigestServer("office", b"secret", lambda: f"{next(count):016x}")


def _answer(server: DigestServer, password: str = "pw", now_s: float = 0.0) -> DigestClient:
    client = DigestClient("109", password)
    headers = {"WWW-Authenticate": server.challenge(now_s)}
    assert client.take(Response(401, "", headers))
    return client


def _check(server: DigestServer, value: str, now_s: float = 1.0, uri: str = URI) -> Verdict:
    passwords = {"109": "pw"}
    return server.check([value], "REGISTER", uri, passwords.get, now_s)[0]


def _value(client: DigestClient, uri: str = URI) -> str:
    header = client.authorise("REGISTER", uri, "cn")
    assert header is not None and header[0] == "Authorization"
    return header[1]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_example_of_rfc_7616_section_3_9_1(algorithm: str, expected: str) -> None:
    fields = {
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "algorithm": algorithm,
    }
    assert digest(fields, "Mufasa", "Circle of Life", "GET") == expected


def test_without_qop_as_in_rfc_2069() -> None:
    fields = {
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
    }
    value = digest(fields, "Mufasa", "CircleOfLife", "GET")
    assert value == "1949323746fe6a43ef61f9606e7febea"


def test_strongest_algorithm_is_offered_first_and_taken() -> None:
    offers = [parse_credentials(v)["algorithm"] for v in _server().challenge(0)]
    assert offers == ["SHA-256", "MD5"]
    assert "algorithm=SHA-256" in _value(_answer(_server()))


def test_right_password_with_rising_count() -> None:
    server = _server()
    client = _answer(server)
    first = _value(client)
    assert _check(server, first) is Verdict.ACCEPTED
    assert _check(server, first) is Verdict.STALE  # a replay
    assert _check(server, _value(client)) is Verdict.ACCEPTED


def test_md5_only_phone_and_one_without_qop() -> None:
    server = _server()
    client = DigestClient("109", "pw")
    offer = [v for v in server.challenge(0) if "MD5" in v]
    client.take(Response(401, "", {"WWW-Authenticate": offer}))
    assert _check(server, _value(client)) is Verdict.ACCEPTED
    client = DigestClient("109", "pw")
    bare = [v.replace(', qop="auth"', "") for v in server.challenge(0)]
    client.take(Response(401, "", {"WWW-Authenticate": bare}))
    value = _value(client)
    assert "qop" not in value
    assert _check(server, value) is Verdict.ACCEPTED
    assert _check(server, value) is Verdict.STALE


def test_wrong_password_and_unknown_name_look_the_same() -> None:
    server = _server()
    assert _check(server, _value(_answer(server, "guess"))) is Verdict.WRONG
    stranger = DigestClient("666", "pw")
    stranger.take(Response(401, "", {"WWW-Authenticate": server.challenge(0)}))
    assert _check(server, _value(stranger)) is Verdict.WRONG
    nobody = DigestClient("666", "no such name")
    nobody.take(Response(401, "", {"WWW-Authenticate": server.challenge(0)}))
    assert _check(server, _value(nobody)) is Verdict.WRONG


def test_old_foreign_and_future_nonces_are_stale() -> None:
    server = _server()
    client = _answer(server)
    assert _check(server, _value(client), NONCE_LIFE_S + 2) is Verdict.STALE
    other = DigestServer("office", b"another secret", lambda: "0" * 16)
    assert _check(server, _value(_answer(other))) is Verdict.STALE
    assert _check(server, _value(_answer(server, now_s=100)), 1) is Verdict.STALE
    assert server.challenge(0, stale=True)[0].endswith(", stale=true")


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("Digest", "Basic", Verdict.MISSING),
        ('realm="office"', 'realm="other"', Verdict.MISSING),
        ("algorithm=SHA-256", "algorithm=SHA-9", Verdict.WRONG),
        ("qop=auth", "qop=auth-int", Verdict.WRONG),
        ("response=", "nothing=", Verdict.WRONG),
        ('uri="sip:office"', 'uri="sip:other"', Verdict.WRONG),
        ('uri="sip:office"', 'uri="<>"', Verdict.WRONG),
    ],
)
def test_tampered_credentials(old: str, new: str, verdict: Verdict) -> None:
    server = _server()
    value = _value(_answer(server))
    assert old in value
    assert _check(server, value.replace(old, new)) is verdict


def test_count_that_is_no_number() -> None:
    server = _server()
    fields = parse_credentials(_value(_answer(server))) | {"nc": "zz"}
    fields["response"] = digest(fields, "109", "pw", "REGISTER")
    assert _check(server, "Digest " + ",".join(f'{k}="{v}"' for k, v in fields.items())) is (
        Verdict.STALE
    )


def test_digest_for_the_same_place_written_otherwise() -> None:
    server = _server()
    assert _check(server, _value(_answer(server)), uri="sip:OFFICE:5060") is Verdict.ACCEPTED


def test_remembered_nonces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.sip.auth.MAX_NONCES", 2)
    server = _server()
    for _ in range(5):
        assert _check(server, _value(_answer(server))) is Verdict.ACCEPTED
    assert len(server._counts) == 2


def test_client_takes_only_what_it_understands() -> None:
    client = DigestClient("a", "b")
    assert client.authorise("INVITE", URI, "cn") is None
    for value in ('Basic realm="x"', 'Digest realm="x"', 'Digest nonce="n", algorithm=X',
                  'Digest nonce="n", qop="auth-int"'):  # fmt: skip
        assert not client.take(Response(407, "", {"Proxy-Authenticate": [value]}))
    offer = 'Digest realm="x", nonce="n", qop="auth-int,auth", opaque="o"'
    assert client.take(Response(407, "", {"Proxy-Authenticate": [offer]}))
    header = client.authorise("INVITE", URI, "cn")
    assert header is not None and header[0] == "Proxy-Authorization"
    assert 'opaque="o"' in header[1] and "nc=00000001" in header[1]


def test_unknown_algorithm_is_an_error_of_the_peer() -> None:
    with pytest.raises(SipError):
        digest({"algorithm": "X"}, "a", "b", "GET")
