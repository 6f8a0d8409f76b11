-- Completion callbacks. `doc` is JSON. Whether one waits, is due or under way shows in the job of the same id.
CREATE TABLE callback (
    id         BLOB PRIMARY KEY NOT NULL,
    namespace  TEXT NOT NULL,
    activation BLOB NOT NULL,
    cause      BLOB,
    name       TEXT NOT NULL,    -- full name of the action
    correlation TEXT,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    ended      TEXT,             -- delivered, failed, blocked, cancelled
    doc        TEXT NOT NULL,
    notice     TEXT              -- what to tell; here when it is over, until then in the job
) STRICT;
CREATE INDEX callback_listed ON callback (namespace, created, id, activation, cause, name, correlation, ended);
CREATE INDEX callback_of ON callback (namespace, activation);
CREATE INDEX callback_open ON callback (namespace) WHERE ended IS NULL;
CREATE INDEX callback_over ON callback (namespace, updated, id) WHERE ended IS NOT NULL;

-- What a namespace sets for its callbacks, and which of its signing secrets is in use.
CREATE TABLE callback_settings (
    namespace TEXT PRIMARY KEY NOT NULL,
    doc       TEXT NOT NULL
) STRICT;
