CREATE TABLE phone_numbers (
    id UUID PRIMARY KEY,
    account_id UUID REFERENCES accounts (id) ON DELETE SET NULL,
    phone_number TEXT NOT NULL,
    status TEXT NOT NULL,
    outbound_enabled BOOLEAN NOT NULL,
    number_class TEXT NOT NULL,
    routing_target TEXT,
    inbound_routing TEXT NOT NULL,
    caller_id_name TEXT,
    caller_id_visibility TEXT NOT NULL,
    caller_id_prefix TEXT,
    directory_listing_name TEXT,
    directory_listing_type TEXT NOT NULL,
    directory_listing_location_id UUID,
    fax_enabled BOOLEAN NOT NULL,
    config JSONB NOT NULL,
    expires_at TIMESTAMPTZ,
    disconnected_at TIMESTAMPTZ,
    city TEXT,
    state TEXT,
    rate_center TEXT,
    lata TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (inbound_routing <> 'drop' OR routing_target IS NULL)
);

-- A number that went back to the carrier may come again under a new id.
CREATE UNIQUE INDEX phone_numbers_phone_number_key ON phone_numbers (phone_number) WHERE status <> 'released';
CREATE INDEX phone_numbers_account ON phone_numbers (account_id, id);
