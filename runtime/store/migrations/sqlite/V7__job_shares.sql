-- Jobs compete in shares: a namespace's activations, the callbacks to one site.
ALTER TABLE job ADD COLUMN share TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN name TEXT NOT NULL DEFAULT ''; -- full name of the action or trigger
ALTER TABLE job ADD COLUMN cancelled INTEGER; -- when somebody asked that a leased job end

UPDATE job SET
    share = namespace,
    name = (
        SELECT coalesce(
            of ->> 'namespace' || '/' || coalesce(of ->> 'package' || '/', '') || (of ->> 'name'), '')
        FROM (SELECT coalesce(json_extract(payload, '$.action'), json_extract(payload, '$.trigger')) AS of));

-- A job stands in one of these at a time; the namespace is there so that counting reads nothing else.
DROP INDEX job_due;
DROP INDEX job_leased;
CREATE INDEX job_due ON job (lane, share, due, id, namespace) WHERE state = 'due';
CREATE INDEX job_leased ON job (lane, share, lease_until, id, namespace) WHERE state = 'leased';
CREATE INDEX job_dead ON job (namespace, died, id, name) WHERE state = 'dead';
