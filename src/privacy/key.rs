//! The keys of masks: stored wrapped, and the key that wraps them kept outside the database.
//!
//! A key has an id, and belongs to an epoch of a recipient or of everybody. `rotate_key` begins an epoch: what was
//! masked before and what is masked from then on cannot be joined. A recipient without keys of its own uses what is
//! derived from that of everybody. A key that is destroyed takes the link with it between what left under it and whom
//! it was about; it is never made again, and the epochs before it do not come back.
use crate::audit::{self, Act};
use crate::core::privacy::key::{self as keys, LENGTH, NONCE};
use crate::error;
use crate::pg::mask::{self, export};
use crate::pg::{owner, roles, spi};
use crate::registry::one_at_a_time;
use crate::settings;
use pgrx::Uuid;
use serde_json::json;
use std::collections::HashMap;

/// What a plan names a key by: its id and the recipient that what it makes is for.
pub type Reference = String;

/// The key that wraps the stored ones; read anew each time and kept nowhere.
#[must_use]
pub fn wrapping() -> Option<[u8; LENGTH]> {
    let content = match settings::text(&settings::KEY_FILE) {
        Some(file) => std::fs::read(file).ok()?,
        None => {
            let command = settings::text(&settings::KEY_COMMAND)?;
            let output = std::process::Command::new("/bin/sh").arg("-c").arg(command).output().ok()?;
            output.status.success().then_some(output.stdout)?
        }
    };
    keys::parse_wrapping_key(&content)
}

/// The newest key of a recipient, else of everybody: its id, and whether it is still there.
fn newest(recipient: &str) -> Option<(Uuid, bool)> {
    owner::run(|| {
        spi::select_latest(
            "SELECT id, wrapped IS NOT NULL FROM governance.key WHERE recipient IN ($1, '')
              ORDER BY recipient <> '' DESC, epoch DESC LIMIT 1",
            &[recipient.into()],
            |r| (r.must(1), r.must(2)),
        )
    })
    .into_iter()
    .next()
}

/// Whether everybody has a key.
#[must_use]
pub fn exists() -> bool {
    newest("").is_some_and(|(_, is_there)| is_there)
}

/// By which what is masked for a recipient names its key; None where there is none, or it was destroyed.
#[must_use]
pub fn reference(recipient: &str) -> Option<Reference> {
    newest(recipient).filter(|(_, is_there)| *is_there).map(|(id, _)| format!("{id}/{recipient}"))
}

/// The id of the key in use for a recipient.
#[must_use]
pub fn id(recipient: &str) -> Option<String> {
    newest(recipient).filter(|(_, is_there)| *is_there).map(|(id, _)| id.to_string())
}

/// The newest key of each recipient, None where that was destroyed; that of everybody under the empty name.
#[must_use]
pub fn in_use() -> HashMap<String, Option<String>> {
    owner::run(|| {
        spi::select_latest(
            "SELECT DISTINCT ON (recipient) recipient, CASE WHEN wrapped IS NOT NULL THEN id::text END
               FROM governance.key ORDER BY recipient, epoch DESC",
            &[],
            |r| (r.must(1), r.get(2)),
        )
    })
    .into_iter()
    .collect()
}

/// The key that a reference names, for its recipient; None where it was destroyed, or nothing unwraps it.
#[must_use]
pub fn open(reference: &str) -> Option<[u8; LENGTH]> {
    let (id, recipient) = reference.split_once('/')?;
    let (recipient_of_key, nonce, wrapped) = owner::run(|| {
        spi::select_latest(
            "SELECT recipient, nonce, wrapped FROM governance.key WHERE id::text = $1 AND wrapped IS NOT NULL",
            &[id.into()],
            |r| (r.must::<String>(1), r.must::<Vec<u8>>(2), r.must::<Vec<u8>>(3)),
        )
    })
    .into_iter()
    .next()?;
    let key = keys::unwrap(&wrapping()?, &nonce, &bound_to(id, &recipient_of_key), &wrapped)?;
    keys::for_recipient(&key, recipient)
}

/// What a wrapped key is bound to: it cannot be passed off as another.
fn bound_to(id: &str, recipient: &str) -> String {
    format!("{id}/{recipient}")
}

/// Makes the key of a recipient, or of everybody, where there is none and it can be wrapped and written; whether it did.
pub fn ensure(recipient: &str) -> bool {
    let of_its_own = || {
        owner::run(|| {
            spi::select_one(
                "SELECT true FROM governance.key WHERE recipient = $1 LIMIT 1",
                &[recipient.into()],
                |r| r.must::<bool>(1),
            )
        })
    };
    if !export::can_write() || of_its_own().is_some() || wrapping().is_none() {
        return false;
    }
    one_at_a_time();
    of_its_own().is_none() && add(recipient, "create_key", None).is_some()
}

/// Begins a new epoch; the id of its key.
pub fn rotate(recipient: &str, reason: Option<&str>) -> Uuid {
    one_at_a_time();
    add(recipient, "rotate_key", reason).unwrap_or_else(|| error::privacy::no_wrapping_key().raise())
}

/// Adds the key of the next epoch. None where nothing can wrap it.
fn add(recipient: &str, verb: &str, reason: Option<&str>) -> Option<Uuid> {
    let (id, epoch) = owner::run(|| {
        spi::select_latest(
            "SELECT governance._uuid(), coalesce(max(epoch), 0) + 1 FROM governance.key WHERE recipient = $1",
            &[recipient.into()],
            |r| (r.must::<Uuid>(1), r.must::<i32>(2)),
        )
    })
    .into_iter()
    .next()?;
    let nonce = export::random::<NONCE>()?;
    let bound = bound_to(&id.to_string(), recipient);
    let wrapped = keys::wrap(&wrapping()?, &nonce, &bound, &export::random::<LENGTH>()?)?;
    let me = roles::name(roles::current());
    owner::run(|| {
        spi::execute(
            "INSERT INTO governance.key (id, recipient, epoch, nonce, wrapped, created_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                id.into(),
                recipient.into(),
                epoch.into(),
                nonce.to_vec().into(),
                wrapped.into(),
                me.into(),
                reason.into(),
            ],
        )
    });
    mask::forget_key();
    act(verb, &id.to_string(), Some(json!({"recipient": recipient, "epoch": epoch})), reason);
    Some(id)
}

/// Destroys a key for good: an erasure.
pub fn destroy(id: Uuid, reason: &str) {
    one_at_a_time();
    let me = roles::name(roles::current());
    let destroyed: Vec<(String, i32)> = owner::run(|| {
        spi::execute_returning(
            "UPDATE governance.key SET wrapped = NULL, nonce = NULL, destroyed_at = clock_timestamp(), destroyed_by = $2,
                    reason = $3
              WHERE id = $1 AND wrapped IS NOT NULL RETURNING recipient, epoch",
            &[id.into(), me.into(), reason.into()],
            |r| (r.must(1), r.must(2)),
        )
    });
    let Some((recipient, epoch)) = destroyed.into_iter().next() else {
        error::privacy::no_such_key(&id.to_string()).raise();
    };
    mask::forget_key();
    act("destroy_key", &id.to_string(), Some(json!({"recipient": recipient, "epoch": epoch})), Some(reason));
    if !newest(&recipient).is_some_and(|(_, is_there)| is_there) {
        error::privacy::no_key_left(&recipient).notice();
    }
}

fn act(verb: &str, id: &str, after: Option<serde_json::Value>, reason: Option<&str>) {
    audit::act(Act { verb, object: id, relation: None, before: None, after, reason });
}
