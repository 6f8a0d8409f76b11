-- What became of the due times of an alarm.
CREATE TABLE alarm_tick (
    namespace TEXT NOT NULL,
    local     TEXT NOT NULL,
    due       INTEGER NOT NULL,
    origin    TEXT NOT NULL, -- clock, hand
    at        INTEGER NOT NULL, -- when it was decided
    doc       TEXT NOT NULL,
    PRIMARY KEY (namespace, local, due, origin)
) STRICT;
CREATE INDEX alarm_tick_at ON alarm_tick (at);
