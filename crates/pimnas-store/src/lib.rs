//! The store of a search.
