CREATE TABLE accounts (
    id BLOB PRIMARY KEY,
    platform_id BLOB NOT NULL REFERENCES platforms (id) ON DELETE CASCADE,
    livemode INTEGER NOT NULL,
    email TEXT,
    name TEXT,
    phone TEXT,
    primary_contact_name TEXT,
    config TEXT NOT NULL,
    default_outbound_did_id BLOB,
    hold_music_clip_id BLOB,
    main_location_id BLOB,
    billing_address TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX accounts_platform ON accounts (platform_id, livemode, id);
