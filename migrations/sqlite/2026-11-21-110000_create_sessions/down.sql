DROP TABLE emergency_addresses;
ALTER TABLE users DROP COLUMN sessions_revoked_at;
ALTER TABLE users DROP COLUMN presence_set_at;
ALTER TABLE users DROP COLUMN status_text;
ALTER TABLE users DROP COLUMN away;
DROP TABLE session_keys;
