//! The spaces that come with it, one file each.

use crate::problem::{Problem, Problems};
use crate::space::WrittenSpace;
use pimnas_suggest as suggest;

const TEXTS: [(&str, &str); 5] = [
    ("grey28", include_str!("grey28.toml")),
    ("gibbon", include_str!("gibbon.toml")),
    ("nas4rram", include_str!("nas4rram.toml")),
    (
        "nasbench201",
        concat!(include_str!("nasbench201/fixed.toml"), include_str!("nasbench201/cells.toml")),
    ),
    (
        "nasbench201-pim",
        concat!(
            include_str!("nasbench201/joint.toml"),
            include_str!("nasbench201/cells.toml"),
            include_str!("nasbench201/hardware.toml")
        ),
    ),
];

/// The names that [`build`] knows; the first is the default.
pub const NAMES: [&str; 5] = [TEXTS[0].0, TEXTS[1].0, TEXTS[2].0, TEXTS[3].0, TEXTS[4].0];

/// The text of a space.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The space of that name.
///
/// # Errors
/// A name that is not in [`NAMES`].
pub fn build(name: &str) -> Result<WrittenSpace, Problems> {
    match text(name) {
        Some(text) => WrittenSpace::from_toml(text),
        None => {
            let message = format!("there is no space `{}`", suggest::shown(name));
            let problem = Problem::new(message, None).with_hint(suggest::hint(name, NAMES));
            let mut problems = Problems::default();
            problems.push(problem);
            Err(problems)
        }
    }
}
