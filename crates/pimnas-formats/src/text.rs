//! Foreign words in messages.

/// Longest part of a foreign word that a message repeats, characters.
const SHOWN: usize = 80;

/// The word as messages show it: not longer than a line, without characters that could steer a
/// terminal.
pub(crate) fn shown(word: &str) -> String {
    let mut characters = word.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c });
    let start: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_wild_words_are_tamed() {
        assert_eq!(shown("a\n\u{1b}[2J"), "a\u{FFFD}\u{FFFD}[2J");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), SHOWN + 1);
    }
}
