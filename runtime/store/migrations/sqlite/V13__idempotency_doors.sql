-- Keys are counted by door: those of web callers, who may be anyone, are not the namespace's own.
DROP TABLE idempotency_keys_kept;
CREATE TABLE idempotency_keys_kept (
    namespace TEXT NOT NULL,
    door      TEXT NOT NULL,
    kept      INTEGER NOT NULL,
    PRIMARY KEY (namespace, door)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_keys_kept (namespace, door, kept)
SELECT namespace, substr(key, 1, instr(key, '/') - 1), count(*) FROM idempotency_key GROUP BY 1, 2;
