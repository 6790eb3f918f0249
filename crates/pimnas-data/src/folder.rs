//! A folder of pictures: one folder a class, PNG or JPEG files in each.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageReader, Limits};

use crate::dataset::{Dataset, ImageShape, Pixels};
use crate::error::DataError;
use crate::files::{MOST_BYTES, file_error, read};

/// Longest side of a picture.
const MOST_PIXELS: u32 = 1 << 14;
/// Bytes that decoding a picture may take.
const MOST_DECODED: u64 = 1 << 28;

/// Channels of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// One channel of brightness.
    Grey,
}

/// Size of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// That of the pictures, which must all have the same.
    #[default]
    Stored,
    /// Scaled to that one, whatever the proportions.
    Scaled {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
}

/// How pictures become images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FolderOptions {
    /// Channels.
    pub colour: Colour,
    /// Size.
    pub size: Size,
}

/// The pictures in the folders of a folder; each of those is a class, in the order of their names,
/// and its name is the class's. Other files than `.png`, `.jpg` and `.jpeg` are left alone.
///
/// # Errors
/// Folders that cannot be read, no pictures, damaged pictures, and pictures of different sizes
/// where none is given.
pub fn load(dir: &Path, options: FolderOptions) -> Result<Dataset, DataError> {
    let mut names = Vec::new();
    let (mut pixels, mut labels, mut shape) = (Vec::new(), Vec::new(), None);
    for class in entries(dir)?.into_iter().filter(|entry| entry.is_dir()) {
        let label = u32::try_from(names.len()).unwrap_or(u32::MAX);
        names.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        for path in entries(&class)?.into_iter().filter(|path| is_picture(path)) {
            let picture = decode(&path, options)?;
            let found = shape_of(&picture, options.colour);
            let expected = *shape.get_or_insert(found);
            if found != expected {
                let what = path.display().to_string();
                let (found, expected) = (found.to_string(), expected.to_string());
                return Err(DataError::Shape { what, found, expected });
            }
            append(&picture, options.colour, &mut pixels);
            if pixels.len() > MOST_BYTES {
                let why = format!("its pictures take more than {MOST_BYTES} bytes");
                return Err(DataError::format(dir.display().to_string(), why));
            }
            labels.push(label);
        }
    }
    let Some(shape) = shape else {
        return Err(DataError::Empty { what: dir.display().to_string() });
    };
    Dataset::new(shape, Pixels::U8(pixels), labels, names.len())?.with_class_names(names)
}

/// What is in a folder, in the order of the names.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let listed = fs::read_dir(dir).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut paths = listed.map_err(|error| file_error(dir, &error))?;
    paths.sort();
    Ok(paths)
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    path.is_file() && ["png", "jpg", "jpeg"].iter().any(|known| extension == *known)
}

fn decode(path: &Path, options: FolderOptions) -> Result<DynamicImage, DataError> {
    let damaged = |why: String| DataError::format(path.display().to_string(), why);
    let file = read(path)?;
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(|error| damaged(error.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_DECODED);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| damaged(error.to_string()))?;
    Ok(match options.size {
        Size::Stored => picture,
        Size::Scaled { height, width } => {
            let (height, width) = (height.clamp(1, MOST_PIXELS), width.clamp(1, MOST_PIXELS));
            picture.resize_exact(width, height, FilterType::Triangle)
        }
    })
}

fn shape_of(picture: &DynamicImage, colour: Colour) -> ImageShape {
    let channels = match colour {
        Colour::Rgb => 3,
        Colour::Grey => 1,
    };
    ImageShape { channels, height: picture.height() as usize, width: picture.width() as usize }
}

/// Adds the planes of a picture.
fn append(picture: &DynamicImage, colour: Colour, pixels: &mut Vec<u8>) {
    match colour {
        Colour::Grey => pixels.extend(picture.to_luma8().into_raw()),
        Colour::Rgb => {
            let picture = picture.to_rgb8();
            for channel in 0..3 {
                pixels.extend(picture.pixels().filter_map(|pixel| pixel.0.get(channel)));
            }
        }
    }
}
