//! Arrays of NumPy: `.npy`, and `.npz` archives of them.

use std::io::{Cursor, Read};

use thiserror::Error;
use zip::ZipArchive;

use crate::named::NamedTensors;
use crate::tensor::{ByteOrder, StoredType, Tensor, elements};
use crate::text::shown;

/// How an array starts.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// How an archive starts.
const ARCHIVE: &[u8; 4] = b"PK\x03\x04";
/// End of the names in an archive, which is not part of an array's name.
const SUFFIX: &str = ".npy";
/// Bytes that arrays may take for each byte of their archive: images and masks compress well.
const COMPRESSION: usize = 256;
/// Bytes that arrays may take in any case.
const FREE_BYTES: usize = 1 << 20;
/// Bytes that arrays may take at most.
const MOST_BYTES: usize = 1 << 32;

/// Why an array of NumPy cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NpzError {
    /// Neither an array nor an archive.
    #[error("this is neither an array of NumPy nor an archive of such arrays")]
    NotNpz,
    /// A damaged archive.
    #[error("the archive is damaged: {why}")]
    Archive {
        /// What is wrong.
        why: String,
    },
    /// An array that is damaged or of a kind that is not taken.
    #[error("array {name}: {why}")]
    Array {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
}

impl NpzError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotNpz => "save the arrays with numpy.savez(path, images=…, labels=…)",
            Self::Archive { .. } => "check that the file was copied whole, or save it again",
            Self::Array { .. } => {
                "save it as a plain array of floats, integers or truth values in C order"
            }
        }
    }
}

impl NamedTensors {
    /// The arrays of a `.npz` archive by name, compressed or not, or the array of a `.npy` file
    /// under the name `array`.
    ///
    /// # Errors
    /// Another file or a damaged one; an array in Fortran order, of Python objects, or of numbers
    /// that are not real.
    pub fn from_npz(file: &[u8]) -> Result<Self, NpzError> {
        if file.starts_with(MAGIC) {
            return Ok([("array".to_owned(), array("array", file)?)].into_iter().collect());
        }
        if !file.starts_with(ARCHIVE) {
            return Err(NpzError::NotNpz);
        }
        let damaged = |why: String| NpzError::Archive { why: shown(&why) };
        let mut archive =
            ZipArchive::new(Cursor::new(file)).map_err(|error| damaged(error.to_string()))?;
        let free = file.len().saturating_mul(COMPRESSION).saturating_add(FREE_BYTES);
        let mut left = free.min(MOST_BYTES);
        let mut arrays = Self::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
            let name = entry.name().map_err(|error| damaged(error.to_string()))?;
            let name = name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned();
            let size = usize::try_from(entry.size()).ok();
            let Some(rest) = size.and_then(|size| left.checked_sub(size)) else {
                let why = "it is larger than such files are".to_owned();
                return Err(NpzError::Array { name: shown(&name), why });
            };
            let mut bytes = Vec::new();
            // One more than stated: the checksum is compared where the entry ends.
            let limit = entry.size().saturating_add(1);
            entry
                .take(limit)
                .read_to_end(&mut bytes)
                .map_err(|error| damaged(format!("{name}: {error}")))?;
            if Some(bytes.len()) != size {
                return Err(damaged(format!(
                    "{name} does not have the {limit} bytes that it states",
                    limit = limit - 1
                )));
            }
            left = rest;
            let tensor = array(&name, &bytes)?;
            arrays.insert(name, tensor);
        }
        Ok(arrays)
    }
}

