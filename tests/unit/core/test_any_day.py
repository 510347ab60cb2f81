# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever people do at their telephones: at the end of the day nothing is left of any call.

The media host dies and comes back, the card's cable is pulled and plugged in, the exchange is
killed and followed by another one meanwhile.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.effects import Answer, Release
from firmware.events import (
    BatteryChanged,
    DigitHeard,
    HookFlashed,
    LegArrived,
    LegEnded,
    PolarityChanged,
    RingingStarted,
    RingingStopped,
    ToneHeard,
)
from firmware.values import Cause, LegId, LineId, ToneName
from tests.unit.core.office import OfficeBox
from tests.unit.core.test_assembly import office

NUMBERS = ("101", "102", "103", "109", "200", "300", "112", "90441234567", "7", "0", "#", "*")
FAR_END = ("ringback", "busy", "answer")
TELEPHONES = ("FXS1", "FXS2", "FXS3")

telephones = st.sampled_from(TELEPHONES)
actions = st.one_of(
    st.tuples(st.just("hook"), telephones),
    st.tuples(st.just("flash"), telephones),
    st.tuples(st.just("dial"), telephones, st.sampled_from(NUMBERS)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 4.0, 15.0, 70.0])),
    st.tuples(st.just("ring"), st.sampled_from(["FXO1", "FXO2"])),
    st.tuples(st.just("stop"), st.sampled_from(["FXO1", "FXO2"])),
    st.tuples(st.just("drop"), st.sampled_from(["FXO1", "FXO2"])),
    st.tuples(st.just("far_end"), st.sampled_from(["FXO1", "FXO4"]), st.sampled_from(FAR_END)),
    st.tuples(st.just("media")),
    st.tuples(st.just("card")),
    st.tuples(st.just("kill")),
    st.tuples(st.just("sip"), st.sampled_from(["call", "answer", "release"])),
    st.tuples(st.just("console")),
)


class Day:
    """People who do what the list says, as far as the hardware lets them."""

    def __init__(self) -> None:
        self.box = OfficeBox(office("r1"))
        self.box.power_up()
        self.phone = self.box.register("109", "office-109")
        self.off_hook: set[str] = set()
        self._reversed: set[str] = set()
        self._plugged = True
        self.called: list[LegId] = []  # what the SIP phone began

    def do(self, action: tuple[str, ...]) -> None:
        getattr(self, "_" + action[0])(*action[1:])

    def _hook(self, line: str) -> None:
        self.off_hook ^= {line}
        if self._plugged:
            self.box.lift(line) if line in self.off_hook else self.box.put_down(line)

    def _flash(self, line: str) -> None:
        if line in self.off_hook and self._plugged:
            self.box.tell(HookFlashed(LineId(line)))

    def _dial(self, line: str, number: str) -> None:
        for digit in number:
            channel = self.box.channels[LineId(line)]
            for leg, port in tuple(self.box.media.ports.items()):
                if port.channel == channel and port.digits and line in self.off_hook:
                    self.box.tell(DigitHeard(leg, digit, 0))
            self.box.run(0.2)

    def _wait(self, seconds: float) -> None:
        self.box.run(seconds)

    def _ring(self, line: str) -> None:
        self._card_says(RingingStarted(LineId(line), 1))

    def _stop(self, line: str) -> None:
        self._card_says(RingingStopped(LineId(line)))

    def _drop(self, line: str) -> None:
        self._card_says(BatteryChanged(LineId(line), False))
        self._card_says(BatteryChanged(LineId(line), True))

    def _card_says(self, fact: object) -> None:
        if self._plugged:
            self.box.tell(fact)

    def _far_end(self, line: str, what: str) -> None:
        if what == "answer":
            self._reversed ^= {line}
            self._card_says(PolarityChanged(LineId(line), line in self._reversed))
            return
        channel = self.box.channels[LineId(line)]
        for leg, port in tuple(self.box.media.ports.items()):
            if port.channel == channel:
                self.box.tell(ToneHeard(leg, ToneName(what), 16_000, 0))

    def _media(self) -> None:
        """The media host dies, or is started again."""
        self.box.kill_media() if self.box.media.alive else self.box.start_media()

    def _card(self) -> None:
        """The card's cable is pulled, or plugged in again."""
        self._plugged = not self._plugged
        self.box.plug_card(self.off_hook) if self._plugged else self.box.unplug_card()

    def _kill(self) -> None:
        """The exchange is killed; another one finds what the media host and the card hold."""
        before, self.box = self.box, OfficeBox(office("r1"), self.box.media, self.box.clock_s + 2.0)
        self.box.wall = before.wall
        self.box.media.facts.clear()
        self.box.take_over(self.phone)
        if self.box.media.alive:
            self.box.tell(self.box.media.held())
        if self._plugged:
            self.box.plug_card(self.off_hook)

    def _sip(self, what: str) -> None:
        arrived = [fact.leg for fact in self.phone.seen if isinstance(fact, LegArrived)]
        over = {fact.leg for fact in self.phone.seen if isinstance(fact, LegEnded)}
        if what == "call":
            self.called.append(self.phone.call("101"))
        for leg in [leg for leg in (*arrived, *self.called) if leg not in over]:
            if what == "release":
                self.phone.order(Release(leg, Cause.NORMAL))
            elif what == "answer" and leg in arrived:
                self.phone.order(Answer(leg))

    def _console(self) -> None:
        for call in self.box.switch.snapshot(self.box.now()).calls:
            self.box._carry_out(self.box.core.hang_up(call.id, self.box.now()))
            self.box.settle()

    def end(self) -> None:
        """What is broken is mended, and everybody goes home."""
        if not self.box.media.alive:
            self._media()
        if not self._plugged:
            self._card()
        for line in sorted(self.off_hook):
            self.box.put_down(line)
        for line in ("FXO1", "FXO2"):
            self._stop(line)
            self._drop(line)
        self._sip("release")
        self.box.run(400.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=25))
def test_nothing_is_left_of_any_day(day: list[tuple[str, ...]]) -> None:
    office_day = Day()
    for action in day:
        office_day.do(action)
    office_day.end()
    box = office_day.box
    shown = {view.line: view.state for view in box.switch.snapshot(box.now()).lines}
    assert box.switch.empty, box.switch.snapshot(box.now())
    assert box.media.ports == {}
    assert box.ringing == set()
    assert box.at_rest
    assert {line for line in box.channels if shown[line] != "idle"} == set()
    if ("kill",) not in day:  # a call that was going on then has its "arrived" before
        assert box.events().count("arrived") == box.events().count("ended")
        tries = [(event.call, event.kind) for event in box.written() if "dialling" in event.kind]
        for call in {call for call, _ in tries}:
            assert tries.count((call, "dialling")) == tries.count((call, "dialling-ended")), tries
