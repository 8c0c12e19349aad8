//! Ring groups and their members.

use diesel::prelude::*;

use crate::account::Account;
use crate::db::queries;
use crate::error::DbError;
use crate::id::{Id, Kind};
use crate::page::{Slice, Window, slice};
use crate::tables::{extensions, phone_numbers, ring_group_members, ring_groups};
use crate::types::{TargetId, Time, TimeoutAction};

/// Rings all its members at once.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = ring_groups)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct RingGroup {
    /// Its id.
    pub id: Id<RingGroup>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Its name, 1 to 255 characters.
    pub name: String,
    /// Seconds to ring, 5 to 300.
    pub timeout_seconds: i32,
    /// Whether redirects (302) of members' phones count as busy.
    pub ignore_forwarding: bool,
    /// Whether members by number must press a key to be connected.
    pub confirm_external: bool,
    /// What follows when nobody answers; set together with the target.
    pub timeout_action: Option<TimeoutAction>,
    /// For whom.
    pub timeout_target: Option<TargetId>,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for RingGroup {
    const PREFIX: &'static str = "rg";
}

/// One place that rings: exactly one of target and number is set.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = ring_group_members)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct RingGroupMember {
    /// Its id.
    pub id: Id<RingGroupMember>,
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Of which group.
    pub ring_group_id: Id<RingGroup>,
    /// The target that rings.
    pub extension: Option<TargetId>,
    /// The number that is dialled.
    pub phone_number: Option<String>,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for RingGroupMember {
    const PREFIX: &'static str = "rgm";
}

/// What a member rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberTarget {
    /// A target of the account.
    Extension(TargetId),
    /// A dial string, 1 to 64 characters.
    PhoneNumber(String),
}

/// A ring group to add; it starts empty.
#[derive(Debug, Clone)]
pub struct NewRingGroup {
    /// Where it belongs.
    pub account_id: Id<Account>,
    /// Its name.
    pub name: String,
    /// Seconds to ring.
    pub timeout_seconds: i32,
    /// See [`RingGroup::ignore_forwarding`].
    pub ignore_forwarding: bool,
    /// See [`RingGroup::confirm_external`].
    pub confirm_external: bool,
    /// What follows when nobody answers, and for whom.
    pub timeout: Option<(TimeoutAction, TargetId)>,
}

