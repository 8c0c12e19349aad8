CREATE TABLE accounts (
    id UUID PRIMARY KEY,
    platform_id UUID NOT NULL REFERENCES platforms (id) ON DELETE CASCADE,
    livemode BOOLEAN NOT NULL,
    email TEXT,
    name TEXT,
    phone TEXT,
    primary_contact_name TEXT,
    config JSONB NOT NULL,
    default_outbound_did_id UUID,
    hold_music_clip_id UUID,
    main_location_id UUID,
    billing_address JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX accounts_platform ON accounts (platform_id, livemode, id);
