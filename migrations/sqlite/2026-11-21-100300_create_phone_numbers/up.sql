CREATE TABLE phone_numbers (
    id BLOB PRIMARY KEY,
    account_id BLOB REFERENCES accounts (id) ON DELETE SET NULL,
    phone_number TEXT NOT NULL,
    status TEXT NOT NULL,
    outbound_enabled INTEGER NOT NULL,
    number_class TEXT NOT NULL,
    routing_target TEXT,
    inbound_routing TEXT NOT NULL,
    caller_id_name TEXT,
    caller_id_visibility TEXT NOT NULL,
    caller_id_prefix TEXT,
    directory_listing_name TEXT,
    directory_listing_type TEXT NOT NULL,
    directory_listing_location_id BLOB,
    fax_enabled INTEGER NOT NULL,
    config TEXT NOT NULL,
    expires_at INTEGER,
    disconnected_at INTEGER,
    city TEXT,
    state TEXT,
    rate_center TEXT,
    lata TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (inbound_routing <> 'drop' OR routing_target IS NULL)
) STRICT;

-- A number that went back to the carrier may come again under a new id.
CREATE UNIQUE INDEX phone_numbers_phone_number_key ON phone_numbers (phone_number) WHERE status <> 'released';
CREATE INDEX phone_numbers_account ON phone_numbers (account_id, id);
