//! The key of pseudonyms: stored wrapped, and the key that wraps it kept outside the database.
use crate::core::privacy::key::{self as keys, LENGTH, NONCE};
use crate::pg::mask::{self, export};
use crate::pg::{owner, roles, spi};
use crate::settings;

/// What a wrapped key is bound to, and the key's primary key.
const PURPOSE: &str = "pseudonym";

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

/// Whether a key is stored.
#[must_use]
pub fn exists() -> bool {
    owner::run(|| {
        spi::select_one("SELECT true FROM governance.key WHERE purpose = $1", &[PURPOSE.into()], |r| {
            r.must::<bool>(1)
        })
    })
    .is_some()
}

/// The key of pseudonyms; None where there is none, or no key that unwraps it.
#[must_use]
pub fn stored() -> Option<[u8; LENGTH]> {
    let (nonce, wrapped) = owner::run(|| {
        spi::select_latest(
            "SELECT nonce, wrapped FROM governance.key WHERE purpose = $1",
            &[PURPOSE.into()],
            |r| (r.must::<Vec<u8>>(1), r.must::<Vec<u8>>(2)),
        )
    })
    .into_iter()
    .next()?;
    keys::unwrap(&wrapping()?, &nonce, PURPOSE, &wrapped)
}

/// Makes the key where there is none and it can be wrapped and written; whether it did.
pub fn ensure() -> bool {
    if !export::can_write() || exists() {
        return false;
    }
    let made = wrapping().and_then(|outer| {
        let nonce = export::random::<NONCE>()?;
        let wrapped = keys::wrap(&outer, &nonce, PURPOSE, &export::random::<LENGTH>()?)?;
        Some((nonce.to_vec(), wrapped))
    });
    let Some((nonce, wrapped)) = made else { return false };
    let me = roles::name(roles::current());
    let rows = owner::run(|| {
        spi::execute_returning(
            "INSERT INTO governance.key (purpose, nonce, wrapped, created_by) VALUES ($1, $2, $3, $4)
             ON CONFLICT (purpose) DO NOTHING RETURNING true",
            &[PURPOSE.into(), nonce.into(), wrapped.into(), me.into()],
            |r| r.must::<bool>(1),
        )
    });
    mask::forget_key();
    if !rows.is_empty() {
        crate::audit::act(crate::audit::Act {
            verb: "create_key",
            object: PURPOSE,
            relation: None,
            before: None,
            after: None,
            reason: None,
        });
    }
    !rows.is_empty()
}
