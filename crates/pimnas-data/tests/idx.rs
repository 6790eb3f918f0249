//! IDX files.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pimnas_data::idx::{self, IdxArray};
use pimnas_data::{DataError, ImageShape, Pixels};
use proptest::prelude::*;
use rstest::rstest;

fn images() -> IdxArray {
    IdxArray { dims: vec![3, 2, 2], values: (0..12).collect() }
}

fn labels() -> IdxArray {
    IdxArray { dims: vec![3], values: vec![2, 0, 1] }
}

fn packed(file: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(file).unwrap();
    packed.finish().unwrap()
}

#[test]
fn plain_and_packed_files_are_the_same_data_set() {
    let (images, labels) = (images().write(), labels().write());
    let plain = idx::dataset(&images, &labels, 3).unwrap();
    assert_eq!(plain.shape(), ImageShape { channels: 1, height: 2, width: 2 });
    assert_eq!(plain.pixels(), &Pixels::U8((0..12).collect()));
    assert_eq!(plain.labels(), [2, 0, 1]);
    assert_eq!(idx::dataset(&packed(&images), &packed(&labels), 3).unwrap(), plain);
}

#[test]
fn a_label_beyond_the_classes_names_its_image() {
    let error = idx::dataset(&images().write(), &labels().write(), 2).unwrap_err();
    assert_eq!(error, DataError::Label { index: 0, label: 2, classes: 2 });
}

#[rstest]
#[case::nothing(b"", "not an IDX file")]
#[case::other(b"\x89PNG\r\n", "not an IDX file")]
#[case::floats(b"\0\0\x0d\x01\0\0\0\0", "type 0x0d")]
#[case::no_dimension(b"\0\0\x08\x02\0\0\0\x01", "cut off")]
#[case::no_values(b"\0\0\x08\x01\0\0\0\x02\x07", "cut off")]
#[case::too_many(b"\0\0\x08\x01\0\0\0\x01\x07\x07", "goes on")]
#[case::huge(b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "too large")]
#[case::gzip(b"\x1f\x8b\x08\0\0\0", "gzip")]
fn other_files_are_errors(#[case] file: &[u8], #[case] why: &str) {
    let error = IdxArray::read("the images", file).unwrap_err().to_string();
    assert!(error.contains("the images") && error.contains(why), "{error}");
}

#[test]
fn arrays_of_other_shapes_are_no_data_sets() {
    let vector = labels().write();
    let error = idx::dataset(&vector, &vector, 3).unwrap_err();
    assert!(matches!(error, DataError::Shape { .. }), "{error}");
    let error = idx::dataset(&images().write(), &images().write(), 3).unwrap_err();
    assert!(matches!(error, DataError::Shape { .. }), "{error}");
}

proptest! {
    #[test]
    fn a_truncated_file_is_an_error(cut in 0.0..1.0_f64, gzip in any::<bool>()) {
        let file = if gzip { packed(&images().write()) } else { images().write() };
        let length = (file.len() as f64 * cut) as usize;
        prop_assert!(IdxArray::read("the images", &file[..length]).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        gzip in any::<bool>(),
    ) {
        let mut file = if gzip { packed(&images().write()) } else { images().write() };
        let place = place.index(file.len());
        file[place] = byte;
        if let Err(error) = idx::dataset(&file, &labels().write(), 3) {
            prop_assert!(!error.to_string().is_empty() && !error.hint().is_empty());
        }
    }
}
