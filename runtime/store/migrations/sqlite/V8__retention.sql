-- What an activation was given, so that it can be run again. At the end of the row: read with whole records only.
ALTER TABLE activation ADD COLUMN input TEXT; -- NULL: not kept

-- Bytes that each namespace keeps of what grows by itself, so that its bound costs no counting.
CREATE TABLE kept (
    kind      TEXT NOT NULL, -- record, dead letter, callback
    namespace TEXT NOT NULL,
    bytes     INTEGER NOT NULL,
    PRIMARY KEY (kind, namespace)
) STRICT, WITHOUT ROWID;

INSERT INTO kept (kind, namespace, bytes)
SELECT 'record', namespace,
       sum(octet_length(head) + octet_length(response) + coalesce(octet_length(logs), 0))
FROM activation GROUP BY namespace;

INSERT INTO kept (kind, namespace, bytes)
SELECT 'dead letter', namespace, sum(octet_length(payload)) FROM job WHERE state = 'dead' GROUP BY namespace;
