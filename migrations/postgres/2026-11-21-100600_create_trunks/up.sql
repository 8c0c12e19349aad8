CREATE TABLE trunks (
    id UUID PRIMARY KEY,
    platform_id UUID NOT NULL REFERENCES platforms (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    transport TEXT NOT NULL,
    username TEXT,
    password_sealed BYTEA,
    register BOOLEAN NOT NULL,
    inbound_addresses JSONB NOT NULL,
    priority INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    max_channels INTEGER,
    codecs JSONB,
    enabled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX trunks_platform ON trunks (platform_id, id);
