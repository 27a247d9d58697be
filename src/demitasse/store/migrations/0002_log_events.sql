-- CloudWatch Logs: events are many and small, so they stand in tables of their own.

-- How much a log group holds; its name and settings are a record. "id" is never used again.
CREATE TABLE log_group (
    id    INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL DEFAULT 0
);

-- Times are milliseconds since 1970; 0: no event yet. A stream without a name was deleted, and
-- its events are being removed.
CREATE TABLE log_stream (
    id         INTEGER PRIMARY KEY,
    grp        INTEGER NOT NULL,
    name       TEXT,
    created    INTEGER NOT NULL,
    first_time INTEGER NOT NULL DEFAULT 0,
    last_time  INTEGER NOT NULL DEFAULT 0,
    ingested   INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX log_stream_by_name ON log_stream (grp, name);
CREATE INDEX log_stream_by_time ON log_stream (grp, last_time, id);

-- "number" is the order of arrival; "bytes" is what AWS counts: the message and 26 more.
CREATE TABLE log_event (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    grp      INTEGER NOT NULL,
    stream   INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    ingested INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    message  TEXT    NOT NULL
);
CREATE INDEX log_event_of_group ON log_event (grp, time);
CREATE INDEX log_event_of_stream ON log_event (stream, time);

-- How far a container's output was kept: per stream of output the newest line's time in
-- nanoseconds, and how many lines of that very time were kept.
CREATE TABLE log_cursor (
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    out_time  INTEGER NOT NULL DEFAULT 0,
    out_lines INTEGER NOT NULL DEFAULT 0,
    err_time  INTEGER NOT NULL DEFAULT 0,
    err_lines INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, region, source)
) WITHOUT ROWID;
