# SPDX-License-Identifier: GPL-2.0-or-later
"""What a cause means to a call: why a device did not answer, what a step says, what to try next."""

from __future__ import annotations

from firmware.routing.steps import Result
from firmware.values import Cause

BUSY_CAUSES = frozenset({Cause.BUSY})
REFUSED_CAUSES = frozenset({Cause.REJECTED})
NO_ANSWER_CAUSES = frozenset({Cause.NO_ANSWER, Cause.NO_USER_RESPONSE, Cause.NORMAL})

NEXT_LINE_CAUSES = frozenset(
    {
        Cause.NO_CIRCUIT,
        Cause.CONGESTION,
        Cause.NETWORK_OUT_OF_ORDER,
        Cause.DESTINATION_OUT_OF_ORDER,
        Cause.TEMPORARY_FAILURE,
        Cause.NORMAL_UNSPECIFIED,
        Cause.NO_ROUTE,
        Cause.NOT_PERMITTED,
        Cause.FACILITY_REJECTED,
        Cause.SUBSCRIBER_ABSENT,
        Cause.RECOVERY_ON_TIMER,
        Cause.PROTOCOL_ERROR,
        Cause.INTERWORKING,
        Cause.INCOMPATIBLE,
    }
)
"""The line is to blame, not the number: another line may get through."""

_RESULT_CAUSES = {
    Result.DONE: Cause.NORMAL,
    Result.ANSWERED: Cause.NORMAL,
    Result.NO_ANSWER: Cause.NO_ANSWER,
    Result.TIMEOUT: Cause.NO_ANSWER,
    Result.NO_INPUT: Cause.NO_USER_RESPONSE,
    Result.PRESSED: Cause.NORMAL,
    Result.BUSY: Cause.BUSY,
    Result.FULL: Cause.CONGESTION,
    Result.EMPTY: Cause.SUBSCRIBER_ABSENT,
    Result.FAILED: Cause.CONGESTION,
}

_EXCUSES = {
    Cause.BUSY: "extension_busy",
    Cause.NO_ANSWER: "extension_no_answer",
    Cause.NO_USER_RESPONSE: "extension_no_answer",
    Cause.NO_CIRCUIT: "no_free_line",
    Cause.NOT_PERMITTED: "not_permitted",
}


def why_not(cause: Cause) -> str:
    """Why a device that was offered a call did not take it, in the words of the records."""
    if cause in BUSY_CAUSES:
        return "busy"
    if cause in REFUSED_CAUSES:
        return "refused"
    return "no-answer" if cause in NO_ANSWER_CAUSES else "unreachable"


def cause_of(result: Result) -> Cause:
    """Cause with which a call ends whose last attempt went so."""
    return _RESULT_CAUSES[result]


def excuse(cause: Cause) -> str:
    """Prompt that tells a person why his number did not get through."""
    return _EXCUSES.get(cause, "number_unavailable")
