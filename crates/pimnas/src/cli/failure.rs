//! What the command says when something is wrong.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use pimnas_config::{Diagnostic, Diagnostics, Severity};

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
    for diagnostic in diagnostics {
        text.push_str(&render(diagnostic, source));
        text.push('\n');
    }
    text
}

fn render(diagnostic: &Diagnostic, source: &str) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = diagnostic.source_name.clone().unwrap_or_default();
    let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let mut rendered_place = false;
    let mut notes = Vec::new();
    if let Some(allowed) = &diagnostic.allowed {
        notes.push(format!("allowed: {allowed}"));
    }
    let span = diagnostic
        .span()
        .filter(|span| source.is_char_boundary(span.start) && source.is_char_boundary(span.end));
    let mut elements = Vec::new();
    if let Some(span) = span {
        rendered_place = true;
        let mut snippet = Snippet::source(source)
            .path(path.as_str())
            .annotation(AnnotationKind::Primary.span(span));
        if let Some(related) = &diagnostic.related {
            snippet = snippet
                .annotation(AnnotationKind::Context.span(related.span.clone()).label("also here"));
        }
        elements.push(snippet);
    }
    let _ = &mut group;
    let mut report = group.elements(elements);
    for note in &notes {
        report = report.element(Level::NOTE.with_name("note").message(note.as_str()));
    }
    if let Some(hint) = diagnostic.hint() {
        report = report.element(Level::HELP.with_name("hint").message(hint));
    }
    let text = Renderer::plain().render(&[report]);
    if rendered_place || path.is_empty() { text } else { format!("{text}\n  in {path}") }
}
