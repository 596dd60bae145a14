"""Every SQL statement of the program but those that make its `tables`. The rest of `ledger` gives
them names and types.

SQLite through the standard library, and nothing between us and the transaction: it is the
most tested store there is, and readers (``status``, a page, any SQL tool) work while a batch
runs. Times are seconds since 1970-01-01 UTC; money is decimal text.
"""

from __future__ import annotations

from functools import lru_cache

COLUMNS = (
    "key", "kind", "take", "shot", "number", "wanted", "fingerprint", "shot_fingerprint",
    "state", "flags", "model", "request", "prompt_key", "estimate", "currency", "per_second",
    "endpoint", "marks", "attempts", "intent_at", "post_ended_at", "clock_offset", "task_id",
    "request_id", "submitted_at", "started_at", "ended_at", "link", "link_expires",
    "billed_seconds", "cost", "file", "sha256", "bytes", "error_code", "error_message",
)  # fmt: skip

_ALL = ", ".join(COLUMNS)

TAKE = f"SELECT {_ALL} FROM takes WHERE key = ?"
WANTED = f"SELECT {_ALL} FROM takes WHERE kind = ? AND wanted = 1"
KNOWN = (
    "SELECT key, take, shot, fingerprint, wanted, state, file IS NOT NULL FROM takes WHERE kind = ?"
)
STANDING = (
    "SELECT key, take, shot, wanted, state, flags, currency, estimate, cost, billed_seconds,"
    " task_id, intent_at, submitted_at, file, error_message FROM takes WHERE kind = ?"
    " AND (wanted = 1 OR state IN (SELECT value FROM json_each(?)))"
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
    "SELECT currency, state, estimate, cost, count(*) FROM takes"
    " WHERE kind = 'live' AND currency IS NOT NULL"
    " AND state IN ('submitting', 'in_doubt', 'submitted', 'running', 'generated', 'fetched',"
    " 'done', 'expired') GROUP BY 1, 2, 3, 4"
)
LOSSES = "SELECT currency, amount FROM losses"
LOSSES_BEFORE = "SELECT currency, lost FROM takes WHERE currency IS NOT NULL AND lost <> '0'"
"""The same of a ledger of an older format."""

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
TASKS = (
    "SELECT s.task_id, s.endpoint, s.submitted_at, s.clock_offset, origin FROM tasks s"
    " JOIN takes USING (key) WHERE kind = 'live'"
)
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

ADD_TAKE = (
    "INSERT INTO takes (kind, take, shot, number, wanted, fingerprint, shot_fingerprint, state,"
    " model, request, prompt_key, estimate, currency, per_second)"
    " VALUES (:kind, :take, :shot, :number, 1, :fingerprint, :shot_fingerprint, 'planned',"
    " :model, :request, :prompt_key, :estimate, :currency, :per_second)"
)
PRICE = (
    "UPDATE takes SET estimate = :estimate, currency = :currency, per_second = :per_second"
    " WHERE kind = :kind AND take = :take AND wanted = 1"
    " AND state IN ('planned', 'failed', 'canceled', 'skipped', 'held')"
)
UNWANT = "UPDATE takes SET wanted = 0 WHERE key = ?"

ADD_LOSS = "INSERT INTO losses (key, amount, currency) VALUES (?, ?, ?)"

ADD_EVENT = "INSERT INTO events (key, at, before, after, why, detail) VALUES (?, ?, ?, ?, ?, ?)"
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM events"
TRANSITIONS = (
    "SELECT e.key, e.at, e.before, e.after FROM events e JOIN takes t ON t.key = e.key"
    " WHERE t.kind = ? AND e.before IS NOT NULL AND e.after IS NOT NULL ORDER BY e.id"
)
REASONS = (
    "SELECT key, why FROM (SELECT e.key, e.why, max(e.id) FROM events e JOIN takes t"
    " ON t.key = e.key WHERE e.after = t.state AND t.state <> 'done' AND e.why <> ''"
    " GROUP BY e.key)"
)
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

