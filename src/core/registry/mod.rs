//! registry: what can be decided without a server.
pub mod feature;
pub mod level;
pub mod library_list;
pub mod proposal_id;
