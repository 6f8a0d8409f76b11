-- What lists show of a job, so that no query reads its payload.
ALTER TABLE job ADD COLUMN cause BLOB; -- the activation that led to the job's own
ALTER TABLE job ADD COLUMN failed_attempts INTEGER NOT NULL DEFAULT 0; -- attempts that failed and were followed by another

UPDATE job SET
    cause = unhex(json_extract(payload, '$.cause')),
    failed_attempts = CASE
        WHEN json_extract(payload, '$.failed[0].attempt') IS NULL THEN 0
        ELSE json_array_length(payload, '$.failed')
    END
WHERE lane = 'invoke' AND json_valid(payload);
