//! registry: what can be decided without a server.
pub mod effect;
pub mod feature;
pub mod level;
pub mod library_list;
pub mod manifest;
pub mod proposal_id;
pub mod words;
