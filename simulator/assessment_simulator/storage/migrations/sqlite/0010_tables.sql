-- The tables of version 0.2. Formats with lower numbers are those of 0.1, which are not read.
CREATE TABLE sandbox (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    about TEXT NOT NULL,            -- what never changes: seed, sample data
    owner INTEGER,                  -- always null here: a file has one process
    number INTEGER NOT NULL,        -- of the last commit
    digest BLOB NOT NULL,           -- of the chain up to it
    image INTEGER NOT NULL,         -- the commit as of which the image is
    image_chain BLOB NOT NULL,      -- the digest of the chain up to that commit
    image_digest BLOB NOT NULL,     -- of the image's parts
    due INTEGER,                    -- when it has something to do by itself, in ticks; null: not before a call
    summary TEXT NOT NULL,          -- what lists show
    used INTEGER NOT NULL           -- when it was last known to be in use, in ticks
) STRICT;
CREATE INDEX sandbox_due ON sandbox (due) WHERE due IS NOT NULL;
CREATE INDEX sandbox_used ON sandbox (used);
CREATE TABLE entry (
    sandbox INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (sandbox, number)
) STRICT;
CREATE TABLE image (
    sandbox INTEGER NOT NULL,
    number INTEGER NOT NULL,
    part INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (sandbox, number, part)
) STRICT;
CREATE TABLE credential (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    secret BLOB NOT NULL,
    sandbox INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_sandbox ON credential (sandbox);
CREATE TABLE ended_session (
    id TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
