# SPDX-License-Identifier: GPL-2.0-or-later
"""Q.850 causes and SIP codes, both ways (RFC 3398 7.2.4.1 and 8.2.6.1, RFC 3326). Pure.

Where RFC 3398 names a cause that :class:`Cause` does not hold, the nearest one stands; a Reason
header with a Q.850 value goes before either table.
"""

from __future__ import annotations

import re

from firmware.sip.message import Message
from firmware.values import Cause

_FROM_CODE = {
    400: Cause.TEMPORARY_FAILURE,
    401: Cause.REJECTED,
    402: Cause.REJECTED,
    403: Cause.REJECTED,
    404: Cause.UNALLOCATED,
    405: Cause.INTERWORKING,  # 63, service not available
    406: Cause.INTERWORKING,  # 79, service not implemented
    407: Cause.REJECTED,
    408: Cause.RECOVERY_ON_TIMER,
    410: Cause.UNALLOCATED,  # 22, number changed
    415: Cause.INCOMPATIBLE,  # 79
    480: Cause.NO_USER_RESPONSE,
    481: Cause.TEMPORARY_FAILURE,
    482: Cause.NO_ROUTE,  # 25, exchange routing error
    483: Cause.NO_ROUTE,  # 25
    484: Cause.INVALID_NUMBER,
    485: Cause.UNALLOCATED,
    486: Cause.BUSY,
    487: Cause.NORMAL,
    488: Cause.INCOMPATIBLE,
    491: Cause.TEMPORARY_FAILURE,
    500: Cause.TEMPORARY_FAILURE,
    501: Cause.INTERWORKING,  # 79
    502: Cause.NETWORK_OUT_OF_ORDER,
    503: Cause.TEMPORARY_FAILURE,
    504: Cause.RECOVERY_ON_TIMER,
    600: Cause.BUSY,
    603: Cause.REJECTED,
    604: Cause.UNALLOCATED,
    606: Cause.INCOMPATIBLE,
}

_TO_CODE = {
    Cause.UNALLOCATED: 404,
    Cause.NO_ROUTE: 404,
    Cause.NORMAL: 480,  # released before an answer: RFC 3398 has no line for it
    Cause.BUSY: 486,
    Cause.NO_USER_RESPONSE: 408,
    Cause.NO_ANSWER: 480,
    Cause.SUBSCRIBER_ABSENT: 480,
    Cause.REJECTED: 603,  # 403 makes some phones think their password is wrong
    Cause.ANSWERED_ELSEWHERE: 480,
    Cause.DESTINATION_OUT_OF_ORDER: 502,
    Cause.INVALID_NUMBER: 484,
    Cause.FACILITY_REJECTED: 501,
    Cause.NORMAL_UNSPECIFIED: 480,
    Cause.NO_CIRCUIT: 503,
    Cause.NETWORK_OUT_OF_ORDER: 503,
    Cause.TEMPORARY_FAILURE: 503,
    Cause.CONGESTION: 503,
    Cause.NOT_PERMITTED: 403,
    Cause.INCOMPATIBLE: 488,
    Cause.RECOVERY_ON_TIMER: 504,
    Cause.PROTOCOL_ERROR: 500,
    Cause.INTERWORKING: 500,
}

_REASON = re.compile(r"Q\.850\s*+;(?:.*?;)?\s*+cause\s*+=\s*+([0-9]{1,3})", re.I | re.S)
_ELSEWHERE = re.compile(r"SIP\s*+;(?:.*?;)?\s*+cause\s*+=\s*+200\b", re.I | re.S)


def cause_of(message: Message, code: int) -> Cause:
    """The cause that a final response, BYE or CANCEL stands for; ``code`` when no Reason tells."""
    for item in message.items("Reason"):
        match = _REASON.match(item)
        if match and int(match[1]) in Cause.__members__.values():
            return Cause(int(match[1]))
        if _ELSEWHERE.match(item):
            return Cause.ANSWERED_ELSEWHERE
    return cause_of_code(code)


def cause_of_code(code: int) -> Cause:
    """RFC 3398 7.2.4.1; unknown codes count as the first of their class (RFC 3261 8.1.3.2)."""
    if code < 300:
        return Cause.NORMAL
    if code < 400:
        return Cause.REJECTED  # the phone wants the call elsewhere; forwarding is the exchange's
    return _FROM_CODE.get(code) or _FROM_CODE.get(code // 100 * 100, Cause.INTERWORKING)


def code_of(cause: Cause) -> int:
    """The final response for a caller who is released before an answer (RFC 3398 8.2.6.1)."""
    return _TO_CODE[cause]


def reason_of(cause: Cause) -> str:
    """The Reason header for a release with this cause (RFC 3326)."""
    if cause is Cause.ANSWERED_ELSEWHERE:  # phones then do not count a missed call
        return 'SIP;cause=200;text="Call completed elsewhere"'
    return f"Q.850;cause={int(cause)}"
