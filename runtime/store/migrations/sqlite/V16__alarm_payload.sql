-- Payloads of alarms, apart from what changes with every tick: SQLite writes a whole row anew when a column of it
-- changes in length.
CREATE TABLE alarm_payload (
    namespace TEXT NOT NULL,
    local     TEXT NOT NULL,
    payload   TEXT NOT NULL,
    PRIMARY KEY (namespace, local)
) STRICT;
INSERT INTO alarm_payload (namespace, local, payload) SELECT namespace, local, doc -> '$.payload' FROM alarm;
UPDATE alarm SET doc = json_remove(doc, '$.payload');

CREATE TRIGGER alarm_removed AFTER DELETE ON alarm BEGIN
    DELETE FROM alarm_payload WHERE namespace = old.namespace AND local = old.local;
END;