ON_BOARD = (
    f"SELECT b.take, {', '.join('t.' + name for name in COLUMNS)} FROM board b LEFT JOIN takes t"
    " ON t.take = b.take AND t.fingerprint = b.fingerprint AND t.wanted = 1"
    " ORDER BY b.position, t.kind"
)
CIRCLES = "SELECT key, at FROM circles"
ADD_CIRCLE = "INSERT OR REPLACE INTO circles (key, at) VALUES (?, ?)"
DROP_CIRCLE = "DELETE FROM circles WHERE key = ?"
RIVALS = (
    "SELECT c.key FROM circles c JOIN takes t ON t.key = c.key JOIN takes n ON n.key = ?"
    " WHERE t.shot = n.shot AND t.kind = n.kind AND t.wanted = 1"
)
NOTES = "SELECT id, key, at, text, seconds FROM notes ORDER BY id"
ADD_NOTE = "INSERT INTO notes (key, at, text, seconds) VALUES (?, ?, ?, ?)"
NOTE_OF = "SELECT key FROM notes WHERE id = ?"
DROP_NOTE = "DELETE FROM notes WHERE id = ?"
RETAKES = (
    "SELECT id, kind, shot, shot_fingerprint, number, at, agreed, currency FROM retakes ORDER BY id"
)
WAITING = (
    "SELECT r.id, r.kind, r.shot, r.shot_fingerprint, r.number, r.at, r.agreed, r.currency"
    " FROM retakes r WHERE EXISTS (SELECT 1 FROM takes t WHERE t.kind = r.kind AND t.wanted = 1"
    " AND t.shot_fingerprint = r.shot_fingerprint) AND NOT EXISTS (SELECT 1 FROM takes t"
    " WHERE t.kind = r.kind AND t.shot_fingerprint = r.shot_fingerprint AND t.number = r.number)"
    " ORDER BY r.id"
)
LAST_RETAKE = "SELECT max(id), max(at) FROM retakes"
UNBEGUN = (
    "SELECT r.id, r.kind, r.shot, r.shot_fingerprint, r.number, r.at, r.agreed, r.currency"
    " FROM retakes r WHERE r.kind = ? AND r.shot_fingerprint = ? AND NOT EXISTS (SELECT 1 FROM"
    " takes t WHERE t.kind = r.kind AND t.shot_fingerprint = r.shot_fingerprint"
    " AND t.number = r.number AND t.state IN (SELECT value FROM json_each(?))) ORDER BY r.id"
)
DROP_RETAKE = "DELETE FROM retakes WHERE id = ?"
UNWANT_RETAKE = (
    "UPDATE takes SET wanted = 0 WHERE kind = ? AND shot_fingerprint = ? AND number = ?"
    " AND wanted = 1"
)
ADD_RETAKE = (
    "INSERT INTO retakes (kind, shot, shot_fingerprint, number, at, agreed, currency)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
ASKED_OF = (
    "SELECT shot_fingerprint FROM takes WHERE kind = ? AND shot = ? AND wanted = 1"
    " ORDER BY key DESC LIMIT 1"
)
HIGHEST = (
    "SELECT max(number) FROM (SELECT number FROM takes WHERE kind = :kind AND"
    " shot_fingerprint = :of UNION ALL SELECT number FROM retakes WHERE kind = :kind"
    " AND shot_fingerprint = :of)"
)

SOURCES = "SELECT key, source, sha256, replaced FROM continued"
SET_SOURCE = "INSERT OR REPLACE INTO continued (key, source, sha256) VALUES (?, ?, ?)"
SET_REPLACED = "UPDATE continued SET replaced = ? WHERE key = ?"
LINKED = (
    "SELECT t.key, t.take, t.shot, t.number, t.wanted, t.state, c.source"
    " FROM takes t LEFT JOIN continued c ON c.key = t.key WHERE t.kind = ?"
)
OF_SHOT = f"SELECT {_ALL} FROM takes WHERE kind = ? AND shot = ? AND wanted = 1"

MOVES = "SELECT key, source, target FROM moves ORDER BY key"
ADD_MOVE = "INSERT OR REPLACE INTO moves (key, source, target) VALUES (?, ?, ?)"
MOVES_SET_OUT = "UPDATE moves SET source = '.moving/' || key"
FILES_MOVED = (
    "UPDATE takes SET file = (SELECT target FROM moves WHERE moves.key = takes.key)"
    " WHERE key IN (SELECT key FROM moves)"
)
END_MOVES = "DELETE FROM moves"


@lru_cache  # a few shapes, each used for every take
def update_take(*names: str) -> str:
    """An UPDATE of the named columns of one take; the names are ours, the values bound."""
    unknown = set(names) - set(COLUMNS)
    if unknown:
        raise ValueError(f"no such column: {', '.join(sorted(unknown))}")
    return f"UPDATE takes SET {', '.join(f'{name} = :{name}' for name in names)} WHERE key = :key"
