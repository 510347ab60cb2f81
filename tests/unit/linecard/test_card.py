# SPDX-License-Identifier: GPL-2.0-or-later
"""The adapter on a pseudo-terminal: the test plays the card with the other end of the link."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from drivers.linecard import card as card_module
from drivers.linecard import messages
from drivers.linecard.card import CardLink
from drivers.linecard.hello import Identity
from drivers.linecard.link import Link, Up
from drivers.linecard.revision import read_revision
from drivers.linecard.timings import PortTimings
from firmware import effects, events
from firmware.values import LineId

REVISION = read_revision("tipring-8s4o-r1")
ANNA, MAIN = LineId("anna"), LineId("main")
LINES = {"FXS1": ANNA, "FXO1": MAIN}
CARD = Identity(messages.SCHEMA_HASH, "0.1.0", REVISION.name, "SIM7")


class FakeCard:
    """The card's end of a pseudo-terminal; ``facts`` is what the host made of it."""

    def __init__(self, identity: Identity = CARD) -> None:
        self.link = Link(identity, 2_000)
        self.orders: list[Any] = []
        self.ups = 0
        self.facts: list[events.CardFact] = []
        self.answering = True
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.device = os.ttyname(self.slave)

    def turn(self) -> None:
        now_ms = int(asyncio.get_running_loop().time() * 1000)
        try:
            data = os.read(self.master, 4096)
        except (BlockingIOError, OSError):
            data = b""
        self.link.feed(data, len(data), now_ms)
        self.link.on_timer(now_ms)
        while (event := self.link.next_event()) is not None:
            if isinstance(event, Up):
                self.ups += 1
            elif isinstance(event, bytes):
                self.orders.append(messages.decode(event))
        if self.answering and (output := self.link.take_output(now_ms)):
            os.write(self.master, output)

    def tell(self, message: tuple[object, ...]) -> None:
        now_ms = int(asyncio.get_running_loop().time() * 1000)
        assert self.link.send(messages.encode(message), now_ms)

    async def until(self, holds: Callable[[], object], limit_s: float = 3.0) -> None:
        end = asyncio.get_running_loop().time() + limit_s
        while not holds():
            assert asyncio.get_running_loop().time() < end, (self.facts, self.orders)
            self.turn()
            await asyncio.sleep(0.002)

    def has(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def close(self) -> None:
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:  # a test unplugged it
                pass


class Rig:
    """A fake card and the host's adapter running on it."""

    def __init__(self, card: FakeCard) -> None:
        self.card = card
        self.host = CardLink("card1", card.device, REVISION, LINES, card.facts.append)
        self.task = asyncio.create_task(self.host.run())

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.card.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_module, "REOPEN_S", (0.02,))
    monkeypatch.setattr(card_module, "ANSWER_S", 0.3)
    monkeypatch.setattr(card_module, "SILENCE_MS", 400)


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig(FakeCard())
    try:
        yield rig
    finally:
        await rig.close()


async def test_up_and_settings(rig: Rig) -> None:
    card = rig.card
    rig.host.configure({ANNA: PortTimings(flash_max_ms=700)})
    await card.until(lambda: len(card.orders) == 3)
    assert card.orders[0] == messages.ConfigureCard(60_000)
    assert card.orders[1][-1] == 700
    assert isinstance(card.orders[2], messages.ConfigureFxo)
    assert card.facts == [events.CardUp("card1", (ANNA, MAIN), "0.1.0", REVISION.name)]


async def test_settings_of_a_card_that_is_up(rig: Rig) -> None:
    await rig.card.until(lambda: len(rig.card.orders) == 3)
    rig.host.configure({ANNA: PortTimings(debounce_ms=20)})
    await rig.card.until(lambda: len(rig.card.orders) == 6)
    assert rig.card.orders[4].debounce_ms == 20


