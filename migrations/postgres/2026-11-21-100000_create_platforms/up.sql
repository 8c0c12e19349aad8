CREATE TABLE platforms (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    platform_id UUID NOT NULL REFERENCES platforms (id) ON DELETE CASCADE,
    name TEXT,
    hash BYTEA NOT NULL UNIQUE,
    livemode BOOLEAN NOT NULL,
    last4 TEXT NOT NULL,
    revoked_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX api_keys_platform ON api_keys (platform_id, id);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
