-- What the first request with a key began. `key` also says which door it came through.
CREATE TABLE idempotency_key (
    namespace  TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     BLOB NOT NULL, -- SHA-256 of what a retry must repeat
    activation BLOB NOT NULL,
    begun      INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_begun ON idempotency_key (begun);

-- How many each namespace has, so that the bound costs no counting.
CREATE TABLE idempotency_keys_kept (
    namespace TEXT PRIMARY KEY NOT NULL,
    kept      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
