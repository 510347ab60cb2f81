-- SPDX-License-Identifier: GPL-2.0-or-later
-- Call records, version 1. Events are only ever appended; records are derived from them
-- (firmware/records/derive.py). docs/records.md says what each kind of event holds.

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    began TEXT NOT NULL -- ISO 8601, UTC
) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    call TEXT NOT NULL,
    at TEXT NOT NULL, -- ISO 8601 with the office's offset
    kind TEXT NOT NULL,
    data TEXT NOT NULL -- JSON object
) STRICT;

CREATE INDEX events_by_call ON events (call);
CREATE INDEX ended_calls ON events (id, call) WHERE kind = 'ended';

CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;
