CREATE TABLE session_keys (
    id BLOB PRIMARY KEY,
    secret_sealed BLOB NOT NULL,
    retired_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- Exactly one key signs; two nodes that start at once share it.
CREATE UNIQUE INDEX session_keys_current_key ON session_keys ((retired_at IS NULL)) WHERE retired_at IS NULL;

ALTER TABLE users ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN status_text TEXT;
ALTER TABLE users ADD COLUMN presence_set_at INTEGER;
ALTER TABLE users ADD COLUMN sessions_revoked_at INTEGER;

CREATE TABLE emergency_addresses (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    registered_ip TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX emergency_addresses_user ON emergency_addresses (account_id, user_id, id);
