//! CIFAR files, folders of pictures and named arrays.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use pimnas_data::arrays::{self, Part};
use pimnas_data::cifar::Cifar;
use pimnas_data::folder::{self, Colour, FolderOptions, Size};
use pimnas_data::{DataError, ImageShape, Pixels};
use pimnas_formats::{NamedTensors, Tensor, TensorData};

fn record(labels: &[u8], value: u8) -> Vec<u8> {
    let mut record = labels.to_vec();
    record.extend([value; 1024].iter().chain(&[value + 1; 1024]).chain(&[value + 2; 1024]));
    record
}

#[test]
fn cifar_records_are_a_label_and_three_planes() {
    let file = [record(&[9], 10), record(&[0], 20)].concat();
    let set = Cifar::Ten.dataset(&[&file, &record(&[3], 30)]).unwrap();
    assert_eq!((set.len(), set.classes(), set.labels()), (3, 10, &[9, 0, 3][..]));
    let Pixels::U8(pixels) = set.pixels() else { panic!("bytes stay bytes") };
    assert_eq!([pixels[0], pixels[1024], pixels[2048], pixels[3072]], [10, 11, 12, 20]);
}

#[test]
fn cifar_100_has_the_fine_label_second() {
    let set = Cifar::Hundred.dataset(&[&record(&[19, 99], 0)]).unwrap();
    assert_eq!(set.labels(), [99]);
    let error = Cifar::Ten.dataset(&[&record(&[10], 0)]).unwrap_err();
    assert_eq!(error, DataError::Label { index: 0, label: 10, classes: 10 });
}

#[test]
fn a_cifar_file_that_ends_inside_a_record_is_an_error() {
    let whole = record(&[1], 0);
    let error = Cifar::Ten.dataset(&[&whole, &whole[..3000]]).unwrap_err().to_string();
    assert!(error.contains("file 2") && error.contains("3073"), "{error}");
}

#[test]
fn a_folder_of_cifar_files_is_read_by_their_names() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("train.bin"), record(&[1, 2], 0)).unwrap();
    let error = Cifar::Hundred.load_dir(dir.path()).unwrap_err();
    assert!(matches!(&error, DataError::File { path, .. } if path.ends_with("test.bin")));
    fs::write(dir.path().join("test.bin"), record(&[1, 3], 0)).unwrap();
    let (training, test) = Cifar::Hundred.load_dir(dir.path()).unwrap();
    assert_eq!((training.labels(), test.labels()), (&[2][..], &[3][..]));
}

fn picture(dir: &Path, class: &str, name: &str, (width, height): (u32, u32)) {
    fs::create_dir_all(dir.join(class)).unwrap();
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 200]));
    picture.save(dir.join(class).join(name)).unwrap();
}

#[test]
fn each_folder_is_a_class_in_the_order_of_the_names() {
    let dir = tempfile::tempdir().unwrap();
    picture(dir.path(), "dog", "b.png", (3, 2));
    picture(dir.path(), "dog", "a.PNG", (3, 2));
    picture(dir.path(), "cat", "c.png", (3, 2));
    fs::write(dir.path().join("cat").join("notes.txt"), "no picture").unwrap();
    let set = folder::load(dir.path(), FolderOptions::default()).unwrap();
    assert_eq!(set.class_names().unwrap(), ["cat", "dog"]);
    assert_eq!(set.labels(), [0, 1, 1]);
    assert_eq!(set.shape(), ImageShape { channels: 3, height: 2, width: 3 });
    let Pixels::U8(pixels) = set.pixels() else { panic!("pictures are bytes") };
    assert_eq!(pixels[..18], [0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 1, 1, 200, 200, 200, 200, 200, 200]);
}

#[test]
fn pictures_of_several_sizes_are_scaled_or_an_error() {
    let dir = tempfile::tempdir().unwrap();
    picture(dir.path(), "a", "1.png", (4, 4));
    picture(dir.path(), "a", "2.jpg", (8, 6));
    let error = folder::load(dir.path(), FolderOptions::default()).unwrap_err();
    assert!(matches!(&error, DataError::Shape { what, .. } if what.ends_with("2.jpg")));
    let size = Size::Scaled { height: 5, width: 7 };
    let set = folder::load(dir.path(), FolderOptions { colour: Colour::Grey, size }).unwrap();
    assert_eq!(set.shape(), ImageShape { channels: 1, height: 5, width: 7 });
}

#[test]
fn damaged_pictures_and_empty_folders_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let empty = folder::load(dir.path(), FolderOptions::default()).unwrap_err();
    assert!(matches!(empty, DataError::Empty { .. }));
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::write(dir.path().join("a").join("1.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    let error = folder::load(dir.path(), FolderOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Format { .. }), "{error}");
}

fn named(arrays: &[(&str, Tensor)]) -> NamedTensors {
    arrays.iter().map(|(name, array)| ((*name).to_owned(), array.clone())).collect()
}

fn integers(values: &[i64]) -> Tensor {
    Tensor::integers(values.to_vec())
}

#[test]
fn arrays_are_found_by_their_usual_names() {
    let bytes = Tensor::new([2, 1, 2], TensorData::U8(vec![1, 2, 3, 4])).unwrap();
    let floats = Tensor::f32([1, 1, 1, 2], vec![0.5, -0.5]).unwrap();
    let both = named(&[
        ("x_train", bytes),
        ("y_train", integers(&[1, 0])),
        ("test_images", floats),
        ("test_labels", integers(&[1])),
    ]);
    let training = arrays::dataset(&both, Part::Training, 2).unwrap();
    assert_eq!(training.pixels(), &Pixels::U8(vec![1, 2, 3, 4]));
    let test = arrays::dataset(&both, Part::Test, 2).unwrap();
    assert_eq!(test.pixels(), &Pixels::F32(vec![0.5, -0.5]));
    let error = arrays::dataset(&both, Part::Whole, 2).unwrap_err().to_string();
    assert!(error.contains("x_train, y_train"), "{error}");
}

#[test]
fn negative_and_broken_labels_are_errors() {
    let images = Tensor::f32([1, 1, 2], vec![0.0; 2]).unwrap();
    let with = |labels| named(&[("images", images.clone()), ("labels", labels)]);
    let negative = arrays::dataset(&with(integers(&[-1])), Part::Whole, 2);
    assert_eq!(negative, Err(DataError::Label { index: 0, label: -1, classes: 2 }));
    let floats = arrays::dataset(&with(Tensor::vector(vec![0.5])), Part::Whole, 2);
    assert!(matches!(floats, Err(DataError::Format { .. })));
    let count = arrays::dataset(&with(integers(&[0, 1])), Part::Whole, 2);
    assert_eq!(count, Err(DataError::Count { images: 1, labels: 2 }));
}
