-- Entities of each namespace, and the bytes of their documents and code, so that the bounds cost no counting. Code that
-- several entities have is stored once and counts for each.
ALTER TABLE entity ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE entity SET bytes = octet_length(doc)
    + coalesce((SELECT octet_length(text) FROM code WHERE digest = entity.code), 0);

CREATE TABLE entities_kept (
    namespace TEXT PRIMARY KEY NOT NULL,
    entities  INTEGER NOT NULL,
    bytes     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO entities_kept (namespace, entities, bytes) SELECT namespace, count(*), sum(bytes) FROM entity GROUP BY namespace;

CREATE TRIGGER entity_made AFTER INSERT ON entity BEGIN
    INSERT INTO entities_kept (namespace, entities, bytes) VALUES (new.namespace, 1, new.bytes)
    ON CONFLICT DO UPDATE SET entities = entities + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER entity_changed AFTER UPDATE OF bytes ON entity BEGIN
    UPDATE entities_kept SET bytes = bytes + new.bytes - old.bytes WHERE namespace = new.namespace;
END;
CREATE TRIGGER entity_removed AFTER DELETE ON entity BEGIN
    UPDATE entities_kept SET entities = entities - 1, bytes = bytes - old.bytes WHERE namespace = old.namespace;
    DELETE FROM entities_kept WHERE namespace = old.namespace AND entities = 0;
END;
