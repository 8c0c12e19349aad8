CREATE TABLE bindings (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    endpoint_id BLOB NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    aor TEXT NOT NULL,
    contact_uri TEXT NOT NULL,
    instance TEXT,
    reg_id INTEGER,
    call_id TEXT NOT NULL,
    cseq INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    path TEXT NOT NULL,
    flow TEXT NOT NULL,
    user_agent TEXT,
    received TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX bindings_endpoint ON bindings (endpoint_id);
CREATE INDEX bindings_user ON bindings (user_id);
CREATE INDEX bindings_account ON bindings (account_id);
CREATE INDEX bindings_expiry ON bindings (expires_at);
