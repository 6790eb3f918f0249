//! Batches and the embedded sample.
#![allow(clippy::unwrap_used)]

use pimnas_data::fashion_mnist::{self, EMBEDDED_SEED};
use pimnas_data::{
    Augmentation, BatchOptions, Batches, Dataset, ImageShape, LastBatch, Normalisation, Order,
    Pixels,
};
use proptest::prelude::*;

fn numbered(count: u8) -> Dataset {
    let shape = ImageShape { channels: 1, height: 2, width: 3 };
    let pixels = (0..count).flat_map(|image| [image; 6]).collect();
    let labels = (0..u32::from(count)).map(|image| image % 4).collect();
    Dataset::new(shape, Pixels::U8(pixels), labels, 4).unwrap()
}

#[test]
fn the_last_batch_is_kept_or_dropped() {
    let set = numbered(10);
    let sizes = |last| {
        let options = BatchOptions { size: 4, last, ..BatchOptions::default() };
        Batches::new(&set, options).map(|batch| batch.labels.len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(LastBatch::Keep), [4, 4, 2]);
    assert_eq!(sizes(LastBatch::Drop), [4, 4]);
}

#[test]
fn every_epoch_has_its_own_order_and_the_same_seed_the_same() {
    let set = numbered(100);
    let order = |seed, epoch| {
        let order = Order::Shuffled;
        let options = BatchOptions { order, seed, epoch, ..BatchOptions::default() };
        Batches::new(&set, options).flat_map(|batch| batch.indices).collect::<Vec<_>>()
    };
    assert_eq!(order(1, 0), order(1, 0));
    assert_ne!(order(1, 0), order(1, 1));
    assert_ne!(order(1, 0), order(2, 0));
}

#[test]
fn augmentation_does_not_depend_on_the_size_of_the_batches() {
    let (_, test) = fashion_mnist::embedded().unwrap();
    let set = test.first(30);
    let images = |size| {
        let augmentation = Augmentation::FlipAndShift { pixels: 3 };
        let options = BatchOptions { size, augmentation, seed: 9, ..BatchOptions::default() };
        Batches::new(&set, options).flat_map(|batch| batch.images).collect::<Vec<_>>()
    };
    assert_eq!(images(7), images(30));
    let plain = BatchOptions { size: 30, ..BatchOptions::default() };
    let unchanged = Batches::new(&set, plain).next().unwrap().images;
    let differ = images(30).iter().zip(&unchanged).filter(|(left, right)| left != right).count();
    assert!(differ > unchanged.len() / 4, "{differ}");
}

proptest! {
    #[test]
    fn an_epoch_has_every_image_once_with_its_label(
        count in 0..60_u8,
        size in 0..70_usize,
        seed in any::<u64>(),
    ) {
        let set = numbered(count);
        let normalisation = Normalisation::identity();
        let order = Order::Shuffled;
        let options =
            BatchOptions { size, order, normalisation, seed, ..BatchOptions::default() };
        let mut seen = Vec::new();
        for batch in Batches::new(&set, options) {
            for (image, &label) in batch.images.chunks(6).zip(&batch.labels) {
                prop_assert_eq!(image[0] as u32 % 4, label);
                seen.push(image[0] as u8);
            }
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn the_embedded_sample_has_as_many_images_of_each_class() {
    let (training, test) = fashion_mnist::embedded().unwrap();
    assert_eq!(training.counts(), [1_000; 10]);
    assert_eq!(test.counts(), [200; 10]);
    assert_eq!(training.shape(), ImageShape { channels: 1, height: 28, width: 28 });
    assert_eq!(test.class_names().unwrap()[9], "Ankle boot");
}

#[test]
fn the_embedded_sample_is_the_one_that_its_seed_chooses_from_the_full_set() {
    let Some(dir) = fashion_mnist::find_installed() else { return };
    let (training, test) = fashion_mnist::load_dir(&dir).unwrap();
    assert_eq!((training.len(), test.len()), (60_000, 10_000));
    let chosen = (
        training.balanced_sample(1_000, EMBEDDED_SEED).unwrap(),
        test.balanced_sample(200, EMBEDDED_SEED).unwrap(),
    );
    assert_eq!(chosen, fashion_mnist::embedded().unwrap());
}
