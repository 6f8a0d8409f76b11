-- What is due is found without a look at what is not yet: thousands of receivers may be waiting for another attempt.
CREATE INDEX job_soonest ON job (lane, due, id, share, namespace) WHERE state = 'due';