/// Reads one array.
fn array(name: &str, bytes: &[u8]) -> Result<Tensor, NpzError> {
    let error = |why: &str| NpzError::Array { name: shown(name), why: why.to_owned() };
    let cut_off = || error("it is cut off");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| error("it is not an array of NumPy"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut_off)?;
    let (length, rest) = match version {
        [1, _] => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(cut_off)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        [2 | 3, _] => {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
            (usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut_off())?, rest)
        }
        _ => return Err(error("its format's version is not known")),
    };
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut_off)?;
    let header = std::str::from_utf8(header).map_err(|_| error("its header is not a text"))?;
    let Some(header) = Header::read(header) else {
        return Err(error("its header does not state descr, fortran_order and shape"));
    };
    if header.fortran {
        return Err(error("it is in Fortran order"));
    }
    let Some((stored, order)) = stored_type(header.descr) else {
        return Err(error(&format!("numbers of type {} cannot be read", shown(header.descr))));
    };
    let wanted = elements(&header.shape).and_then(|count| count.checked_mul(stored.size()));
    let data = wanted.and_then(|wanted| data.get(..wanted)).ok_or_else(cut_off)?;
    Tensor::new(header.shape, stored.decode(data, order)).map_err(|_| cut_off())
}

/// Order and type of numbers such as `<f4`.
fn stored_type(descr: &str) -> Option<(StoredType, ByteOrder)> {
    let (order, kind) = descr.split_at_checked(1)?;
    let order = match order {
        "<" | "|" | "=" => ByteOrder::Little,
        ">" => ByteOrder::Big,
        _ => return None,
    };
    let stored = match kind {
        "f8" => StoredType::F64,
        "f4" => StoredType::F32,
        "f2" => StoredType::F16,
        "i8" => StoredType::I64,
        "i4" => StoredType::I32,
        "i2" => StoredType::I16,
        "i1" => StoredType::I8,
        "u4" => StoredType::U32,
        "u2" => StoredType::U16,
        "u1" => StoredType::U8,
        "b1" => StoredType::Bool,
        _ => return None,
    };
    Some((stored, order))
}

/// A header: a Python dict of three entries in any order.
struct Header<'a> {
    descr: &'a str,
    fortran: bool,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let descr = value_of(text, "descr")?.strip_prefix('\'')?;
        let fortran = value_of(text, "fortran_order")?;
        let shape = value_of(text, "shape")?.strip_prefix('(')?;
        let sides = shape.get(..shape.find(')')?)?.split(',').map(str::trim);
        let shape: Result<Vec<usize>, _> =
            sides.filter(|side| !side.is_empty()).map(str::parse).collect();
        Some(Self {
            descr: descr.get(..descr.find('\'')?)?,
            fortran: fortran.starts_with("True"),
            shape: shape.ok()?,
        })
    }
}

/// What follows a key.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("'{key}'"))?;
    rest.trim_start().strip_prefix(':').map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::TensorData;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        file
    }

    fn read(header: &str, data: &[u8]) -> Result<Tensor, NpzError> {
        let arrays = NamedTensors::from_npz(&npy(header, data))?;
        Ok(arrays.get("array").unwrap().clone())
    }

    #[test]
    fn arrays_of_both_byte_orders_are_read() {
        let big = "{'descr': '>i2', 'fortran_order': False, 'shape': (1, 2), }";
        let expected = Tensor::new([1, 2], TensorData::I16(vec![1, -2])).unwrap();
        assert_eq!(read(big, &[0, 1, 0xff, 0xfe]).unwrap(), expected);
        let single = "{'shape': (), 'descr': '|u1', 'fortran_order': False}";
        assert!(read(single, &[7]).unwrap().dims().is_empty());
    }

    #[test]
    fn what_is_not_taken_is_named() {
        let header = |descr: &str, order: &str, shape: &str| {
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}}}")
        };
        for (header, why) in [
            (header("<f4", "True", "(1,)"), "Fortran"),
            (header("|O", "False", "(1,)"), "|O"),
            (header("<f4", "False", "(2,)"), "cut off"),
            (header("<f4", "False", "(18446744073709551615, 3)"), "cut off"),
            (header("<f4", "False", "(-1,)"), "header"),
            (String::new(), "header"),
        ] {
            let error = read(&header, &[0; 4]).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
