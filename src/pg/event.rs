//! Event triggers in Rust: what the server passes to them.
use super::ddl::{self, Ddl};
use super::guard;
pub use guard::Sight;
use pgrx::pg_sys;
use std::ffi::CStr;

/// One firing of an event trigger.
pub struct Event {
    /// Command tag: `ALTER TABLE`.
    pub tag: String,
    /// The statement, as far as we read it.
    pub ddl: Ddl,
    node: *mut pg_sys::Node,
}

impl Event {
    /// Reads the call. Raises 0A000 when it is not called as an event trigger.
    #[must_use]
    pub fn read(call: pg_sys::FunctionCallInfo) -> Event {
        // SAFETY: `context` of a valid call is null or a node, and an EventTriggerData for event triggers.
        unsafe {
            let context = (*call).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
                crate::error::guard::not_an_event_trigger().raise();
            }
            let data = &*context.cast::<pg_sys::EventTriggerData>();
            Event {
                tag: CStr::from_ptr(pg_sys::GetCommandTagName(data.tag)).to_string_lossy().into_owned(),
                ddl: ddl::read(data.parsetree),
                node: data.parsetree,
            }
        }
    }

    /// Whether it is a CREATE OR REPLACE, which may have found what was there before.
    #[must_use]
    pub fn replaces(&self) -> bool {
        use pg_sys::NodeTag::*;
        // SAFETY: the tree lives as long as the statement whose event this is; each cast follows the tag.
        unsafe {
            match (*self.node).type_ {
                T_CreateFunctionStmt => (*self.node.cast::<pg_sys::CreateFunctionStmt>()).replace,
                T_CreateTrigStmt => (*self.node.cast::<pg_sys::CreateTrigStmt>()).replace,
                T_CreatePLangStmt => (*self.node.cast::<pg_sys::CreatePLangStmt>()).replace,
                T_DefineStmt => (*self.node.cast::<pg_sys::DefineStmt>()).replace,
                T_RuleStmt => (*self.node.cast::<pg_sys::RuleStmt>()).replace,
                T_ViewStmt => (*self.node.cast::<pg_sys::ViewStmt>()).replace,
                _ => false,
            }
        }
    }

    /// Whether it takes its locks at once and keeps them.
    #[must_use]
    pub fn is_held(&self) -> bool {
        // SAFETY: the tree lives as long as the statement whose event this is.
        unsafe { guard::hold::is_held(self.node) }
    }

    /// The statement and what it would do, once more.
    #[must_use]
    pub fn read_again(&self) -> (Ddl, Sight) {
        // SAFETY: as above.
        (unsafe { ddl::read(self.node) }, self.look())
    }

    /// Whether it has to come first in its transaction.
    #[must_use]
    pub fn must_come_first(&self) -> bool {
        // SAFETY: the tree lives as long as the statement whose event this is.
        unsafe { guard::must_come_first(self.node) }
    }

    /// What the statement wishes, as changes read it.
    #[must_use]
    pub fn wishes(&self) -> Vec<super::wish::Wish> {
        // SAFETY: the tree lives as long as the statement whose event this is.
        unsafe { super::wish::read(self.node) }
    }

    /// Makes the statement skip what is there already.
    pub fn skip(&self, there: &crate::change::There) {
        // SAFETY: the tree is the copy of it that the server is about to execute, and nobody else's.
        unsafe { super::addition::skip(self.node, there.index.as_deref()) }
    }

    /// What the statement would do. Names are resolved under the search path in force. Only before it runs.
    #[must_use]
    pub fn look(&self) -> Sight {
        // SAFETY: the tree lives as long as the statement whose event this is.
        unsafe { if guard::concerns(self.node) { guard::look(self.node) } else { Sight::default() } }
    }
}