async def test_orders_down_and_facts_up(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    assert rig.host.send(effects.StartRinging(ANNA, (1000, 4000)))
    await card.until(lambda: messages.StartRinging(0, (1000, 4000)) in card.orders)
    card.tell(messages.HookChanged(0, True))
    card.tell(messages.HookChanged(5, True))  # a port that nobody uses
    card.tell(messages.BatteryChanged(8, False))
    await card.until(lambda: card.has(events.BatteryChanged))
    assert card.facts[1:] == [events.HookChanged(ANNA, True), events.BatteryChanged(MAIN, False)]


async def test_an_order_before_the_card_is_up() -> None:
    host = CardLink("card1", "/dev/null", REVISION, LINES, lambda fact: None)
    assert host.send(effects.StopRinging(ANNA)) is False


async def test_an_order_given_in_answer_to_a_fact(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    rig.host._on_fact = lambda fact: rig.host.send(effects.StopRinging(ANNA)) and None
    card.tell(messages.HookChanged(0, True))
    await card.until(lambda: messages.StopRinging(0) in card.orders)


async def test_a_fact_that_fails_does_not_stop_the_link(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))

    def fail(fact: events.CardFact) -> None:
        raise RuntimeError("a bug above")

    rig.host._on_fact = fail
    card.tell(messages.HookChanged(0, True))
    await card.until(lambda: problems)
    rig.host._on_fact = card.facts.append
    card.tell(messages.HookChanged(0, False))
    await card.until(lambda: card.has(events.HookChanged))
    assert not card.has(events.CardDown)


async def test_a_card_that_restarts_comes_back(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    card.link = Link(CARD, 2_000)
    await card.until(lambda: len(card.has(events.CardUp)) == 2)
    (down,) = card.has(events.CardDown)
    assert down.reason == "Card card1: the other end has no session"
    assert down.lines == (ANNA, MAIN)


async def test_a_card_that_falls_silent(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    card.answering = False
    await card.until(lambda: card.has(events.CardDown))
    assert card.has(events.CardDown)[0].reason == "Card card1: nothing was heard for 400 ms"


async def test_a_card_that_never_answers_is_told_once() -> None:
    card = FakeCard()
    card.answering = False
    rig = Rig(card)
    try:
        await asyncio.sleep(0.9)
        (down,) = card.facts
        assert isinstance(down, events.CardDown)
        assert down.reason == f"Card card1 on {card.device} does not answer: check its power."
    finally:
        await rig.close()


async def test_a_card_of_another_version() -> None:
    card = FakeCard(CARD._replace(schema=1, software="9.9"))
    rig = Rig(card)
    try:
        await card.until(lambda: card.facts)
        (down,) = card.facts
        assert isinstance(down, events.CardDown)
        assert "runs firmware 9.9 [00000001] but this box is 0.1.0" in down.reason
    finally:
        await rig.close()


async def test_a_card_of_another_revision() -> None:
    card = FakeCard(CARD._replace(revision="tipring-2s1o-r1"))
    rig = Rig(card)
    try:
        await card.until(lambda: card.facts)
        (down,) = card.facts
        assert isinstance(down, events.CardDown)
        assert "is a tipring-2s1o-r1" in down.reason
    finally:
        await rig.close()


async def test_an_unplugged_card(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    os.close(card.slave)
    os.close(card.master)
    deadline = asyncio.get_running_loop().time() + 3
    while len(card.has(events.CardDown)) < 2:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    lost, absent = card.has(events.CardDown)[:2]
    assert lost.reason.startswith(f"Card card1: {card.device} is lost: ")
    assert absent.reason.startswith(f"Card card1: {card.device} cannot be opened: ")


async def test_messages_without_sense_are_counted(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    card.tell(messages.StopRinging(0))
    card.tell(messages.Health(35, 2, 1))
    card.tell(messages.HookFlashed(0))
    await card.until(lambda: card.has(events.HookFlashed))
    assert rig.host._link.peer_errors == 1
    assert "a card does not send StopRinging" in caplog.text
    assert "longest pass 35 ms, 2 bad frames, 1 refused orders" in caplog.text


async def test_noise_is_no_loss(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    os.write(card.master, bytes(range(256)))
    card.tell(messages.HookFlashed(0))
    await card.until(lambda: card.has(events.HookFlashed))
    assert not card.has(events.CardDown)


async def test_garbage_on_the_wire_is_counted_and_costs_nothing(rig: Rig) -> None:
    card = rig.card
    await card.until(lambda: card.has(events.CardUp))
    os.write(card.master, bytes(range(256)) * 8)
    card.tell(messages.HookChanged(0, True))
    await card.until(lambda: card.has(events.HookChanged))
    assert rig.host.bad_frames > 0 and not card.has(events.CardDown)
    before = rig.host.bad_frames
    card.link.send(b"\xff\xff", int(asyncio.get_running_loop().time() * 1000))
    await card.until(lambda: rig.host.bad_frames > before)
    assert not card.has(events.CardDown)
