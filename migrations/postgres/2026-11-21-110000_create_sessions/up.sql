CREATE TABLE session_keys (
    id UUID PRIMARY KEY,
    secret_sealed BYTEA NOT NULL,
    retired_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

-- Exactly one key signs; two nodes that start at once share it.
CREATE UNIQUE INDEX session_keys_current_key ON session_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;

ALTER TABLE users ADD COLUMN away BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN status_text TEXT;
ALTER TABLE users ADD COLUMN presence_set_at TIMESTAMPTZ;
ALTER TABLE users ADD COLUMN sessions_revoked_at TIMESTAMPTZ;

CREATE TABLE emergency_addresses (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address JSONB NOT NULL,
    registered_ip TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX emergency_addresses_user ON emergency_addresses (account_id, user_id, id);
