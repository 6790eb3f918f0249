//! "Did you mean", for sections and keys that do not exist.

/// Longest name worth comparing; longer ones are not slips of the pen.
const LONGEST: usize = 40;
/// Longest part of a foreign text that a message repeats, characters.
const SHOWN: usize = 60;
/// Similarity (1 is equal) from which a name counts as meant.
const SIMILAR: f64 = 0.8;

/// The known name most similar to `word`, if one is similar enough.
pub(crate) fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let plain = simplified(word);
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&plain, &simplified(name)), name))
        .filter(|&(similarity, _)| similarity >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// A foreign text as messages show it: one line, not longer than a line, without characters that
/// could steer a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut characters = text.chars().map(|c| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    });
    let start: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() { format!("{start}…") } else { start }
}

/// Without case and separators, in which names differ most often.
fn simplified(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = ["Xbar_Size", "Cell_Type", "ADC_Choice"];
        assert_eq!(closest("Xbar_Sise", known), Some("Xbar_Size"));
        assert_eq!(closest("xbarsize", known), Some("Xbar_Size"));
        assert_eq!(closest("zzz", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(closest(&"Xbar_Size".repeat(1000), known), None);
    }

    #[test]
    fn shows_one_short_line() {
        assert_eq!(shown("1,\n2"), "1, 2");
        assert_eq!(shown("a\u{1b}[2J"), "a\u{FFFD}[2J");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), SHOWN + 1);
    }
}
