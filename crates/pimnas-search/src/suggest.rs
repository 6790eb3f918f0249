//! "Did you mean", for names that do not exist.

/// Longest name worth comparing; longer ones are not slips of the pen.
const LONGEST: usize = 40;
/// Longest part of a foreign word that a message repeats, characters.
const SHOWN: usize = 60;
/// Similarity (1 is equal) from which a name counts as meant.
const SIMILAR: f64 = 0.7;

/// The known name most similar to `word`, if one is similar enough.
pub(crate) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let plain = simplified(word);
    known
        .iter()
        .map(|&name| (strsim::jaro_winkler(&plain, &simplified(name)), name))
        .filter(|&(similarity, _)| similarity >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// "did you mean `x`", or the list of what there is.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    match closest(word, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("choose one of {}", known.join(", ")),
    }
}

/// The word as messages show it: not longer than a line, without characters that could steer a
/// terminal.
pub(crate) fn shown(word: &str) -> String {
    let mut characters = word.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c });
    let start: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() { format!("{start}…") } else { start }
}

/// Without case and separators, in which names differ most often.
fn simplified(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
