# SPDX-License-Identifier: GPL-2.0-or-later
"""What a call left in the records, as the demo checks it."""

from __future__ import annotations

from typing import Any

from board.demo.report import Report


def check_record(report: Report, record: dict[str, Any], **wanted: str) -> None:
    """Every field named must have this value."""
    for name, value in wanted.items():
        report.check(f"record: {name}", record.get(name), record.get(name) == value, value)


def offered(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Offers of the call by extension."""
    return {offer["extension"]: offer for offer in record.get("offers", ())}
