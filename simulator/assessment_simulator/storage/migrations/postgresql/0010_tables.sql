-- The tables of version 0.2. Formats with lower numbers are those of 0.1, which are not read.
CREATE TABLE server (
    id BIGINT PRIMARY KEY,  -- random, so never used again; the server holds an advisory lock of it
    pid INTEGER NOT NULL,  -- the database's process of its session
    address TEXT NOT NULL,  -- where it takes forwarded requests
    since TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE TABLE sandbox (
    key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    about TEXT NOT NULL,  -- what never changes: seed, sample data
    owner BIGINT,  -- the server that holds it in memory; null or a server that is gone: none
    number BIGINT NOT NULL,  -- of the last commit
    digest BYTEA NOT NULL,  -- of the chain up to it
    image BIGINT NOT NULL,  -- the commit as of which the image is
    image_chain BYTEA NOT NULL,  -- the digest of the chain up to that commit
    image_digest BYTEA NOT NULL,  -- of the image's parts
    due BIGINT,  -- when it has something to do by itself, in ticks; null: not before a call
    summary TEXT NOT NULL,  -- what lists show
    used BIGINT NOT NULL  -- when it was last known to be in use, in ticks
);
CREATE INDEX sandbox_due ON sandbox (due) WHERE due IS NOT NULL;
CREATE INDEX sandbox_used ON sandbox (used);
CREATE TABLE entry (
    sandbox BIGINT NOT NULL,
    number BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (sandbox, number)
);
CREATE TABLE image (
    sandbox BIGINT NOT NULL,
    number BIGINT NOT NULL,
    part BIGINT NOT NULL,
    data BYTEA NOT NULL,
    UNIQUE (sandbox, number, part)
);
CREATE TABLE credential (
    kind TEXT NOT NULL,
    id BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    sandbox BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX credential_sandbox ON credential (sandbox);
CREATE TABLE ended_session (
    id TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX sandbox_owner ON sandbox (owner);
