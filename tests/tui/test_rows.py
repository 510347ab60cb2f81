# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the dashboard from a status, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from firmware.values import CallId
from tests.fakes.box import alarm, call, line, office, queue
from tui import rows

LONG = "x" * 200


def test_status_ages() -> None:
    status = office()
    later = rows.aged(status, 65.0)
    assert later.wall - status.wall == timedelta(seconds=65)
    assert later.calls[0].seconds == status.calls[0].seconds + 65
    assert [waits.longest_wait_s for waits in later.queues] == [100.0, 0.0]  # nobody, no wait


def test_many_queues_are_counted() -> None:
    queues = tuple(queue(f"q{n}", "c", longest_s=n * 60.0) for n in range(1, 6))
    status = replace(office(), queues=queues, calls=())
    assert (
        rows.queue_row(status)
        == (
            " CALLS 0   QUEUES 5: q1 1 waiting (01:00)  q2 1 waiting (02:00)"
            "  q3 1 waiting (03:00)  2 more"
        )[: rows.WIDTH]
    )


def test_party_is_the_other_one() -> None:
    talk = call("c1", "101", "102")
    views = (
        line("FXS1", "connected", call=CallId("c1")),
        line("FXS2", "connected", call=CallId("c1")),
        line("FXS3", "connected", call=CallId("gone")),
    )
    texts = rows.line_rows(replace(office(), lines=views, calls=(talk,)))
    assert [text.split()[3:] for text in texts.values()] == [
        ["101", "102", "00:12"],
        ["102", "101", "00:12"],
        ["103"],
    ]


def test_unknown_caller_on_an_exchange_line() -> None:
    view = line("FXO1", "connected", call=CallId("c1"))
    status = replace(office(), lines=(view,), calls=(call("c1", "", "101"),))
    assert "unknown" in rows.line_rows(status)["FXO1"]


def test_nothing_is_wider_than_the_screen() -> None:
    wide = call(LONG, LONG, LONG, caller_name=LONG, state=LONG, block=LONG, seconds=1e6)
    status = replace(
        office(),
        office=LONG,
        version=LONG,
        lines=(line("FXS1", LONG), line("FXS2", "out of service", reason=LONG)),
        calls=(wide,),
        queues=(queue(LONG, "c"),),
        alarms=(alarm("a", LONG),),
    )
    texts = [rows.title(status, True), rows.queue_row(status), rows.agent_row(status)]
    texts += [*rows.line_rows(status).values(), *rows.call_rows(status, 0).values()]
    texts += rows.alarm_rows(status, 2)
    assert max(map(len, texts)) <= rows.WIDTH


def test_columns_line_up_under_their_heads() -> None:
    status = office()
    row = rows.line_rows(status)["FXS1"]
    for head, text in (("TYPE", "fxs"), ("STATE", "connected"), ("EXT", "101"), ("TIME", "00:12")):
        assert row.index(text) == rows.LINE_HEAD.index(head)
    [row] = rows.call_rows(status, 0).values()
    assert row.index("102") == rows.CALL_HEAD.index("CALLED")
    assert row.index("00:12") == rows.CALL_HEAD.index("TIME")
