-- Every kind of record stands in one table: what was asked for beside what was seen.
CREATE TABLE record (
    kind     TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    desired  BLOB    NOT NULL,
    observed BLOB    NOT NULL,
    PRIMARY KEY (kind, account, region, key)
) WITHOUT ROWID;

-- Which records answer to which value of a named index.
CREATE TABLE entry (
    kind    TEXT NOT NULL,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    key     TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, name, value, key)
) WITHOUT ROWID;

-- Numbers that only go up, such as a task definition's revisions.
CREATE TABLE counter (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) WITHOUT ROWID;
