# SPDX-License-Identifier: GPL-2.0-or-later
"""The exchange is killed in the middle of a talk and started again."""

from __future__ import annotations

import asyncio

import numpy as np

from board.demo.hearing import longest_gap_ms, say
from board.demo.records import check_record
from board.demo.report import Report
from board.demo.scenarios.analog import ANSWER, QUESTION, call_inside
from board.demo.stage import Stage
from board.sim.measure import compare
from board.sim.voices import speak_text

MOST_GAP_MS = 40.0


async def restart(stage: Stage, report: Report) -> None:
    """Audio goes on, the new exchange adopts the talk, its record is complete."""
    known = len(await stage.records())
    olena, taras = stage.board.phone("FXS1"), stage.board.phone("FXS2")
    await call_inside(stage, report, olena, taras, "102")
    words = np.concatenate([speak_text(QUESTION, "en+f3")] * 3)
    ear = await taras.listen()
    spoken = await olena.speak(words)
    await asyncio.sleep(2.0)
    await stage.kill_exchange()
    report.say("SIGKILL: the exchange is gone while 101 speaks")
    await asyncio.sleep(1.0)
    await stage.start_exchange()
    report.say("a new exchange runs")
    await olena.speech_done()
    await asyncio.sleep(0.5)
    heard, start = await ear.stop()
    found = compare(spoken.samples, heard, spoken.start_sample, start)
    report.check("correlation over the restart", found.correlation, found.correlation >= 0.8)
    delay = round(found.delay_ms * 8) + spoken.start_sample - start
    gap_ms = longest_gap_ms(words, heard, delay, 10 ** (found.level_db / 20))
    wanted = f"at most {MOST_GAP_MS:.0f}"
    report.check("longest gap in the audio, ms", gap_ms, gap_ms <= MOST_GAP_MS, wanted)
    adopted = await stage.until(stage.calls_in_talk, 8, "the adopted talk in the status")
    report.check("calls adopted", adopted, adopted == 1, "1")
    await say(report, taras, olena, speak_text(ANSWER, "en+m3"), "102 to 101 afterwards")
    await taras.hang_up()
    await olena.wait_hears("busy", 5)
    await olena.hang_up()
    record = await stage.next_record(known)
    check_record(report, record, direction="internal", caller="101", answered_by="102")
