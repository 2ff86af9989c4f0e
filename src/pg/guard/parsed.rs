//! Statements of a text that does not run, as `explain_ddl()` and changes read them.
use super::shadow::Effect;
use super::{Sight, look, names, only_explains};
use crate::pg::catalog::{self, Name};
use crate::pg::{ddl, list, wish};
use pgrx::pg_sys;
use pgrx::pg_sys::NodeTag::*;
use std::ffi::{CStr, CString};

/// A statement about the transaction.
pub enum Transaction {
    /// BEGIN.
    Begin,
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Rollback,
    /// SAVEPOINT.
    Savepoint(String),
    /// ROLLBACK TO.
    RollbackTo(String),
}

/// One statement of a SQL text.
pub struct Parsed {
    /// Its own text.
    pub text: String,
    node: *mut pg_sys::Node,
}

impl Parsed {
    /// The setting that it changes, and the value, None for what the session began with; settings that decide what comes
    /// after it only.
    #[must_use]
    pub fn sets(&self) -> Option<(&'static CStr, Option<String>)> {
        use pg_sys::VariableSetKind::{VAR_RESET, VAR_RESET_ALL, VAR_SET_DEFAULT, VAR_SET_VALUE};
        // SAFETY: the node is what the parser made; the cast follows the tag. Values are constants.
        unsafe {
            if (*self.node).type_ != T_VariableSetStmt {
                return None;
            }
            let s = &*self.node.cast::<pg_sys::VariableSetStmt>();
            let name = catalog::text(s.name).unwrap_or_default();
            let setting = [c"search_path", c"lock_timeout"]
                .into_iter()
                .find(|known| known.to_str().is_ok_and(|known| known.eq_ignore_ascii_case(&name)))?;
            match s.kind {
                VAR_SET_VALUE => {
                    let value = pg_sys::ExtractSetVariableArgs(self.node.cast());
                    Some((setting, catalog::text(value)))
                }
                VAR_SET_DEFAULT | VAR_RESET | VAR_RESET_ALL => Some((setting, None)),
                _ => None,
            }
        }
    }

    /// What it does to the transaction that the text is read as.
    #[must_use]
    pub fn transaction(&self) -> Option<Transaction> {
        use pg_sys::TransactionStmtKind::*;
        // SAFETY: the node is what the parser made; the cast follows the tag.
        unsafe {
            if (*self.node).type_ != T_TransactionStmt {
                return None;
            }
            let s = &*self.node.cast::<pg_sys::TransactionStmt>();
            let name = catalog::text(s.savepoint_name).unwrap_or_default();
            match s.kind {
                TRANS_STMT_BEGIN | TRANS_STMT_START => Some(Transaction::Begin),
                TRANS_STMT_COMMIT => Some(Transaction::Commit),
                TRANS_STMT_ROLLBACK => Some(Transaction::Rollback),
                TRANS_STMT_SAVEPOINT => Some(Transaction::Savepoint(name)),
                TRANS_STMT_ROLLBACK_TO => Some(Transaction::RollbackTo(name)),
                _ => None,
            }
        }
    }

