CREATE TABLE ring_groups (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    timeout_seconds INTEGER NOT NULL,
    ignore_forwarding BOOLEAN NOT NULL,
    confirm_external BOOLEAN NOT NULL,
    timeout_action TEXT,
    timeout_target TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK ((timeout_action IS NULL) = (timeout_target IS NULL))
);

CREATE INDEX ring_groups_account ON ring_groups (account_id, id);

CREATE TABLE ring_group_members (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    ring_group_id UUID NOT NULL REFERENCES ring_groups (id) ON DELETE CASCADE,
    extension TEXT,
    phone_number TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (ring_group_id, extension),
    UNIQUE (ring_group_id, phone_number),
    CHECK ((extension IS NULL) <> (phone_number IS NULL))
);

CREATE INDEX ring_group_members_target ON ring_group_members (account_id, extension);
