//! The hardware description: as written ([`RawConfig`], to come) and as meant ([`Hardware`]).

pub mod hardware;

pub use hardware::Hardware;
