-- What lists are filtered by besides name and time. At the end of the row, behind results and logs: read from indexes only.
ALTER TABLE activation ADD COLUMN status INTEGER NOT NULL DEFAULT 0; -- 0 success … 3 whisk internal error
ALTER TABLE activation ADD COLUMN kind TEXT NOT NULL DEFAULT 'trigger';
ALTER TABLE activation ADD COLUMN cause BLOB;

UPDATE activation SET
    status = json_extract(head, '$.status'),
    kind = coalesce(
        (SELECT json_extract(value, '$.value') FROM json_each(head, '$.annotations')
         WHERE json_extract(value, '$.key') = 'kind'),
        'trigger'),
    cause = unhex(json_extract(head, '$.cause'));

-- Each covers the whole search of a list, so that only the rows of the page asked for are read; each is in the order of
-- lists behind what it is searched by.
DROP INDEX activation_listed;
CREATE INDEX activation_listed ON activation (namespace, start, id, name, status, kind);
CREATE INDEX activation_named ON activation (namespace, name, start, id, status, kind);
CREATE INDEX activation_failed ON activation (namespace, start, id, name, status, kind) WHERE status <> 0;
CREATE INDEX activation_caused ON activation (namespace, cause, start, id, name, status, kind) WHERE cause IS NOT NULL;