impl From<NewRingGroup> for RingGroup {
    fn from(new: NewRingGroup) -> Self {
        let now = Time::now();
        let (timeout_action, timeout_target) = new.timeout.unzip();
        Self {
            id: Id::new(),
            account_id: new.account_id,
            name: new.name,
            timeout_seconds: new.timeout_seconds,
            ignore_forwarding: new.ignore_forwarding,
            confirm_external: new.confirm_external,
            timeout_action,
            timeout_target,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What to change of a ring group; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct RingGroupChanges {
    /// See [`RingGroup::name`].
    pub name: Option<String>,
    /// See [`RingGroup::timeout_seconds`].
    pub timeout_seconds: Option<i32>,
    /// See [`RingGroup::ignore_forwarding`].
    pub ignore_forwarding: Option<bool>,
    /// See [`RingGroup::confirm_external`].
    pub confirm_external: Option<bool>,
    /// What follows when nobody answers, and for whom.
    pub timeout: Option<Option<(TimeoutAction, TargetId)>>,
}

#[derive(AsChangeset)]
#[diesel(table_name = ring_groups)]
struct Changes {
    name: Option<String>,
    timeout_seconds: Option<i32>,
    ignore_forwarding: Option<bool>,
    confirm_external: Option<bool>,
    timeout_action: Option<Option<TimeoutAction>>,
    timeout_target: Option<Option<TargetId>>,
    updated_at: Time,
}

impl From<RingGroupChanges> for Changes {
    fn from(changes: RingGroupChanges) -> Self {
        let (timeout_action, timeout_target) = changes.timeout.map(Option::unzip).unzip();
        Self {
            name: changes.name,
            timeout_seconds: changes.timeout_seconds,
            ignore_forwarding: changes.ignore_forwarding,
            confirm_external: changes.confirm_external,
            timeout_action,
            timeout_target,
            updated_at: Time::now(),
        }
    }
}

/// What became of the wish to delete a ring group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RingGroupDeletion {
    /// It is gone, with its members; numbers and groups that led to it lead nowhere.
    Deleted(RingGroup),
    /// It stays, because these extensions lead to it.
    InUse {
        /// Their numbers, newest first.
        extensions: Vec<String>,
    },
}

queries! {
    /// A page of an account's ring groups.
    read fn list_ring_groups(c, account: Id<Account>, window: Window<RingGroup>) -> Slice<RingGroup> {
        let query = || ring_groups::table.filter(ring_groups::account_id.eq(account)).into_boxed::<Backend>();
        slice!(c, window, RingGroup, ring_groups::id, query)
    }

    /// One ring group of an account.
    read fn find_ring_group(c, account: Id<Account>, id: Id<RingGroup>) -> RingGroup {
        let found = ring_groups::table.filter(ring_groups::account_id.eq(account)).filter(ring_groups::id.eq(id));
        Ok(found.select(RingGroup::as_select()).first(c).await?)
    }

    /// All members of these groups, oldest first.
    read fn list_ring_group_members(
        c, account: Id<Account>, groups: Vec<Id<RingGroup>>
    ) -> Vec<RingGroupMember> {
        let found = ring_group_members::table.filter(ring_group_members::account_id.eq(account))
            .filter(ring_group_members::ring_group_id.eq_any(groups));
        Ok(found.order(ring_group_members::id.asc()).select(RingGroupMember::as_select()).load(c).await?)
    }

    /// Adds a ring group.
    write fn insert_ring_group(c, new: NewRingGroup) -> RingGroup {
        let group = RingGroup::from(new);
        diesel::insert_into(ring_groups::table).values(&group).execute(c).await?;
        Ok(group)
    }

    /// Changes a ring group.
    write fn update_ring_group(
        c, account: Id<Account>, id: Id<RingGroup>, changes: RingGroupChanges
    ) -> RingGroup {
        let row = ring_groups::table.filter(ring_groups::account_id.eq(account)).filter(ring_groups::id.eq(id));
        Ok(diesel::update(row).set(Changes::from(changes))
            .returning(RingGroup::as_returning()).get_result(c).await?)
    }

    /// Deletes a ring group, unless an extension leads to it.
    write fn delete_ring_group(c, account: Id<Account>, id: Id<RingGroup>) -> RingGroupDeletion {
        write_tx!(c, {
            let (target, now) = (TargetId::RingGroup(id), Time::now());
            let row = ring_groups::table.filter(ring_groups::account_id.eq(account)).filter(ring_groups::id.eq(id));
            let group: RingGroup = diesel::update(row).set(ring_groups::updated_at.eq(ring_groups::updated_at))
                .returning(RingGroup::as_returning()).get_result(c).await?;
            let extensions: Vec<String> = extensions::table
                .filter(extensions::account_id.eq(account)).filter(extensions::target.eq(target))
                .order(extensions::id.desc()).select(extensions::number).load(c).await?;
            if !extensions.is_empty() {
                return Ok(RingGroupDeletion::InUse { extensions });
            }
            diesel::delete(ring_group_members::table
                .filter(ring_group_members::account_id.eq(account)).filter(ring_group_members::extension.eq(target)))
                .execute(c).await?;
            let numbers = phone_numbers::table
                .filter(phone_numbers::account_id.eq(account)).filter(phone_numbers::routing_target.eq(target));
            diesel::update(numbers).set((
                phone_numbers::routing_target.eq(None::<TargetId>),
                phone_numbers::updated_at.eq(now),
            )).execute(c).await?;
            diesel::delete(row).execute(c).await?;
            Ok(RingGroupDeletion::Deleted(group))
        })
    }

    /// Adds a member; `Conflict` when the group has it, `NotFound` when the account has no such group.
    write fn insert_ring_group_member(
        c, account: Id<Account>, group: Id<RingGroup>, rings: MemberTarget
    ) -> RingGroupMember {
        write_tx!(c, {
            let now = Time::now();
            let row = ring_groups::table.filter(ring_groups::account_id.eq(account)).filter(ring_groups::id.eq(group));
            let found = diesel::update(row).set(ring_groups::updated_at.eq(now)).execute(c).await?;
            if found == 0 {
                return Err(DbError::NotFound);
            }
            let (extension, phone_number) = match rings {
                MemberTarget::Extension(target) => (Some(target), None),
                MemberTarget::PhoneNumber(number) => (None, Some(number)),
            };
            let member = RingGroupMember {
                id: Id::new(),
                account_id: account,
                ring_group_id: group,
                extension,
                phone_number,
                created_at: now,
                updated_at: now,
            };
            diesel::insert_into(ring_group_members::table).values(&member).execute(c).await?;
            Ok(member)
        })
    }

    /// Takes a member out.
    write fn delete_ring_group_member(
        c, account: Id<Account>, group: Id<RingGroup>, id: Id<RingGroupMember>
    ) -> RingGroupMember {
        let row = ring_group_members::table.filter(ring_group_members::account_id.eq(account))
            .filter(ring_group_members::ring_group_id.eq(group)).filter(ring_group_members::id.eq(id));
        Ok(diesel::delete(row).returning(RingGroupMember::as_returning()).get_result(c).await?)
    }
}
