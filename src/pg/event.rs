//! Event triggers in Rust: what the server passes to them.
use super::ddl::{self, Ddl};
use pgrx::pg_sys;
use std::ffi::CStr;

/// One firing of an event trigger.
pub struct Event {
    /// Command tag: `ALTER TABLE`.
    pub tag: String,
    /// The statement, as far as we read it.
    pub ddl: Ddl,
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
            }
        }
    }
}
