//! Ring groups: all members ring together, the first answer wins.

mod body;
mod members;

use std::collections::HashMap;

use actix_web::{delete, get, post, web::Data};
use schema::{
    Account, Id, NewRingGroup, RingGroup, RingGroupChanges, RingGroupDeletion, RingGroupMember,
    TargetId, types::TimeoutAction,
};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{RingGroupBody, RingGroupCreate, RingGroupUpdate};
use super::{
    accounts::known,
    body::Body,
    error::{Error, Fields, Result},
    extensions::Extensions,
    ids::{At, EntityId},
    reply::{Created, Deleted, Found, List},
    users::ExpandExtensions,
};
use crate::{
    caller::Caller,
    change::Change,
    db::Db,
    expand::Expand,
    page::{Page, PageParams},
    state::State,
};

/// Seconds a new group rings when nothing is said.
const TIMEOUT: i32 = 20;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_ring_group)
        .service(list_ring_groups)
        .service(find_ring_group)
        .service(update_ring_group)
        .service(delete_ring_group)
        .configure(members::routes);
}

/// Create a ring group; it starts empty.
#[utoipa::path(tag = "ring_groups", request_body = RingGroupCreate, responses(
    (status = 201, body = RingGroupBody), (status = 422),
))]
#[post("")]
async fn create_ring_group(
    caller: Caller,
    db: Db,
    Body(body): Body<RingGroupCreate>,
) -> Result<Created<RingGroupBody>> {
    let timeout = match (body.timeout_action, &body.timeout_target) {
        (Some(action), Some(target)) => {
            Some((action, fitting(&db, caller.account, action, target).await?))
        }
        _ => None,
    };
    let seconds = body
        .timeout_seconds
        .and_then(|seconds| seconds.try_into().ok());
    let new = NewRingGroup {
        account_id: caller.account,
        name: body.name,
        timeout_seconds: seconds.unwrap_or(TIMEOUT),
        ignore_forwarding: body.ignore_forwarding.unwrap_or_default(),
        confirm_external: body.confirm_external.unwrap_or_default(),
        timeout,
    };
    let group = db.insert_ring_group(new).await?;
    Ok(Created(RingGroupBody::new(group, Vec::new(), None)))
}

/// List ring groups with their members.
#[utoipa::path(tag = "ring_groups", params(PageParams, ExpandExtensions), responses(
    (status = 200, body = List<RingGroupBody>),
))]
#[get("")]
async fn list_ring_groups(
    caller: Caller,
    db: Db,
    page: Page,
    expand: Expand,
) -> Result<List<RingGroupBody>> {
    let known = async |id| known(db.find_ring_group(caller.account, id).await);
    let window = page.window::<RingGroup>(known).await?;
    let slice = db.list_ring_groups(caller.account, window).await?;
    let ids: Vec<_> = slice.rows.iter().map(|group| group.id).collect();
    let targets = ids.iter().copied().map(TargetId::RingGroup).collect();
    let mut extensions = Extensions::load(&db, caller.account, &expand, targets).await?;
    let mut members: HashMap<_, Vec<RingGroupMember>> = HashMap::new();
    for member in db.list_ring_group_members(caller.account, ids).await? {
        members
            .entry(member.ring_group_id)
            .or_default()
            .push(member);
    }
    let body = |group: RingGroup| {
        let members = members.remove(&group.id).unwrap_or_default();
        let extensions = extensions.take(TargetId::RingGroup(group.id));
        RingGroupBody::new(group, members, extensions)
    };
    Ok(page.list(slice, |group| group.id, body))
}

/// Retrieve a ring group with its members.
#[utoipa::path(tag = "ring_groups", params(("ring_group_id" = EntityId, Path), ExpandExtensions), responses(
    (status = 200, body = RingGroupBody),
))]
#[get("/{ring_group_id}")]
async fn find_ring_group(
    caller: Caller,
    db: Db,
    id: At<Id<RingGroup>>,
    expand: Expand,
) -> Result<Found<RingGroupBody>> {
    let group = db.find_ring_group(caller.account, *id).await?;
    let members = db
        .list_ring_group_members(caller.account, vec![*id])
        .await?;
    let target = TargetId::RingGroup(*id);
    let mut extensions = Extensions::load(&db, caller.account, &expand, vec![target]).await?;
    Ok(Found(RingGroupBody::new(
        group,
        members,
        extensions.take(target),
    )))
}

