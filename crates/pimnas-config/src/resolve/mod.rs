//! From as written to as meant: the one place where 0 and -1 become defaults.

mod across;
mod names;
mod reader;
mod sections;

use crate::diagnostic::Diagnostics;
use crate::hardware::Hardware;
use crate::raw::RawConfig;

use reader::Reader;

/// The hardware that a configuration means.
///
/// # Errors
/// Every problem of the configuration, errors and warnings, if one of them is an error. Warnings
/// alone do not stop it: see [`check`].
pub fn resolve(config: &RawConfig) -> Result<Hardware, Diagnostics> {
    let (hardware, diagnostics) = examined(config);
    diagnostics.or(hardware)
}

/// Every problem of a configuration, errors and warnings, in the order of the text.
#[must_use]
pub fn check(config: &RawConfig) -> Diagnostics {
    examined(config).1
}

/// The hardware, with stand-ins where values are bad, and all problems.
fn examined(config: &RawConfig) -> (Hardware, Diagnostics) {
    let mut reader = Reader::new(config);
    let hardware = sections::hardware(&mut reader);
    across::check(&mut reader);
    names::check(&mut reader);
    (hardware, reader.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::registry::{KEYS, Usage};

    #[test]
    fn reads_exactly_the_keys_that_the_registry_calls_simulated() {
        let config = RawConfig::reference_default();
        let mut reader = Reader::new(&config);
        sections::hardware(&mut reader);
        let read: BTreeSet<String> = reader.read_paths().collect();
        let simulated: BTreeSet<String> =
            KEYS.iter().filter(|key| key.usage == Usage::Simulated).map(|key| key.path()).collect();
        assert_eq!(read, simulated);
    }
}
