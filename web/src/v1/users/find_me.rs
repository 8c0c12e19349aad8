//! Find-me/follow-me: where else a user is rung, on the wire.

use schema::{
    Account, Id, TargetId, User,
    types::{FindMe, FindMeAlternate, FindMeFallback, FindMeStep, FindMeTarget},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    db::Db,
    v1::{
        accounts::known,
        body::given,
        error::{Error, Fields, Result},
        ids::EntityId,
        validate::{blame, number, text},
        words,
    },
};

/// Most steps, alternates, and targets of one step.
const MOST: usize = 20;

/// Most targets of a user in all: each is looked up when they are set.
const TARGETS_IN_ALL: usize = 200;

/// Places to ring in turn, as submitted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FindMeFollowMeInput)]
pub struct FindMeInput {
    /// Tried in order; the first answer wins.
    #[schema(max_items = 20)]
    steps: Vec<StepBody>,
    /// What follows when nobody answers.
    #[serde(default)]
    #[schema(value_type = words::Fallback, default = "voicemail")]
    fallback: FindMeFallback,
    /// For whom; none is the user's own mailbox.
    #[schema(value_type = Option<EntityId>)]
    fallback_target_id: Option<EntityId>,
    /// Whether an outside party must press a key to be connected.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    confirm_external: Option<bool>,
    /// Other ways, chosen by key when the user places a call by REST.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<AlternateBody>)]
    alternates: Option<Vec<AlternateBody>>,
}

/// Places to ring in turn.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FindMeFollowMeConfig)]
pub struct FindMeBody {
    /// Tried in order; the first answer wins.
    #[schema(max_items = 20)]
    steps: Vec<StepBody>,
    /// What follows when nobody answers.
    #[schema(value_type = words::Fallback, default = "voicemail")]
    fallback: FindMeFallback,
    /// For whom; null is the user's own mailbox.
    #[schema(value_type = Option<EntityId>)]
    fallback_target_id: Option<TargetId>,
    /// Whether an outside party must press a key to be connected.
    confirm_external: bool,
    /// Other ways, chosen by key when the user places a call by REST.
    alternates: Vec<AlternateBody>,
}

/// Another way to find a user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FindMeFollowMeAlternate)]
struct AlternateBody {
    /// By what it is chosen.
    #[schema(min_length = 1, max_length = 64)]
    key: String,
    /// Tried in order.
    #[schema(max_items = 20)]
    steps: Vec<StepBody>,
    /// What follows when nobody answers.
    #[serde(default)]
    #[schema(value_type = words::Fallback, default = "voicemail")]
    fallback: FindMeFallback,
    /// Whether an outside party must press a key to be connected.
    #[serde(default)]
    confirm_external: bool,
}

/// Places that ring together.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FindMeFollowMeStep)]
struct StepBody {
    /// The places.
    #[schema(min_items = 1)]
    targets: Vec<TargetBody>,
    /// Seconds to ring.
    #[schema(value_type = i64, minimum = 1, maximum = 300)]
    timeout: i64,
}

/// One place to ring.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FindMeFollowMeTarget)]
struct TargetBody {
    /// What kind of place.
    #[serde(rename = "type")]
    kind: TargetKind,
    /// Dial string of an outside place.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, max_length = 20)]
    number: Option<String>,
    /// The user or endpoint.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = EntityId)]
    id: Option<EntityId>,
}

/// What kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TargetKind {
    /// A dial string.
    External,
    /// All endpoints of a user.
    User,
    /// One endpoint.
    Endpoint,
}

impl FindMeInput {
    /// Whether it rings nowhere else.
    pub fn is_off(&self) -> bool {
        self.steps.is_empty() && self.alternates.as_ref().is_none_or(Vec::is_empty)
    }

    /// Notes what is wrong.
    pub fn check(&self, faults: &mut Fields, member: &str) {
        check_steps(&self.steps, faults, &format!("{member}.steps"));
        let alternates = self.alternates.as_deref().unwrap_or_default();
        let others = alternates.iter().flat_map(|one| &one.steps);
        let targets = self
            .steps
            .iter()
            .chain(others)
            .map(|step| step.targets.len());
        if targets.sum::<usize>() > TARGETS_IN_ALL {
            let reason = format!("must have at most {TARGETS_IN_ALL} targets in all");
            blame(faults, member, reason);
        }
        if alternates.len() > MOST {
            blame(
                faults,
                &format!("{member}.alternates"),
                format!("must have at most {MOST} entries"),
            );
        }
        for (place, alternate) in alternates.iter().enumerate() {
            let name = format!("{member}.alternates[{place}]");
            text(faults, &format!("{name}.key"), Some(&alternate.key), 1..=64);
            if alternates[..place]
                .iter()
                .any(|other| other.key == alternate.key)
            {
                blame(faults, &format!("{name}.key"), "is used twice");
            }
            check_steps(&alternate.steps, faults, &format!("{name}.steps"));
        }
    }

