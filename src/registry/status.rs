//! `status()`: what is on, what is not held and the statement that mends it. Every feature adds its rows.

/// One row of `status()`.
pub struct StatusRow {
    /// Feature, or part of one: `guard`, `privacy.masks`, `audit`.
    pub feature: String,
    /// Its level in the database, or empty.
    pub level: String,
    /// Whether it holds in this session.
    pub active: bool,
    /// What it does or what is not held, in plain words.
    pub detail: String,
    /// The statement that mends it; None when nothing is wrong.
    pub fix: Option<String>,
}

impl StatusRow {
    /// Something that is on.
    pub fn on(feature: &str, level: &str, detail: impl Into<String>) -> Self {
        StatusRow {
            feature: feature.into(),
            level: level.into(),
            active: true,
            detail: detail.into(),
            fix: None,
        }
    }

    /// Something that is not held, with the statement that mends it.
    pub fn off(feature: &str, level: &str, detail: impl Into<String>, fix: Option<String>) -> Self {
        StatusRow { feature: feature.into(), level: level.into(), active: false, detail: detail.into(), fix }
    }
}
