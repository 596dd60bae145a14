"""Every SQL statement of the program. The rest of `ledger` gives them names and types.

SQLite through the standard library, and nothing between us and the transaction: it is the
most tested store there is, and readers (``status``, a page, any SQL tool) work while a batch
runs. Times are seconds since 1970-01-01 UTC; money is decimal text.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    per_second       TEXT,                       -- price of a billed second
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

STEPS = (_FIRST, _UPLOADS)
"""What makes a ledger of each format out of one of the format before; the first, out of nothing."""
FORMAT = len(STEPS)

COLUMNS = (
    "key", "kind", "take", "shot", "number", "wanted", "fingerprint", "shot_fingerprint",
    "state", "flags", "model", "request", "prompt_key", "estimate", "currency", "per_second",
    "endpoint", "marks", "attempts", "intent_at", "post_ended_at", "clock_offset", "task_id",
    "request_id", "submitted_at", "started_at", "ended_at", "link", "link_expires",
    "billed_seconds", "cost", "lost", "file", "sha256", "bytes", "error_code", "error_message",
)  # fmt: skip

_ALL = ", ".join(COLUMNS)

TAKE = f"SELECT {_ALL} FROM takes WHERE key = ?"
WANTED = f"SELECT {_ALL} FROM takes WHERE kind = ? AND wanted = 1"
KNOWN = (
    "SELECT key, take, shot, fingerprint, wanted, state, file IS NOT NULL FROM takes WHERE kind = ?"
)
UNFINISHED = (
    f"SELECT {_ALL} FROM takes WHERE kind = ? AND (wanted = 1 OR state IN"
    " ('submitting', 'in_doubt', 'submitted', 'running', 'generated', 'fetched'))"
    " AND state <> 'done'"
)
IN_STATES = f"SELECT {_ALL} FROM takes WHERE kind = ? AND state IN (SELECT value FROM json_each(?))"
FILES = "SELECT key, file, bytes FROM takes WHERE kind = ? AND state = 'done' AND file IS NOT NULL"
DROPPED_SLATES = (
    "SELECT key, file FROM takes WHERE kind = 'preview' AND wanted = 0 AND file IS NOT NULL"
)
COUNTS = "SELECT kind, state, count(*) FROM takes WHERE wanted = 1 GROUP BY kind, state"
SAME_PROMPT = (
    "SELECT take FROM takes WHERE kind = ? AND prompt_key = ? AND key <> ?"
    " AND state IN ('submitting', 'in_doubt') AND intent_at > ? LIMIT 1"
)
SPENT = (
    "SELECT state, estimate, cost, lost FROM takes WHERE kind = 'live' AND currency = ?"
    " AND (state IN ('submitting', 'in_doubt', 'submitted', 'running', 'generated', 'fetched',"
    " 'done', 'expired') OR lost <> '0')"
)

# wherever a take is shown, its live row goes before its preview row
SHOWN = (
    f"SELECT {', '.join('t.' + name for name in COLUMNS)} FROM board b JOIN takes t"
    " ON t.take = b.take AND t.fingerprint = b.fingerprint AND t.wanted = 1"
    " WHERE t.kind = 'live' OR NOT EXISTS (SELECT 1 FROM takes l WHERE l.kind = 'live'"
    " AND l.wanted = 1 AND l.take = b.take AND l.fingerprint = b.fingerprint)"
    " ORDER BY b.position"
)
RECENT = (
    "SELECT model, intent_at FROM takes WHERE kind = 'live' AND intent_at > ? ORDER BY intent_at"
)
TASKS_AT = "SELECT task_id, submitted_at, clock_offset, origin FROM tasks WHERE endpoint = ?"
KNOWS_TASK = "SELECT 1 FROM tasks WHERE task_id = ?"
MARKS = "SELECT DISTINCT marks FROM takes WHERE kind = 'live'"

CLEAR_BOARD = "DELETE FROM board"
ADD_TO_BOARD = "INSERT INTO board (position, take, fingerprint) VALUES (?, ?, ?)"
ADD_TASK = (
    "INSERT OR IGNORE INTO tasks (task_id, key, endpoint, submitted_at, clock_offset, origin)"
    " SELECT task_id, key, endpoint, submitted_at, clock_offset, ? FROM takes"
    " WHERE key = ? AND task_id IS NOT NULL AND endpoint IS NOT NULL"
)
ADD_STRAY = (
    "INSERT INTO takes (kind, take, shot, number, wanted, fingerprint, shot_fingerprint, state,"
    " flags, model, request, prompt_key, estimate, currency, per_second, endpoint, marks,"
    " attempts, intent_at, clock_offset, task_id, submitted_at)"
    " SELECT kind, take, shot, number, 0, fingerprint, shot_fingerprint, 'submitted',"
    " '[\"stray\"]', model, request, prompt_key, estimate, currency, per_second, endpoint, marks,"
    " 1, intent_at, clock_offset, ?, ? FROM takes WHERE key = ?"
)

STATE_OF = "SELECT kind, state FROM takes WHERE key = ?"
ADD_TAKE = (
    "INSERT INTO takes (kind, take, shot, number, wanted, fingerprint, shot_fingerprint, state,"
    " model, request, prompt_key, estimate, currency, per_second)"
    " VALUES (:kind, :take, :shot, :number, 1, :fingerprint, :shot_fingerprint, 'planned',"
    " :model, :request, :prompt_key, :estimate, :currency, :per_second)"
)
PRICE = (
    "UPDATE takes SET estimate = :estimate, currency = :currency, per_second = :per_second"
    " WHERE kind = :kind AND take = :take AND wanted = 1 AND lost = '0'"
    " AND state IN ('planned', 'failed', 'canceled', 'skipped', 'held')"
)
UNWANT = "UPDATE takes SET wanted = 0 WHERE key = ?"

ADD_EVENT = "INSERT INTO events (key, at, before, after, why, detail) VALUES (?, ?, ?, ?, ?, ?)"
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM events"
EVENTS_OF = "SELECT at, before, after, why, detail FROM events WHERE key = ? ORDER BY id"

SHAPE = (
    "SELECT type || ' ' || name FROM sqlite_master WHERE sql IS NOT NULL"
    " UNION SELECT 'column ' || t.name || '.' || c.name FROM sqlite_master t,"
    " pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1"
)

GET_META = "SELECT value FROM meta WHERE name = ?"
SET_META = (
    "INSERT INTO meta (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)

GET_FACTS = "SELECT facts FROM facts WHERE path = ? AND bytes = ? AND mtime_ns = ?"
SET_FACTS = (
    "INSERT INTO facts (path, bytes, mtime_ns, facts) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes, mtime_ns = excluded.mtime_ns,"
    " facts = excluded.facts"
)

GET_UPLOAD = (
    "SELECT url, made_at FROM uploads WHERE sha256 = ? AND model = ? AND endpoint = ? AND mark = ?"
)
SET_UPLOAD = (
    "INSERT OR REPLACE INTO uploads (sha256, model, endpoint, mark, url, made_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)

MOVES = "SELECT key, source, target FROM moves ORDER BY key"
ADD_MOVE = "INSERT OR REPLACE INTO moves (key, source, target) VALUES (?, ?, ?)"
MOVES_SET_OUT = "UPDATE moves SET source = '.moving/' || key"
FILES_MOVED = (
    "UPDATE takes SET file = (SELECT target FROM moves WHERE moves.key = takes.key)"
    " WHERE key IN (SELECT key FROM moves)"
)
END_MOVES = "DELETE FROM moves"


def update_take(columns: Iterable[str]) -> str:
    """An UPDATE of the named columns of one take; the names are ours, the values bound."""
    names = list(columns)
    unknown = set(names) - set(COLUMNS)
    if unknown:
        raise ValueError(f"no such column: {', '.join(sorted(unknown))}")
    return f"UPDATE takes SET {', '.join(f'{name} = :{name}' for name in names)} WHERE key = :key"
