//! Where below a folder the files of a data set are: packages and archives nest them differently.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::files::file_error;

/// Folders below the given one that are looked into: `root/MNIST/raw`, `package/data`.
const DEPTH: usize = 3;
/// Folders that are looked into before the search is given up.
const MOST_FOLDERS: usize = 1_000;

/// The folder that holds a data set: the one given, or the only one among the nearest below it.
///
/// # Errors
/// A folder that cannot be read; none that holds the data set; several at the same depth.
pub fn locate(dir: &Path, what: &str, holds: &dyn Fn(&Path) -> bool) -> Result<PathBuf, DataError> {
    fs::read_dir(dir).map_err(|error| file_error(dir, &error))?;
    let mut level = vec![dir.to_owned()];
    let mut left = MOST_FOLDERS;
    for _ in 0..=DEPTH {
        let found: Vec<&PathBuf> = level.iter().filter(|dir| holds(dir)).collect();
        match found.as_slice() {
            [] => level = level.iter().flat_map(|dir| folders(dir, &mut left)).collect(),
            [one] => return Ok((*one).clone()),
            several => {
                let names: Vec<String> =
                    several.iter().map(|dir| dir.display().to_string()).collect();
                return Err(DataError::Several { what: what.to_owned(), dirs: names.join(", ") });
            }
        }
    }
    let path = dir.display().to_string();
    Err(DataError::File { path, why: format!("neither it nor a folder below it has {what}") })
}

/// The folders in a folder, in the order of their names; none of one that cannot be read.
fn folders(dir: &Path, left: &mut usize) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .take(*left)
        .collect();
    *left -= found.len();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(name: &'static str) -> impl Fn(&Path) -> bool {
        move |dir| dir.join(name).is_file()
    }

    #[test]
    fn the_nearest_folder_is_found_and_two_are_told() {
        let root = tempfile::tempdir().unwrap();
        let make = |path: &str| {
            fs::create_dir_all(root.path().join(path)).unwrap();
            fs::write(root.path().join(path).join("a"), b"").unwrap();
        };
        assert!(matches!(locate(root.path(), "a", &has("a")), Err(DataError::File { .. })));
        make("x/y/z");
        assert_eq!(locate(root.path(), "a", &has("a")).unwrap(), root.path().join("x/y/z"));
        make("x/y");
        assert_eq!(locate(root.path(), "a", &has("a")).unwrap(), root.path().join("x/y"));
        make("x/w");
        let error = locate(root.path(), "a", &has("a")).unwrap_err();
        assert!(error.to_string().contains("x/w") && error.to_string().contains("x/y"), "{error}");
        assert!(locate(&root.path().join("none"), "a", &has("a")).is_err());
    }
}
