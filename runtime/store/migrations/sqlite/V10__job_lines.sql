-- Places are handed out by namespace, and among a namespace's by share: within a share, jobs stand in one line for each
-- namespace. Of leased jobs only those whose lease is over are searched, and these are few.
DROP INDEX job_due;
DROP INDEX job_leased;
CREATE INDEX job_due ON job (lane, share, namespace, due, id) WHERE state = 'due';
CREATE INDEX job_leased ON job (lane, lease_until, share, namespace, id, due) WHERE state = 'leased';
