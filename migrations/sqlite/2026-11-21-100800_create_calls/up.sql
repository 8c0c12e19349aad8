-- Users, endpoints, numbers and trunks are named without a foreign key: a record outlives them.
CREATE TABLE calls (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id BLOB,
    endpoint_id BLOB,
    did_id BLOB,
    from_number TEXT NOT NULL,
    from_label TEXT,
    to_number TEXT NOT NULL,
    to_label TEXT,
    dialed_number TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    connected_at INTEGER,
    ended_at INTEGER NOT NULL,
    duration_seconds INTEGER,
    hangup_cause INTEGER,
    quality_metrics TEXT NOT NULL,
    summary TEXT,
    sentiment TEXT,
    sip_call_id TEXT,
    inbound_trunk_id BLOB,
    outbound_trunk_id BLOB,
    end_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX calls_account ON calls (account_id, id);
CREATE INDEX calls_user ON calls (account_id, user_id, id);
CREATE INDEX calls_did ON calls (account_id, did_id, id);
CREATE INDEX calls_started ON calls (account_id, started_at);
