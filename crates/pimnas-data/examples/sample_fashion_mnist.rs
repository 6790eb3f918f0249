//! Chooses the embedded sample of Fashion-MNIST from the full set:
//! `cargo run --release -p pimnas-data --example sample_fashion_mnist -- FULL_SET_DIR OUTPUT_DIR`

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use pimnas_data::fashion_mnist::{
    EMBEDDED_SEED, EMBEDDED_TEST_OF_EACH, EMBEDDED_TRAINING_OF_EACH, load_dir,
};
use pimnas_data::idx::IdxArray;
use pimnas_data::{Dataset, Pixels};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("give the folder of the full set and the folder to write to".into());
    };
    let (training, test) = load_dir(Path::new(&from))?;
    let training = training.balanced_sample(EMBEDDED_TRAINING_OF_EACH, EMBEDDED_SEED)?;
    let test = test.balanced_sample(EMBEDDED_TEST_OF_EACH, EMBEDDED_SEED)?;
    for (name, part) in [("train", &training), ("t10k", &test)] {
        let (images, labels) = arrays(part)?;
        for (file, array) in [("images-idx3", images), ("labels-idx1", labels)] {
            let path = Path::new(&to).join(format!("{name}-{file}-ubyte.gz"));
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            packed.write_all(&array.write())?;
            fs::write(path, packed.finish()?)?;
        }
    }
    Ok(())
}

fn arrays(part: &Dataset) -> Result<(IdxArray, IdxArray), Box<dyn Error>> {
    let Pixels::U8(pixels) = part.pixels() else {
        return Err("the pictures are not bytes".into());
    };
    let shape = part.shape();
    let images =
        IdxArray { dims: vec![part.len(), shape.height, shape.width], values: pixels.clone() };
    let labels: Result<Vec<u8>, _> = part.labels().iter().map(|&l| u8::try_from(l)).collect();
    Ok((images, IdxArray { dims: vec![part.len()], values: labels? }))
}
