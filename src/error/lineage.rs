//! Errors of lineage.
