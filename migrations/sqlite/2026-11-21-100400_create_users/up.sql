CREATE TABLE users (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT,
    email TEXT,
    search_text TEXT NOT NULL,
    outbound_caller_id_did_id BLOB,
    voicemail_pin TEXT,
    do_not_disturb INTEGER NOT NULL,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX users_account ON users (account_id, id);
CREATE UNIQUE INDEX users_account_id_email_key ON users (account_id, lower(email));

CREATE TABLE endpoints (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT,
    sip_username TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX endpoints_user ON endpoints (user_id, id);
CREATE INDEX endpoints_account ON endpoints (account_id, id);

CREATE TABLE extensions (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    target TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, number)
) STRICT;

CREATE INDEX extensions_account ON extensions (account_id, id);
CREATE INDEX extensions_target ON extensions (account_id, target, id);
