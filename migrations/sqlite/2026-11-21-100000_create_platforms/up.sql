CREATE TABLE platforms (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    platform_id BLOB NOT NULL REFERENCES platforms (id) ON DELETE CASCADE,
    name TEXT,
    hash BLOB NOT NULL UNIQUE,
    livemode INTEGER NOT NULL,
    last4 TEXT NOT NULL,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX api_keys_platform ON api_keys (platform_id, id);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
