//! Image data sets: readers, normalisation, batches in a seeded order, an embedded sample.
//!
//! A [`Dataset`] holds images of one shape (channels, height, width), the label of each and the
//! number of classes. It comes from IDX files ([`idx`]), the binary CIFAR files ([`cifar`]), a
//! folder of pictures ([`folder`]), arrays ([`arrays`]), or out of this crate
//! ([`fashion_mnist::embedded`]). [`Batches`] gives its images as normalised floats, in order or
//! shuffled, as they are or augmented; the same seed gives the same batches on every machine.
//!
//! ```
//! use pimnas_data::{BatchOptions, Batches, Normalisation, fashion_mnist};
//!
//! let (_, test) = fashion_mnist::embedded()?;
//! assert_eq!((test.len(), test.classes()), (2_000, 10));
//! let options = BatchOptions { size: 32, ..BatchOptions::default() };
//! let first = Batches::new(&test, options).next();
//! assert_eq!(first.map(|batch| batch.images.len()), Some(32 * 28 * 28));
//! # Ok::<(), pimnas_data::DataError>(())
//! ```

pub mod arrays;
mod augment;
mod batches;
pub mod cifar;
mod dataset;
mod error;
pub mod fashion_mnist;
mod files;
pub mod folder;
pub mod idx;
mod locate;
mod normalise;
mod random;
mod sample;

pub use augment::Augmentation;
pub use batches::{Batch, BatchOptions, Batches, LastBatch, Order};
pub use dataset::{Dataset, ImageShape, Pixels};
pub use error::DataError;
pub use locate::locate;
pub use normalise::Normalisation;
