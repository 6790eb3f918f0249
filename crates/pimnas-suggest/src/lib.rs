//! What error messages say about names and texts that came from outside: "did you mean", and the
//! foreign text itself, made fit to be shown.
//!
//! ```
//! let known = ["kernel_size", "stride", "padding"];
//! assert_eq!(pimnas_suggest::hint("kernelsize", known), "did you mean `kernel_size`?");
//! ```

/// Longest name worth comparing, bytes; longer ones are not slips of the pen.
const LONGEST: usize = 40;
/// Longest part of a foreign text that a message repeats, characters.
const SHOWN: usize = 60;
/// Similarity (Jaro–Winkler, 1 is equal) from which a name counts as meant.
const SIMILAR: f64 = 0.8;

/// The known name most similar to `word` without case and separators, if one is similar enough.
pub fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
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

/// "did you mean `x`?", or the list of what there is.
pub fn hint<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(word, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("choose one of {}", known.join(", ")),
    }
}

/// A foreign text as messages show it: one line, not longer than a line, without characters that
/// could steer a terminal.
#[must_use]
pub fn shown(text: &str) -> String {
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
        let known = ["Xbar_Size", "Cell_Type", "ADC_Choice", "kernel_size", "stride", "padding"];
        assert_eq!(closest("Xbar_Sise", known), Some("Xbar_Size"));
        assert_eq!(closest("xbarsize", known), Some("Xbar_Size"));
        assert_eq!(closest("kernel", known), Some("kernel_size"));
        assert_eq!(closest("paddding", known), Some("padding"));
        assert_eq!(closest("zzz", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(closest(&"Xbar_Size".repeat(1000), known), None);
    }

    #[test]
    fn hints_name_one_or_list_all() {
        assert_eq!(hint("strid", ["stride", "padding"]), "did you mean `stride`?");
        assert_eq!(hint("zzz", ["stride", "padding"]), "choose one of stride, padding");
        assert_eq!(hint("zzz", []), "remove it");
    }

    #[test]
    fn shows_one_short_line() {
        assert_eq!(shown("conv"), "conv");
        assert_eq!(shown("1,\n2"), "1, 2");
        assert_eq!(shown("a\u{1b}[2J"), "a\u{FFFD}[2J");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), SHOWN + 1);
    }
}
