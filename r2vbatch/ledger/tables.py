"""The tables of a ledger, by the format that brought them. One of an older format is given what it
lacks; nothing in it is ever changed or dropped.
"""

from __future__ import annotations

APPLICATION_ID = 0x72327662  # "r2vb": says whose database this is

_FIRST = """
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row a take: its current state. A row is never deleted while it may stand for money.
CREATE TABLE takes (
    key              INTEGER PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('preview', 'live')),
    take             TEXT NOT NULL,              -- sh010_t01
    shot             TEXT NOT NULL,
    number           INTEGER NOT NULL,
    wanted           INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    fingerprint      TEXT NOT NULL,
    shot_fingerprint TEXT NOT NULL,
    state            TEXT NOT NULL,
    flags            TEXT NOT NULL DEFAULT '[]', -- JSON: complete, but not as asked
    model            TEXT NOT NULL,
    request          TEXT NOT NULL,              -- JSON, as planned (no signed links)
    prompt_key       TEXT NOT NULL,              -- equal for prompts the service cannot tell apart
    estimate         TEXT,
    currency         TEXT,
    per_second       TEXT,                       -- JSON: prices of a billed second, by tier
    endpoint         TEXT,                       -- base URL the intent went to
    marks            TEXT NOT NULL DEFAULT '[]', -- JSON: salted hashes of keys seen to reach it
    attempts         INTEGER NOT NULL DEFAULT 0,
    intent_at        REAL,
    post_ended_at    REAL,
    clock_offset     REAL,                       -- service's clock minus ours, at the intent
    task_id          TEXT,
    request_id       TEXT,
    submitted_at     REAL,
    started_at       REAL,
    ended_at         REAL,
    link             TEXT,                       -- signed: leaves the ledger in no export
    link_expires     REAL,
    billed_seconds   TEXT,
    cost             TEXT,
    lost             TEXT NOT NULL DEFAULT '0',  -- by earlier attempts, possibly paid
    file             TEXT,                       -- relative to the output folder, with /
    sha256           TEXT,
    bytes            INTEGER,
    error_code       TEXT,
    error_message    TEXT
);

CREATE UNIQUE INDEX one_wanted_take ON takes (kind, take) WHERE wanted;
CREATE INDEX takes_by_id ON takes (take);
CREATE INDEX open_intents ON takes (prompt_key) WHERE state IN ('submitting', 'in_doubt');

-- What happened, append-only.
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    key    INTEGER REFERENCES takes (key),       -- null: about the batch
    at     REAL NOT NULL,
    before TEXT,
    after  TEXT,
    why    TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '{}'            -- JSON
);
CREATE INDEX events_of_take ON events (key);

-- Every task id there ever was, also of attempts that a take has forgotten: what the service
-- lists and is not here may be a take in doubt.
CREATE TABLE tasks (
    task_id      TEXT PRIMARY KEY,
    key          INTEGER NOT NULL REFERENCES takes (key),
    endpoint     TEXT NOT NULL,
    submitted_at REAL NOT NULL,                  -- on our clock
    clock_offset REAL,                           -- service's clock minus ours
    origin       TEXT NOT NULL                   -- submitted, adopted or stray (nobody's: fetched
                                                 -- in case it was paid for by us)
) STRICT, WITHOUT ROWID;

-- The plan as last carried in, in storyboard order: what is shown, and exported.
CREATE TABLE board (
    position    INTEGER PRIMARY KEY,
    take        TEXT NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;

-- Files on their way to another name: written before the first is touched, so that a crash
-- between two renames is finished by the next run.
CREATE TABLE moves (
    key    INTEGER PRIMARY KEY REFERENCES takes (key),
    source TEXT NOT NULL,
    target TEXT NOT NULL
);

-- Facts of local files, so that a run does not hash the same references again.
CREATE TABLE facts (
    path     TEXT PRIMARY KEY,
    bytes    INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    facts    TEXT NOT NULL                       -- JSON
);
"""

_UPLOADS = """
-- Local files in the service's storage, by what it binds them to. A row stays after its upload has
-- died, until the next one takes its place. No export, page or log shows a URL of these.
CREATE TABLE uploads (
    sha256   TEXT NOT NULL,
    model    TEXT NOT NULL,
    endpoint TEXT NOT NULL,                      -- base URL
    mark     TEXT NOT NULL,                      -- salted hash of the key
    url      TEXT NOT NULL,
    made_at  REAL NOT NULL,
    PRIMARY KEY (sha256, model, endpoint, mark)
) STRICT, WITHOUT ROWID;
"""

_CHOICE = """
-- The takes that people circled: of each shot and kind one at most.
CREATE TABLE circles (
    key INTEGER PRIMARY KEY REFERENCES takes (key),
    at  REAL NOT NULL
) STRICT;

-- What people wrote about takes.
CREATE TABLE notes (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    key     INTEGER NOT NULL REFERENCES takes (key),
    at      REAL NOT NULL,
    text    TEXT NOT NULL,
    seconds REAL                                 -- into the clip; null: about all of it
) STRICT;

-- Takes that people asked for beyond the manifest's. They hold while the shot's fingerprint does.
CREATE TABLE retakes (
    id               INTEGER PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN ('preview', 'live')),
    shot             TEXT NOT NULL,
    shot_fingerprint TEXT NOT NULL,
    number           INTEGER NOT NULL,           -- of the take
    at               REAL NOT NULL,
    agreed           TEXT,                       -- the price a person said yes to, if any
    currency         TEXT,
    UNIQUE (kind, shot_fingerprint, number)
) STRICT;

-- Takes that continue another shot, and the take whose last frame each of them was given.
CREATE TABLE continued (
    key      INTEGER PRIMARY KEY REFERENCES takes (key),
    source   INTEGER NOT NULL REFERENCES takes (key),
    sha256   TEXT NOT NULL,                      -- of the frame's file
    replaced INTEGER NOT NULL DEFAULT 0          -- made again since, from another frame
) STRICT;
"""

_LOSSES = """
-- What earlier attempts of a take may have cost, and nothing came of. Asked again, the take may be
-- priced in another currency; what is lost stays in the one it was spent in.
CREATE TABLE losses (
    key      INTEGER NOT NULL REFERENCES takes (key),
    amount   TEXT NOT NULL,
    currency TEXT NOT NULL
) STRICT;

INSERT INTO losses SELECT key, lost, currency FROM takes
    WHERE lost <> '0' AND currency IS NOT NULL;

ALTER TABLE takes DROP COLUMN lost;
"""

STEPS = (_FIRST, _UPLOADS, _CHOICE, _LOSSES)
"""What makes a ledger of each format out of one of the format before; the first, out of nothing."""
FORMAT = len(STEPS)
CHOICES_SINCE = STEPS.index(_CHOICE) + 1
"""The format that first held what people chose."""
LOSSES_SINCE = STEPS.index(_LOSSES) + 1
"""The format that first held losses apart from takes."""