    /// Looks up whom it names.
    ///
    /// # Errors
    /// 422 when the account does not have them.
    pub async fn resolve(self, db: &Db, account: Id<Account>) -> Result<FindMe> {
        let fallback_target_id = match &self.fallback_target_id {
            Some(id) => Some(fallback_target(db, account, self.fallback, id).await?),
            None => None,
        };
        let mut alternates = Vec::new();
        for alternate in self.alternates.unwrap_or_default() {
            alternates.push(FindMeAlternate {
                key: alternate.key,
                steps: resolve_steps(db, account, alternate.steps).await?,
                fallback: alternate.fallback,
                confirm_external: alternate.confirm_external,
            });
        }
        Ok(FindMe {
            steps: resolve_steps(db, account, self.steps).await?,
            fallback: self.fallback,
            fallback_target_id,
            confirm_external: self.confirm_external.unwrap_or_default(),
            alternates,
        })
    }
}

fn check_steps(steps: &[StepBody], faults: &mut Fields, member: &str) {
    if steps.len() > MOST {
        blame(faults, member, format!("must have at most {MOST} entries"));
    }
    for (place, step) in steps.iter().enumerate() {
        let name = format!("{member}[{place}]");
        number(
            faults,
            &format!("{name}.timeout"),
            Some(step.timeout),
            1..=300,
        );
        if step.targets.is_empty() || step.targets.len() > MOST {
            blame(
                faults,
                &format!("{name}.targets"),
                format!("must have 1 to {MOST} entries"),
            );
        }
        for (place, target) in step.targets.iter().enumerate() {
            let name = format!("{name}.targets[{place}]");
            let (needed, there) = match target.kind {
                TargetKind::External => ("number", target.number.is_some()),
                TargetKind::User | TargetKind::Endpoint => ("id", target.id.is_some()),
            };
            if !there {
                blame(
                    faults,
                    &format!("{name}.{needed}"),
                    "is required for this type",
                );
            }
            text(
                faults,
                &format!("{name}.number"),
                target.number.as_ref(),
                1..=20,
            );
        }
    }
}

async fn resolve_steps(
    db: &Db,
    account: Id<Account>,
    steps: Vec<StepBody>,
) -> Result<Vec<FindMeStep>> {
    let mut resolved = Vec::with_capacity(steps.len());
    for step in steps {
        let mut targets = Vec::with_capacity(step.targets.len());
        for target in step.targets {
            targets.push(resolve_target(db, account, target).await?);
        }
        let timeout = u16::try_from(step.timeout).unwrap_or(1);
        resolved.push(FindMeStep { targets, timeout });
    }
    Ok(resolved)
}

async fn resolve_target(db: &Db, account: Id<Account>, target: TargetBody) -> Result<FindMeTarget> {
    let field = "config.find_me_follow_me.steps";
    let unknown = || {
        Error::unusable(
            field,
            "names a user or endpoint that is not in this account",
        )
    };
    let id = target.id.as_ref();
    match target.kind {
        TargetKind::External => Ok(FindMeTarget::External {
            number: target.number.unwrap_or_default(),
        }),
        TargetKind::User => {
            let id = id.and_then(EntityId::of::<User>).ok_or_else(unknown)?;
            match known(db.find_user(account, id).await)? {
                true => Ok(FindMeTarget::User { id }),
                false => Err(unknown()),
            }
        }
        TargetKind::Endpoint => {
            let id = id.and_then(EntityId::of).ok_or_else(unknown)?;
            match known(db.find_account_endpoint(account, id).await)? {
                true => Ok(FindMeTarget::Endpoint { id }),
                false => Err(unknown()),
            }
        }
    }
}

/// The target of a fallback: of a kind that fits, and of this account.
async fn fallback_target(
    db: &Db,
    account: Id<Account>,
    fallback: FindMeFallback,
    id: &EntityId,
) -> Result<TargetId> {
    let field = "config.find_me_follow_me.fallback_target_id";
    let target = id.target().filter(|target| {
        matches!(
            (fallback, target),
            (FindMeFallback::RingUser, TargetId::User(_))
                | (
                    FindMeFallback::Voicemail,
                    TargetId::User(_) | TargetId::SharedVoicemailBox(_)
                )
                | (FindMeFallback::Queue, TargetId::Queue(_))
        )
    });
    match target {
        Some(target) if db.has_target(account, target).await? => Ok(target),
        _ => Err(Error::unusable(
            field,
            "does not fit the fallback, or is not in this account",
        )),
    }
}

impl From<FindMe> for FindMeBody {
    fn from(kept: FindMe) -> Self {
        let alternate = |alternate: FindMeAlternate| AlternateBody {
            key: alternate.key,
            steps: alternate.steps.into_iter().map(StepBody::from).collect(),
            fallback: alternate.fallback,
            confirm_external: alternate.confirm_external,
        };
        Self {
            steps: kept.steps.into_iter().map(StepBody::from).collect(),
            fallback: kept.fallback,
            fallback_target_id: kept.fallback_target_id,
            confirm_external: kept.confirm_external,
            alternates: kept.alternates.into_iter().map(alternate).collect(),
        }
    }
}

impl From<FindMeStep> for StepBody {
    fn from(step: FindMeStep) -> Self {
        let target = |target: FindMeTarget| {
            let (kind, number, id) = match target {
                FindMeTarget::External { number } => (TargetKind::External, Some(number), None),
                FindMeTarget::User { id } => (TargetKind::User, None, Some(id.to_string())),
                FindMeTarget::Endpoint { id } => (TargetKind::Endpoint, None, Some(id.to_string())),
            };
            let id = id.and_then(|id| id.try_into().ok());
            TargetBody { kind, number, id }
        };
        Self {
            targets: step.targets.into_iter().map(target).collect(),
            timeout: step.timeout.into(),
        }
    }
}
