-- Who changed which entity, in the order of the changes. `name` is `name` or `package/name`: what the filter compares with.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY NOT NULL,
    namespace TEXT NOT NULL,
    at        INTEGER NOT NULL,
    name      TEXT NOT NULL,
    doc       TEXT NOT NULL
) STRICT;
CREATE INDEX audit_listed ON audit (namespace, at, id, name);
CREATE INDEX audit_age ON audit (at);
