# SPDX-License-Identifier: GPL-2.0-or-later
"""Registration with a provider: refresh, silence, refusal, recovery."""

from __future__ import annotations

from collections.abc import Callable

from firmware.effects import ClearAlarm, RaiseAlarm
from firmware.events import LegEnded, LineServiceChanged
from firmware.sip.message import Request, Response, parse_message, respond
from firmware.values import Cause, LineId
from tests.fakes.sip_net import EXCHANGE, PROVIDER, Net, Node, account, office, provider_trunk

ALARM = "trunk:itsp:registration"


class Provider:
    """Answers REGISTER as scripted."""

    def __init__(self, **trunk: object) -> None:
        self.net = Net()
        registering = provider_trunk(username="u", password="p", register=True, **trunk)
        self.node: Node = self.net.add(EXCHANGE, trunks=(registering,))
        self.heard: list[Request] = []
        self.answer: Callable[[Request], Response | None] = lambda request: respond(request, 200)
        self._seen = 0

    def run(self, seconds: float, step_s: float = 0.1) -> None:
        for _ in range(round(seconds / step_s)):
            self.net.run(step_s)
            packets, self._seen = self.net.packets[self._seen :], len(self.net.packets)
            for packet in packets:
                self._take(packet.data)

    def _take(self, data: bytes) -> None:
        message = parse_message(data)
        assert isinstance(message, Request)
        if any(message.via.branch == old.via.branch for old in self.heard):
            return
        self.heard.append(message)
        response = self.answer(message)
        if response is not None:
            self.node.receive(response.to_bytes(), ("udp", *PROVIDER))

    @property
    def service(self) -> list[bool]:
        return [fact.in_service for fact in self.node.of(LineServiceChanged)]

    @property
    def state(self) -> str:
        return str(self.node.endpoint.snapshot(self.net.now)["trunks"]["itsp"]["state"])


def _expiring(expires: int) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        response = respond(request, 200)
        response.headers["Expires"] = [str(expires)]
        return response

    return answer


def test_refreshes_before_it_runs_out() -> None:
    provider = Provider()
    provider.node.start()
    provider.answer = _expiring(200)
    provider.run(600, 1.0)
    assert len(provider.heard) == 5  # at 0, 140, 280, 420, 560 s
    assert provider.service == [True]
    assert provider.heard[0].first("Contact") == "<sip:u@192.0.2.1:5060>"
    assert len({r.call_id for r in provider.heard}) == 1
    assert [r.cseq.number for r in provider.heard] == [1, 2, 3, 4, 5]


def test_expiry_of_our_own_contact_counts() -> None:
    provider = Provider()

    def answer(request: Request) -> Response:
        response = respond(request, 200)
        response.headers["Contact"] = [
            "<sip:u@192.0.2.99>;expires=30, <sip:u@192.0.2.1:5060>;expires=100"
        ]
        return response

    provider.answer = answer
    provider.node.start()
    provider.run(60, 1.0)
    assert len(provider.heard) == 2
    provider.answer = lambda r: Response(200, "OK", respond(r, 200).headers | {"Contact": ["<"]})
    provider.run(60, 1.0)
    assert provider.service == [True]


def test_silent_provider_is_asked_for_ever() -> None:
    provider = Provider()
    provider.answer = lambda request: None
    provider.node.start()
    provider.run(4000, 1.0)
    assert 10 <= len(provider.heard) <= 25  # pauses grow to five minutes, not beyond
    assert provider.service == [False]
    assert provider.node.last(RaiseAlarm).key == ALARM
    assert "408" in provider.node.last(RaiseAlarm).text
    provider.node.call("itsp", "112")
    assert provider.node.last(LegEnded).cause is Cause.NETWORK_OUT_OF_ORDER
    provider.answer = lambda request: respond(request, 200)
    provider.run(340, 1.0)
    assert provider.service == [False, True]
    assert provider.node.last(ClearAlarm).key == ALARM


