-- Users, endpoints, numbers and trunks are named without a foreign key: a record outlives them.
CREATE TABLE calls (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id UUID,
    endpoint_id UUID,
    did_id UUID,
    from_number TEXT NOT NULL,
    from_label TEXT,
    to_number TEXT NOT NULL,
    to_label TEXT,
    dialed_number TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    answered_at TIMESTAMPTZ,
    connected_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ NOT NULL,
    duration_seconds INTEGER,
    hangup_cause INTEGER,
    quality_metrics JSONB NOT NULL,
    summary TEXT,
    sentiment JSONB,
    sip_call_id TEXT,
    inbound_trunk_id UUID,
    outbound_trunk_id UUID,
    end_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX calls_account ON calls (account_id, id);
CREATE INDEX calls_user ON calls (account_id, user_id, id);
CREATE INDEX calls_did ON calls (account_id, did_id, id);
CREATE INDEX calls_started ON calls (account_id, started_at);
