-- SPDX-License-Identifier: GPL-2.0-or-later
-- Voicemail messages and settings changed by telephone, version 1.

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL, -- extension of the owner
    path TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    presentation TEXT NOT NULL,
    absence TEXT NOT NULL,
    duration_s REAL NOT NULL,
    received TEXT NOT NULL, -- ISO 8601 with the office's offset
    heard INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