    /// What it does beyond [`Parsed::ddl`], read in the shadow of the statements before it.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        // SAFETY: as above.
        unsafe { super::follow::effects(self.node) }
    }

    /// Whether it is about something that has to be there.
    #[must_use]
    pub fn is_about_something(&self) -> bool {
        // SAFETY: as above.
        let (tag, concerns) = unsafe { ((*self.node).type_, super::concerns(self.node)) };
        let makes = [T_CreateRoleStmt, T_CreateSchemaStmt, T_CreateStmt, T_IndexStmt, T_VariableSetStmt];
        concerns && !makes.contains(&tag)
    }

    /// Whether it runs what only running it would show: code, queries with functions in them, prepared statements.
    #[must_use]
    pub fn runs_code(&self) -> bool {
        // SAFETY: as above.
        unsafe {
            match (*self.node).type_ {
                T_DoStmt | T_CallStmt | T_ExecuteStmt | T_CopyStmt => true,
                T_SelectStmt | T_InsertStmt | T_UpdateStmt | T_DeleteStmt | T_MergeStmt => true,
                T_ExplainStmt => only_explains(self.node).is_none(),
                _ => false,
            }
        }
    }

    /// What it would do.
    #[must_use]
    pub fn look(&self) -> Sight {
        // SAFETY: the node is what the parser made; the memory context of the call that parsed it is still there.
        unsafe { look(self.node) }
    }

    /// The statement as identity and changes read it.
    #[must_use]
    pub fn ddl(&self) -> ddl::Ddl {
        // SAFETY: as above.
        unsafe { ddl::read(self.node) }
    }

    /// What kind of a statement it is.
    #[must_use]
    pub fn tag(&self) -> pg_sys::NodeTag {
        // SAFETY: as below.
        unsafe { (*self.node).type_ }
    }

    /// What it wishes, as changes read it.
    #[must_use]
    pub fn wishes(&self) -> Vec<wish::Wish> {
        // SAFETY: as above.
        unsafe { wish::read(self.node) }
    }

    /// Whether event triggers fire for it: not for what is the whole server's, for commands that only work on rows or
    /// storage, nor for event triggers themselves.
    #[must_use]
    pub fn fires_event_triggers(&self) -> bool {
        // SAFETY: as above; the cast follows the tag.
        unsafe {
            let of_kind = match (*self.node).type_ {
                T_RenameStmt => Some((*self.node.cast::<pg_sys::RenameStmt>()).renameType),
                T_CommentStmt => Some((*self.node.cast::<pg_sys::CommentStmt>()).objtype),
                T_SecLabelStmt => Some((*self.node.cast::<pg_sys::SecLabelStmt>()).objtype),
                T_AlterOwnerStmt => Some((*self.node.cast::<pg_sys::AlterOwnerStmt>()).objectType),
                T_GrantStmt => Some((*self.node.cast::<pg_sys::GrantStmt>()).objtype),
                T_DropStmt => Some((*self.node.cast::<pg_sys::DropStmt>()).removeType),
                _ => None,
            };
            pg_sys::command_tag_event_trigger_ok(pg_sys::CreateCommandTag(self.node))
                && of_kind.is_none_or(|kind| pg_sys::EventTriggerSupportsObjectType(kind))
        }
    }

    /// Relations it makes.
    #[must_use]
    pub fn made(&self) -> Vec<Name> {
        // SAFETY: as above; the cast follows the tag.
        unsafe {
            let (range, keeps) = match (*self.node).type_ {
                T_CreateStmt => {
                    let s = &*self.node.cast::<pg_sys::CreateStmt>();
                    (s.relation, s.if_not_exists)
                }
                T_CreateTableAsStmt => {
                    let s = &*self.node.cast::<pg_sys::CreateTableAsStmt>();
                    ((*s.into).rel, s.if_not_exists)
                }
                T_ViewStmt => {
                    let s = &*self.node.cast::<pg_sys::ViewStmt>();
                    (s.view, s.replace)
                }
                T_SelectStmt => {
                    let into = (*self.node.cast::<pg_sys::SelectStmt>()).intoClause;
                    (if into.is_null() { std::ptr::null_mut() } else { (*into).rel }, false)
                }
                _ => return Vec::new(),
            };
            if range.is_null() || (keeps && names::relation(range).is_some()) {
                return Vec::new();
            }
            ddl::name_of(range).into_iter().collect()
        }
    }
}

/// The statements of a SQL text. Raises PostgreSQL's own syntax error where it does not parse.
#[must_use]
pub fn parse(sql: &str) -> Vec<Parsed> {
    let Ok(text) = CString::new(sql) else { return Vec::new() };
    // SAFETY: a valid C string; the parser returns a list of RawStmt with byte positions in it.
    unsafe {
        list::items::<pg_sys::RawStmt>(pg_sys::pg_parse_query(text.as_ptr()))
            .into_iter()
            .map(|raw| {
                let from = usize::try_from((*raw).stmt_location).unwrap_or(0);
                let length = usize::try_from((*raw).stmt_len).unwrap_or(0);
                let to = if length == 0 { sql.len() } else { from + length };
                let text = sql.get(from..to).unwrap_or(sql).trim().to_string();
                Parsed { text, node: (*raw).stmt }
            })
            .collect()
    }
}
