CREATE TABLE bindings (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    endpoint_id UUID NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    aor TEXT NOT NULL,
    contact_uri TEXT NOT NULL,
    instance TEXT,
    reg_id INTEGER,
    call_id TEXT NOT NULL,
    cseq BIGINT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    path JSONB NOT NULL,
    flow TEXT NOT NULL,
    user_agent TEXT,
    received TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX bindings_endpoint ON bindings (endpoint_id);
CREATE INDEX bindings_user ON bindings (user_id);
CREATE INDEX bindings_account ON bindings (account_id);
CREATE INDEX bindings_expiry ON bindings (expires_at);