def test_outage_shorter_than_the_registration_is_not_noticed() -> None:
    provider = Provider()
    provider.answer = _expiring(600)
    provider.node.start()
    provider.run(10)
    provider.answer = lambda request: respond(request, 503)
    provider.run(545, 1.0)
    assert provider.service == [True]
    provider.answer = _expiring(600)
    provider.run(30, 1.0)
    assert provider.state == "registered"
    provider.answer = lambda request: respond(request, 503)
    provider.run(700, 1.0)
    assert provider.service == [True, False]
    assert provider.state == "pausing"


def test_lapse_while_refreshing() -> None:
    provider = Provider()
    provider.answer = _expiring(20)
    provider.node.start()
    provider.run(5)
    provider.answer = lambda request: None
    provider.run(25)
    assert provider.service == [True, False]


def test_refused_password_stops_with_an_alarm() -> None:
    provider = Provider()

    def refuse(request: Request) -> Response:
        response = respond(request, 401)
        response.headers["WWW-Authenticate"] = ['Digest realm="r", nonce="n", qop="auth"']
        return response

    provider.answer = refuse
    provider.node.start()
    provider.run(600, 1.0)
    assert len(provider.heard) == 6  # three attempts, each once with an answer to the challenge
    assert provider.state == "refused"
    assert "stopped asking" in provider.node.last(RaiseAlarm).text
    provider.run(4000, 1.0)
    assert len(provider.heard) == 6
    provider.answer = lambda request: respond(request, 200)
    provider.node.start()
    provider.run(2)
    assert provider.service == [False, True]


def test_stale_nonce_is_answered_again() -> None:
    provider = Provider()
    nonces = iter("abc")

    def challenge(request: Request) -> Response:
        nonce = next(nonces, "")
        response = respond(request, 407 if nonce else 200)
        if nonce:
            value = f'Digest realm="r", nonce="{nonce}", qop="auth", stale=true'
            response.headers["Proxy-Authenticate"] = [value]
        return response

    provider.answer = challenge
    provider.node.start()
    provider.run(2)
    assert len(provider.heard) == 4
    assert provider.service == [True]


def test_forbidden_and_longer_interval() -> None:
    provider = Provider()
    provider.answer = lambda request: respond(request, 403)
    provider.node.start()
    provider.run(300, 1.0)
    assert provider.state == "refused"
    other = Provider(expires_s=60)

    def longer(request: Request) -> Response:
        response = respond(request, 200 if request.first("Expires") == "300" else 423)
        response.headers["Min-Expires"] = ["300"]
        return response

    other.answer = longer
    other.node.start()
    other.run(2)
    assert [r.first("Expires") for r in other.heard] == ["60", "300"]
    other.answer = lambda request: respond(request, 423)
    other.run(400, 1.0)
    assert other.state in ("pausing", "registered", "refreshing")


def test_orderly_stop_takes_the_registration_back() -> None:
    net, exchange, phone = office()
    net.take(phone, phone.endpoint.stop(net.now))
    net.run(1)
    assert not exchange.endpoint.is_registered(LineId("sip:109"), net.now)
    assert not phone.endpoint.is_registered(LineId("office"), net.now)
    net.take(phone, phone.endpoint.stop(net.now))
    net.run(1000)
    assert net.flow() == ["REGISTER", "200 REGISTER"]


def test_trunk_by_address_is_in_service_at_once() -> None:
    net = Net()
    node = net.add(EXCHANGE, trunks=(provider_trunk(),), accounts=(account(),))
    node.start()
    assert node.of(LineServiceChanged) == [
        LineServiceChanged(LineId("itsp"), True, "reached by address")
    ]
    assert node.endpoint.is_registered(LineId("itsp"), net.now)
    assert not node.endpoint.is_registered(LineId("nobody"), net.now)
    assert node.endpoint.lines() == ["sip:109", "itsp"]
    assert node.endpoint.owns_line(LineId("itsp")) and not node.endpoint.owns_line(LineId("x"))
