//! Where results go: standard output, or a file that is there whole or not at all.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::NamedTempFile;

use super::failure::Failure;

/// Where to write.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// Write to this file instead of standard output; it is replaced whole, or left as it is
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl OutputArgs {
    /// Whether the file can be written, as far as that can be told before there is something to
    /// write: nobody wants to hear of a wrong path after an hour's work.
    pub fn check(&self) -> Result<(), Failure> {
        self.output.as_ref().map_or(Ok(()), |path| check_output(path))
    }

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

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Whether a file can be written, as far as that can be told beforehand: its folder is there and
/// takes a file.
pub fn check_output(path: &Path) -> Result<(), Failure> {
    check_target(path)?;
    if path.metadata().is_ok_and(|target| !target.is_file()) {
        return Ok(());
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    beside(folder_of(&target)).map(drop).map_err(|error| unwritable(path, &error))
}

/// A file that cannot be written.
fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let hint = "check that the folder may be written to and has room";
    Failure::of_file(path, format_args!("cannot write: {}", error.kind()), Some(hint))
}

fn check_target(path: &Path) -> Result<(), Failure> {
    if path.is_dir() || path.file_name().is_none() {
        let hint = "give the name of a file in it";
        return Err(Failure::of_file(path, "cannot write: it is a folder", Some(hint)));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        let why = format!("cannot write: the folder {} does not exist", folder.display());
        return Err(Failure::of_file(path, why, Some("make the folder, or correct the path")));
    }
    Ok(())
}

/// Writes a file whole: into a temporary file beside it, which then takes its name. A link is
/// followed; a pipe or a device, which must not be replaced, is written to.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_file_by(path, |file| file.write_all(bytes))
}

/// As [`write_file`], with what `write` writes, for what need not be in memory as a whole.
pub fn write_file_by(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    check_target(path)?;
    let failed = |error: io::Error| unwritable(path, &error);
    if path.metadata().is_ok_and(|target| !target.is_file()) {
        let mut target = File::options().write(true).open(path).map_err(failed)?;
        return write(&mut target).map_err(failed);
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut file = beside(folder_of(&target)).map_err(failed)?;
    // A file that is replaced keeps who may read it.
    if let Ok(before) = target.metadata() {
        file.as_file().set_permissions(before.permissions()).map_err(failed)?;
    }
    write(&mut file).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A new file in that folder, removed where it is not kept.
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pimnas-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Those of any new file: the user's mask takes away from them.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Largest file that is read whole; no description of a network or of hardware comes near.
const MOST_BYTES: u64 = 256 << 20;
/// Largest file of weights, pictures or a network with its weights: seven times those of VGG-16.
const MOST_TENSOR_BYTES: u64 = 4 << 30;

/// Reads a file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MOST_BYTES)
}

/// Reads a file of tensors, which may be larger than others.
pub fn read_tensor_file(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MOST_TENSOR_BYTES)
}

fn read_limited(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let too_large = |found: &str| {
        let why = format!("cannot read: it {found}, more than {} MiB", most >> 20);
        Failure::of_file(path, why, Some("check that the file is the right one"))
    };
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    // What states its size is not read in vain; devices and pipes state none.
    let stated = file.metadata().map_or(0, |metadata| metadata.len());
    if stated > most {
        return Err(too_large(&format!("has {} MiB", stated >> 20)));
    }
    let mut bytes = Vec::new();
    match file.take(most + 1).read_to_end(&mut bytes) {
        Ok(count) if count as u64 > most => Err(too_large("goes on and on")),
        Ok(_) => Ok(bytes),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// A file or folder that cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::IsADirectory => "give a file, not a folder",
        io::ErrorKind::NotADirectory => "give a folder, not a file",
        io::ErrorKind::PermissionDenied => "check that you may read it",
        // A list without end, of an enum that is not ours.
        _ => "check the file and the disk",
    };
    Failure::of_file(path, format_args!("cannot read: {error}"), Some(hint))
}

/// A word as a shell takes it: quoted where it has characters that a shell would read otherwise.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_quoted_words_as_they_were() {
        for (word, expected) in [
            ("area_mm2", "area_mm2"),
            ("Tile level/PE_Num=4,4", "'Tile level/PE_Num=4,4'"),
            ("area_mm2<=50", "'area_mm2<=50'"),
            ("it's", r"'it'\''s'"),
            ("*", "'*'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
