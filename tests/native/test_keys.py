# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys over RTP: as RFC 4733 events where negotiated, else as tones, each reported once."""

from __future__ import annotations

import time

import pytest

from firmware.events import DigitHeard
from native.engine import Engine
from tests.native.engine_bench import Facts, connect_two

KEYS = "15#"


@pytest.mark.parametrize(("dtmf_payload_type", "in_band"), [(101, False), (-1, True)])
def test_a_key_says_how_it_came(dtmf_payload_type: int, in_band: bool) -> None:
    with Engine() as engine:
        connect_two(engine, 1, 2, dtmf_payload_type)
        engine.detect(2, digits=True)
        time.sleep(0.2)  # the stream runs
        engine.send_digits(1, KEYS)
        heard = Facts(engine).gather(DigitHeard, 1.5)
    assert [(fact.digit, fact.in_band) for fact in heard] == [(key, in_band) for key in KEYS]
