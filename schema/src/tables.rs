// @generated automatically by Diesel CLI.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    accounts (id) {
        id -> Uuid,
        platform_id -> Uuid,
        livemode -> Bool,
        email -> Nullable<Text>,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        primary_contact_name -> Nullable<Text>,
        config -> Jsonb,
        default_outbound_did_id -> Nullable<Uuid>,
        hold_music_clip_id -> Nullable<Uuid>,
        main_location_id -> Nullable<Uuid>,
        billing_address -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    api_keys (id) {
        id -> Uuid,
        platform_id -> Uuid,
        name -> Nullable<Text>,
        hash -> Bytea,
        livemode -> Bool,
        last4 -> Text,
        revoked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    bindings (id) {
        id -> Uuid,
        account_id -> Uuid,
        user_id -> Uuid,
        endpoint_id -> Uuid,
        aor -> Text,
        contact_uri -> Text,
        instance -> Nullable<Text>,
        reg_id -> Nullable<Int4>,
        call_id -> Text,
        cseq -> Int8,
        expires_at -> Timestamptz,
        path -> Jsonb,
        flow -> Text,
        user_agent -> Nullable<Text>,
        received -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    calls (id) {
        id -> Uuid,
        account_id -> Uuid,
        direction -> Text,
        status -> Text,
        user_id -> Nullable<Uuid>,
        endpoint_id -> Nullable<Uuid>,
        did_id -> Nullable<Uuid>,
        from_number -> Text,
        from_label -> Nullable<Text>,
        to_number -> Text,
        to_label -> Nullable<Text>,
        dialed_number -> Text,
        started_at -> Timestamptz,
        answered_at -> Nullable<Timestamptz>,
        connected_at -> Nullable<Timestamptz>,
        ended_at -> Timestamptz,
        duration_seconds -> Nullable<Int4>,
        hangup_cause -> Nullable<Int4>,
        quality_metrics -> Jsonb,
        summary -> Nullable<Text>,
        sentiment -> Nullable<Jsonb>,
        sip_call_id -> Nullable<Text>,
        inbound_trunk_id -> Nullable<Uuid>,
        outbound_trunk_id -> Nullable<Uuid>,
        end_reason -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    emergency_addresses (id) {
        id -> Uuid,
        account_id -> Uuid,
        user_id -> Uuid,
        address -> Jsonb,
        registered_ip -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    endpoints (id) {
        id -> Uuid,
        account_id -> Uuid,
        user_id -> Uuid,
        name -> Nullable<Text>,
        sip_username -> Text,
        realm -> Text,
        ha1_md5 -> Text,
        ha1_sha256 -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    extensions (id) {
        id -> Uuid,
        account_id -> Uuid,
        number -> Text,
        target -> Text,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    idempotency_keys (credential, account, method, path, key) {
        credential -> Text,
        account -> Text,
        method -> Text,
        path -> Text,
        key -> Text,
        body_hash -> Bytea,
        status -> Nullable<Int4>,
        content_type -> Nullable<Text>,
        body -> Nullable<Bytea>,
        claimed_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    phone_numbers (id) {
        id -> Uuid,
        account_id -> Nullable<Uuid>,
        phone_number -> Text,
        status -> Text,
        outbound_enabled -> Bool,
        number_class -> Text,
        routing_target -> Nullable<Text>,
        inbound_routing -> Text,
        caller_id_name -> Nullable<Text>,
        caller_id_visibility -> Text,
        caller_id_prefix -> Nullable<Text>,
        directory_listing_name -> Nullable<Text>,
        directory_listing_type -> Text,
        directory_listing_location_id -> Nullable<Uuid>,
        fax_enabled -> Bool,
        config -> Jsonb,
        expires_at -> Nullable<Timestamptz>,
        disconnected_at -> Nullable<Timestamptz>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        rate_center -> Nullable<Text>,
        lata -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    platforms (id) {
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    ring_group_members (id) {
        id -> Uuid,
        account_id -> Uuid,
        ring_group_id -> Uuid,
        extension -> Nullable<Text>,
        phone_number -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    ring_groups (id) {
        id -> Uuid,
        account_id -> Uuid,
        name -> Text,
        timeout_seconds -> Int4,
        ignore_forwarding -> Bool,
        confirm_external -> Bool,
        timeout_action -> Nullable<Text>,
        timeout_target -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    session_keys (id) {
        id -> Uuid,
        secret_sealed -> Bytea,
        retired_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    settings (name) {
        name -> Text,
        value -> Bytea,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    trunks (id) {
        id -> Uuid,
        platform_id -> Uuid,
        name -> Text,
        address -> Text,
        transport -> Text,
        username -> Nullable<Text>,
        password_sealed -> Nullable<Bytea>,
        register -> Bool,
        inbound_addresses -> Jsonb,
        priority -> Int4,
        weight -> Int4,
        max_channels -> Nullable<Int4>,
        codecs -> Nullable<Jsonb>,
        enabled -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Jsonb, Timestamptz, Uuid};

    users (id) {
        id -> Uuid,
        account_id -> Uuid,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        search_text -> Text,
        outbound_caller_id_did_id -> Nullable<Uuid>,
        voicemail_pin -> Nullable<Text>,
        do_not_disturb -> Bool,
        config -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        away -> Bool,
        status_text -> Nullable<Text>,
        presence_set_at -> Nullable<Timestamptz>,
        sessions_revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(accounts -> platforms (platform_id));
diesel::joinable!(api_keys -> platforms (platform_id));
diesel::joinable!(bindings -> accounts (account_id));
diesel::joinable!(bindings -> endpoints (endpoint_id));
diesel::joinable!(bindings -> users (user_id));
diesel::joinable!(calls -> accounts (account_id));
diesel::joinable!(emergency_addresses -> accounts (account_id));
diesel::joinable!(emergency_addresses -> users (user_id));
diesel::joinable!(endpoints -> accounts (account_id));
diesel::joinable!(endpoints -> users (user_id));
diesel::joinable!(extensions -> accounts (account_id));
diesel::joinable!(phone_numbers -> accounts (account_id));
diesel::joinable!(ring_group_members -> accounts (account_id));
diesel::joinable!(ring_group_members -> ring_groups (ring_group_id));
diesel::joinable!(ring_groups -> accounts (account_id));
diesel::joinable!(trunks -> platforms (platform_id));
diesel::joinable!(users -> accounts (account_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    api_keys,
    bindings,
    calls,
    emergency_addresses,
    endpoints,
    extensions,
    idempotency_keys,
    phone_numbers,
    platforms,
    ring_group_members,
    ring_groups,
    session_keys,
    settings,
    trunks,
    users,
);
