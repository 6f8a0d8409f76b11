-- More kinds in the table `kept`: what a namespace has of the audit, of callbacks that are not over (with the jobs that
-- deliver them), and of other jobs that are not over. Where rows change in many statements, triggers keep count.
INSERT INTO kept (kind, namespace, bytes)
SELECT 'audit', namespace, sum(octet_length(doc)) FROM audit GROUP BY namespace;

INSERT INTO kept (kind, namespace, bytes)
SELECT 'undelivered', namespace, sum(bytes) FROM (
    SELECT namespace, octet_length(doc) + coalesce(octet_length(notice), 0) AS bytes FROM callback WHERE ended IS NULL
    UNION ALL
    SELECT namespace, octet_length(payload) FROM job WHERE lane = 'callback' AND state <> 'dead')
GROUP BY namespace;

INSERT INTO kept (kind, namespace, bytes)
SELECT 'waiting', namespace, sum(octet_length(payload)) FROM job WHERE lane <> 'callback' AND state <> 'dead'
GROUP BY namespace;

CREATE TRIGGER callback_made AFTER INSERT ON callback WHEN new.ended IS NULL BEGIN
    INSERT INTO kept (kind, namespace, bytes)
    VALUES ('undelivered', new.namespace, octet_length(new.doc) + coalesce(octet_length(new.notice), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER callback_changed AFTER UPDATE OF ended, doc, notice ON callback
WHEN old.ended IS NULL OR new.ended IS NULL BEGIN
    INSERT INTO kept (kind, namespace, bytes)
    VALUES ('undelivered', new.namespace,
        iif(new.ended IS NULL, octet_length(new.doc) + coalesce(octet_length(new.notice), 0), 0)
        - iif(old.ended IS NULL, octet_length(old.doc) + coalesce(octet_length(old.notice), 0), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER callback_removed AFTER DELETE ON callback WHEN old.ended IS NULL BEGIN
    UPDATE kept SET bytes = bytes - octet_length(old.doc) - coalesce(octet_length(old.notice), 0)
    WHERE kind = 'undelivered' AND namespace = old.namespace;
END;

CREATE TRIGGER job_made AFTER INSERT ON job WHEN new.state <> 'dead' BEGIN
    INSERT INTO kept (kind, namespace, bytes)
    VALUES (iif(new.lane = 'callback', 'undelivered', 'waiting'), new.namespace, octet_length(new.payload))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER job_changed AFTER UPDATE OF payload ON job WHEN new.state <> 'dead' BEGIN
    UPDATE kept SET bytes = bytes + octet_length(new.payload) - octet_length(old.payload)
    WHERE kind = iif(new.lane = 'callback', 'undelivered', 'waiting') AND namespace = new.namespace;
END;
-- The payload is read by a query of its own: a column of `new` would be read whenever a state changes.
CREATE TRIGGER job_died AFTER UPDATE OF state ON job WHEN old.state <> 'dead' AND new.state = 'dead' BEGIN
    UPDATE kept SET bytes = bytes - (SELECT octet_length(payload) FROM job WHERE id = new.id)
    WHERE kind = iif(new.lane = 'callback', 'undelivered', 'waiting') AND namespace = new.namespace;
END;
CREATE TRIGGER job_removed AFTER DELETE ON job WHEN old.state <> 'dead' BEGIN
    UPDATE kept SET bytes = bytes - octet_length(old.payload)
    WHERE kind = iif(old.lane = 'callback', 'undelivered', 'waiting') AND namespace = old.namespace;
END;

DROP INDEX audit_age;
