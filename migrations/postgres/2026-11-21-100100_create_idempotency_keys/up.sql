CREATE TABLE idempotency_keys (
    credential TEXT NOT NULL,
    account TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER,
    content_type TEXT,
    body BYTEA,
    claimed_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (credential, account, method, path, key)
);

CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