/// Update a ring group; what is not sent stays.
#[utoipa::path(tag = "ring_groups", params(("ring_group_id" = EntityId, Path)), request_body = RingGroupUpdate,
    responses((status = 200, body = RingGroupBody), (status = 422)))]
#[post("/{ring_group_id}")]
async fn update_ring_group(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<RingGroup>>,
    Body(body): Body<RingGroupUpdate>,
) -> Result<Found<RingGroupBody>> {
    let group = db.find_ring_group(caller.account, *id).await?;
    let timeout = timeout_change(&db, &group, body.timeout_action, body.timeout_target).await?;
    let changes = RingGroupChanges {
        name: body.name,
        timeout_seconds: body
            .timeout_seconds
            .and_then(|seconds| seconds.try_into().ok()),
        ignore_forwarding: body.ignore_forwarding,
        confirm_external: body.confirm_external,
        timeout,
    };
    let group = db.update_ring_group(caller.account, *id, changes).await?;
    state
        .exchange
        .changed(actors::Change::RingGroupChanged(*id));
    let members = db
        .list_ring_group_members(caller.account, vec![*id])
        .await?;
    Ok(Found(RingGroupBody::new(group, members, None)))
}

/// Delete a ring group; refused while an extension leads to it.
#[utoipa::path(tag = "ring_groups", params(("ring_group_id" = EntityId, Path)), responses(
    (status = 204), (status = 409),
))]
#[delete("/{ring_group_id}")]
async fn delete_ring_group(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<RingGroup>>,
) -> Result<Deleted> {
    match db.delete_ring_group(caller.account, *id).await? {
        RingGroupDeletion::Deleted(_) => {
            state
                .exchange
                .changed(actors::Change::RingGroupChanged(*id));
            Ok(Deleted)
        }
        RingGroupDeletion::InUse { .. } => Err(Error::Conflict {
            code: "ring_group_in_use",
            message: "An extension still leads to the ring group",
        }),
    }
}

/// What an update does to action and target, which only exist together.
async fn timeout_change(
    db: &Db,
    group: &RingGroup,
    action: Change<TimeoutAction>,
    target: Change<EntityId>,
) -> Result<Option<Option<(TimeoutAction, TargetId)>>> {
    let alone = || {
        let reason = "timeout_action and timeout_target go together";
        let name = match action {
            Change::Set(_) => "timeout_target",
            _ => "timeout_action",
        };
        Error::Unusable(Fields::from([(name.to_owned(), reason.to_owned())]))
    };
    match (&action, &target) {
        (Change::Keep, Change::Keep) => Ok(None),
        (Change::Clear, Change::Keep | Change::Clear) | (Change::Keep, Change::Clear) => {
            Ok(Some(None))
        }
        (Change::Clear, Change::Set(_)) | (Change::Set(_), Change::Clear) => Err(alone()),
        (Change::Set(action), Change::Set(target)) => {
            let target = fitting(db, group.account_id, *action, target).await?;
            Ok(Some(Some((*action, target))))
        }
        (Change::Set(action), Change::Keep) => {
            let kept = group.timeout_target.ok_or_else(alone)?;
            if !fits(*action, kept) {
                return Err(unfit());
            }
            Ok(Some(Some((*action, kept))))
        }
        (Change::Keep, Change::Set(target)) => {
            let kept = group.timeout_action.ok_or_else(alone)?;
            let target = fitting(db, group.account_id, kept, target).await?;
            Ok(Some(Some((kept, target))))
        }
    }
}

/// The target of a time-out: of a kind that fits the action, and of this account.
async fn fitting(
    db: &Db,
    account: Id<Account>,
    action: TimeoutAction,
    target: &EntityId,
) -> Result<TargetId> {
    let target = target.target().filter(|target| fits(action, *target));
    match target {
        Some(target) if db.has_target(account, target).await? => Ok(target),
        _ => Err(unfit()),
    }
}

fn fits(action: TimeoutAction, target: TargetId) -> bool {
    matches!(
        (action, target),
        (TimeoutAction::RingUser, TargetId::User(_))
            | (
                TimeoutAction::Voicemail,
                TargetId::User(_) | TargetId::SharedVoicemailBox(_)
            )
            | (TimeoutAction::Queue, TargetId::Queue(_))
    )
}

fn unfit() -> Error {
    Error::unusable(
        "timeout_target",
        "does not fit the action, or is not in this account",
    )
}
