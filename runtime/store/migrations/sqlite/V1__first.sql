-- Everything that a node keeps. Times are milliseconds since the Unix epoch; `doc`, `head`, `response` and `logs` are JSON.

-- What was posted as code, by its SHA-256. Lives as long as an entity points at it.
CREATE TABLE code (
    digest TEXT PRIMARY KEY NOT NULL,
    text   TEXT NOT NULL
) STRICT;

-- Actions, triggers, rules and packages share one name space: `local` is `name` or `package/name`.
CREATE TABLE entity (
    namespace  TEXT NOT NULL,
    local      TEXT NOT NULL,
    collection TEXT NOT NULL,
    package    TEXT,
    shared     INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    code       TEXT REFERENCES code (digest),
    doc        TEXT NOT NULL,
    PRIMARY KEY (namespace, local)
) STRICT;
CREATE INDEX entity_listed ON entity (namespace, collection, updated, local);
CREATE INDEX entity_code ON entity (code) WHERE code IS NOT NULL;

-- The last revision given to any entity: one row. A name that is deleted and made again never repeats a revision.
CREATE TABLE revision (last INTEGER NOT NULL) STRICT;
INSERT INTO revision (last) VALUES (0);

-- Records. Rows are appended, and ids grow with time, so that new keys land side by side too. What a list needs stands
-- before the results and logs, which may be large and are then kept on pages of their own. Not WITHOUT ROWID: rows of
-- about 1 KiB would each need such a page there, which makes them three times as slow and large.
CREATE TABLE activation (
    namespace TEXT NOT NULL,
    id        BLOB NOT NULL,
    start     INTEGER NOT NULL,
    ended     INTEGER,
    name      TEXT NOT NULL, -- what the filter `name=` compares with
    head      TEXT NOT NULL,
    response  TEXT NOT NULL,
    logs      TEXT, -- NULL: none
    PRIMARY KEY (namespace, id)
) STRICT;
-- Covers the whole search of a list, so that only the rows of the page asked for are read.
CREATE INDEX activation_listed ON activation (namespace, start, id, name);

-- Work that has not ended, and dead letters.
CREATE TABLE job (
    id          BLOB PRIMARY KEY NOT NULL,
    lane        TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    state       TEXT NOT NULL, -- due, leased, dead
    attempt     INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    owner       TEXT,    -- leased and dead: the last holder
    lease_until INTEGER, -- leased: the last millisecond of the lease
    died        INTEGER, -- dead
    reason      TEXT,    -- dead
    payload     TEXT NOT NULL
) STRICT;
-- A job stands in one of the two at a time; the namespace is there so that counting reads nothing else.
CREATE INDEX job_due ON job (lane, due, id, namespace) WHERE state = 'due';
CREATE INDEX job_leased ON job (lane, lease_until, namespace) WHERE state = 'leased';

-- Feed records of /whisk.system/alarms, by trigger.
CREATE TABLE alarm (
    namespace TEXT NOT NULL,
    local     TEXT NOT NULL,
    next_fire INTEGER, -- NULL: disabled
    doc       TEXT NOT NULL,
    PRIMARY KEY (namespace, local)
) STRICT;
CREATE INDEX alarm_due ON alarm (next_fire) WHERE next_fire IS NOT NULL;

CREATE TABLE namespace (
    name    TEXT PRIMARY KEY NOT NULL,
    uuid    TEXT NOT NULL UNIQUE,
    doc     TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- SHA-256 of the secret half of each valid key.
CREATE TABLE namespace_key (
    namespace TEXT NOT NULL REFERENCES namespace (name),
    digest    BLOB NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (namespace, digest)
) STRICT, WITHOUT ROWID;

-- Secrets of this installation, 32 bytes each.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
