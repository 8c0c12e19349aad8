//! Members of a ring group: added and removed one by one, never changed.

use actix_web::{delete, post, web::Data};
use schema::{Id, MemberTarget, RingGroup, RingGroupMember, TargetId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Caller,
    db::Db,
    state::State,
    v1::{
        body::{Body, Check, given},
        error::{Error, Fields, Result},
        ids::{At, EntityId},
        reply::{Created, Deleted},
        validate::{blame, text},
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(add_member).service(remove_member);
}

/// A new member: exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RingGroupMemberCreate)]
pub struct MemberCreate {
    /// A target, as a user.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    extension: Option<EntityId>,
    /// A dial string.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    phone_number: Option<String>,
}

impl Check for MemberCreate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "phone_number", self.phone_number.as_ref(), 1..=64);
        match (self.extension.is_some(), self.phone_number.is_some()) {
            (true, true) => blame(faults, "phone_number", "excludes extension; send only one"),
            (false, false) => blame(faults, "extension", "this or phone_number is required"),
            _ => {}
        }
    }
}

/// One place that rings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RingGroupMember)]
pub struct MemberBody {
    /// Prefix `rgm`.
    #[schema(value_type = EntityId)]
    id: Id<RingGroupMember>,
    /// Of which group.
    #[schema(value_type = EntityId)]
    ring_group_id: Id<RingGroup>,
    /// Same as `ring_group_id`.
    #[schema(value_type = EntityId)]
    ring_group: Id<RingGroup>,
    /// The target, or null.
    #[schema(value_type = Option<EntityId>)]
    extension: Option<TargetId>,
    /// The dial string, or null.
    phone_number: Option<String>,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
}

impl From<RingGroupMember> for MemberBody {
    fn from(member: RingGroupMember) -> Self {
        Self {
            id: member.id,
            ring_group_id: member.ring_group_id,
            ring_group: member.ring_group_id,
            extension: member.extension,
            phone_number: member.phone_number,
            created_at: member.created_at,
        }
    }
}

/// Add a member.
#[utoipa::path(tag = "ring_groups", params(("ring_group_id" = EntityId, Path)), request_body = MemberCreate,
    responses((status = 201, body = MemberBody), (status = 422)))]
#[post("/{ring_group_id}/members")]
async fn add_member(
    caller: Caller,
    db: Db,
    state: Data<State>,
    group: At<Id<RingGroup>>,
    Body(body): Body<MemberCreate>,
) -> Result<Created<MemberBody>> {
    db.find_ring_group(caller.account, *group).await?;
    let rings = match (&body.extension, body.phone_number) {
        (Some(target), _) => {
            MemberTarget::Extension(member_target(&db, &caller, *group, target).await?)
        }
        (None, Some(number)) => MemberTarget::PhoneNumber(number),
        (None, None) => return Err(Error::Internal),
    };
    let member = db
        .insert_ring_group_member(caller.account, *group, rings)
        .await?;
    state
        .exchange
        .changed(actors::Change::RingGroupChanged(*group));
    Ok(Created(member.into()))
}

/// A target of the account that does not contain the group itself.
async fn member_target(
    db: &Db,
    caller: &Caller,
    group: Id<RingGroup>,
    target: &EntityId,
) -> Result<TargetId> {
    let unknown = || Error::unusable("extension", "is not a routing target of this account");
    let target = target.target().ok_or_else(unknown)?;
    if !db.has_target(caller.account, target).await? {
        return Err(unknown());
    }
    if let TargetId::RingGroup(inner) = target
        && reaches(db, caller, inner, group).await?
    {
        return Err(Error::unusable(
            "extension",
            "would put the group inside itself",
        ));
    }
    Ok(target)
}

/// Whether `from` is `to` or has it among its members, however deep.
async fn reaches(db: &Db, caller: &Caller, from: Id<RingGroup>, to: Id<RingGroup>) -> Result<bool> {
    let mut seen = vec![from];
    let mut layer = vec![from];
    while !layer.is_empty() {
        if layer.contains(&to) {
            return Ok(true);
        }
        let members = db.list_ring_group_members(caller.account, layer).await?;
        layer = Vec::new();
        for member in members {
            if let Some(TargetId::RingGroup(inner)) = member.extension
                && !seen.contains(&inner)
            {
                seen.push(inner);
                layer.push(inner);
            }
        }
    }
    Ok(false)
}

/// Remove a member.
#[utoipa::path(tag = "ring_groups", params(("ring_group_id" = EntityId, Path), ("member_id" = EntityId, Path)),
    responses((status = 204)))]
#[delete("/{ring_group_id}/members/{member_id}")]
async fn remove_member(
    caller: Caller,
    db: Db,
    state: Data<State>,
    ids: At<(Id<RingGroup>, Id<RingGroupMember>)>,
) -> Result<Deleted> {
    db.delete_ring_group_member(caller.account, ids.0, ids.1)
        .await?;
    state
        .exchange
        .changed(actors::Change::RingGroupChanged(ids.0));
    Ok(Deleted)
}
