//! Where results go: standard output, or a file that is there whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;

/// Where to write.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Write to this file instead of standard output; it is replaced whole, or left as it is
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl OutputArgs {
    /// Writes the text.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        match &self.output {
            Some(path) => write_file(path, text.as_bytes()),
            None => print(text),
        }
    }
}

/// Writes to standard output. A reader that goes away, such as `head`, is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format_args!("cannot write to standard output: {error}"), None))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a message to standard error.
pub fn note(text: &str) {
    // There is nowhere left to complain to.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a file whole: into a temporary file beside it, which then takes its name.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let failed = |error: io::Error| {
        let hint = "check that the folder exists and may be written to";
        Failure::of_file(path, format_args!("cannot write: {error}"), Some(hint))
    };
    if path.is_dir() {
        return Err(Failure::of_file(path, "cannot write: it is a folder", None));
    }
    let mut file =
        tempfile::Builder::new().prefix(".pimnas-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads a file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::NotFound {
            Some("check the path")
        } else if path.is_dir() {
            Some("give a file, not a folder")
        } else {
            None
        };
        Failure::of_file(path, format_args!("cannot read: {error}"), hint)
    })
}
