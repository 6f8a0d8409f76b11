-- APIs of the gateway. `doc` is JSON; `routes` is how many it has, so that counting reads no document.
CREATE TABLE api (
    namespace TEXT NOT NULL,
    base_path TEXT NOT NULL,
    routes    INTEGER NOT NULL,
    doc       TEXT NOT NULL,
    PRIMARY KEY (namespace, base_path)
) STRICT;
