//! What the command says when something is wrong.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};
use pimnas_config::{Diagnostic, Diagnostics, Place, Severity};

/// Problems that end the command, in words for the user.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// Text for standard error, each problem with its hint.
    pub text: String,
}

/// Exit code of bad input.
pub const BAD_INPUT: u8 = 2;
/// Exit code of an answer that is "no": a case that disagrees, a configuration with problems.
pub const FOUND_WRONG: u8 = 1;

/// Problems that are shown before the rest is only counted; more than there are keys.
const SHOWN: usize = 150;
/// Farthest apart that two places are shown together, bytes.
const FARTHEST: usize = 64 << 10;

impl Failure {
    /// A problem, with what to do about it.
    pub fn new(message: impl std::fmt::Display, hint: Option<&str>) -> Self {
        let mut text = format!("error: {message}\n");
        if let Some(hint) = hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
        Self { text }
    }

    /// A problem of a file.
    pub fn of_file(path: &Path, message: impl std::fmt::Display, hint: Option<&str>) -> Self {
        Self::new(format_args!("{}: {message}", path.display()), hint)
    }

    /// Problems of a configuration, each with its place in the text.
    pub fn of_config(diagnostics: &Diagnostics, source: &str) -> Self {
        Self { text: render_diagnostics(diagnostics.errors(), source) }
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> ExitCode {
        ExitCode::from(BAD_INPUT)
    }
}

/// Diagnostics with the lines that they are about.
pub fn render_diagnostics<'d>(
    diagnostics: impl Iterator<Item = &'d Diagnostic>,
    source: &str,
) -> String {
    let mut text = String::new();
    let mut diagnostics = diagnostics;
    for diagnostic in diagnostics.by_ref().take(SHOWN) {
        text.push_str(&render(diagnostic, source));
        text.push('\n');
    }
    match diagnostics.count() {
        0 => {}
        more => text.push_str(&format!("… and {more} more problems\n")),
    }
    text
}

fn render(diagnostic: &Diagnostic, source: &str) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = diagnostic.source_name.clone().unwrap_or_default();
    let excerpt = Excerpt::of(diagnostic, source);
    let elements = excerpt.iter().map(|excerpt| excerpt.snippet(&path));
    let mut report = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(elements);
    let note = diagnostic.allowed.as_ref().map(|allowed| format!("allowed: {allowed}"));
    if let Some(note) = &note {
        report = report.element(Level::NOTE.with_name("note").message(note.as_str()));
    }
    if let Some(hint) = diagnostic.hint() {
        report = report.element(Level::HELP.with_name("hint").message(hint));
    }
    let text = Renderer::plain().render(&[report]);
    match (excerpt, diagnostic.line()) {
        (Some(_), _) => text,
        (None, _) if path.is_empty() => text,
        (None, None) => format!("{text}\n  in {path}"),
        // The text cannot be shown, as where it is none.
        (None, Some(line)) => format!("{text}\n  in {path}, line {line}"),
    }
}

/// The lines that a diagnostic is about: the renderer need not see the whole text each time.
struct Excerpt<'s> {
    lines: &'s str,
    first_line: usize,
    primary: Range<usize>,
    related: Option<Range<usize>>,
}

impl<'s> Excerpt<'s> {
    /// `None` where there is no place, or none in this text.
    fn of(diagnostic: &Diagnostic, source: &'s str) -> Option<Self> {
        let place = diagnostic.place.as_ref()?;
        let fits = |span: &Range<usize>| source.get(span.clone()).is_some();
        if source.is_empty() || !fits(&place.span) {
            return None;
        }
        let near = |other: &&Place| {
            fits(&other.span) && other.span.start.abs_diff(place.span.start) <= FARTHEST
        };
        let related = diagnostic.related.as_ref().filter(near);
        let first = related.filter(|other| other.span.start < place.span.start).unwrap_or(place);
        let last = related.map_or(0, |other| other.span.end).max(place.span.end);
        let start = source[..first.span.start].rfind('\n').map_or(0, |end| end + 1);
        let end = source[last..].find('\n').map_or(source.len(), |length| last + length);
        let within = |span: &Range<usize>| span.start - start..span.end - start;
        Some(Self {
            lines: &source[start..end],
            first_line: first.line,
            primary: within(&place.span),
            related: related.map(|other| within(&other.span)),
        })
    }

    fn snippet<'a>(&'a self, path: &'a str) -> Snippet<'a, Annotation<'a>> {
        let snippet = Snippet::source(self.lines)
            .line_start(self.first_line)
            .path(path)
            .annotation(AnnotationKind::Primary.span(self.primary.clone()));
        match &self.related {
            Some(span) => {
                snippet.annotation(AnnotationKind::Context.span(span.clone()).label("also here"))
            }
            None => snippet,
        }
    }
}
