//! Seeds for the fuzz targets: what fuzzing starts from, made from recorded cases and fixtures.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pimnas::RawConfig;
use pimnas::config::KEYS;
use pimnas::config::registry::SECTIONS;
use serde_json::Value;
use zip::write::SimpleFileOptions;

/// Larger seeds slow fuzzing more than they help it, bytes.
const LARGEST: usize = 48 << 10;

/// Write the seeds and dictionaries of the fuzz targets
#[derive(clap::Args)]
pub struct Args {
    /// Folder with recorded cases (JSON, safetensors)
    #[arg(long, default_value = "fixtures/golden")]
    golden: PathBuf,
    /// Folder to write to: a folder a target
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: PathBuf,
    /// Folder with ONNX files, searched with its sub-folders
    #[arg(long)]
    onnx: Option<PathBuf>,
}

/// Writes the seeds.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let seeds = Seeds { corpus: &args.corpus };
    let mut files: Vec<PathBuf> = fs::read_dir(&args.golden)
        .with_context(|| args.golden.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => seeds.case(&name, &fs::read(&file)?)?,
            Some("safetensors") => seeds.add("safetensors", &name, &fs::read(&file)?)?,
            Some("ini") => seeds.add("ini", &name, &fs::read(&file)?)?,
            Some(_) | None => {}
        }
    }
    for entry in fs::read_dir("crates/pimnas-formats/tests/data/pth")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pth") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            seeds.add("pth", &name, &fs::read(&path)?)?;
        }
    }
    if let Some(folder) = &args.onnx {
        seeds.onnx(folder)?;
    }
    for (name, array) in arrays() {
        seeds.add("npz", name, &array)?;
        seeds.add("npz", &format!("{name}_archive"), &archive(&array)?)?;
    }
    for (dims, name) in [(&[2, 3][..], "matrix"), (&[1, 2, 2][..], "pictures"), (&[], "scalar")] {
        seeds.add("idx", name, &idx(dims))?;
    }
    seeds.dictionaries()
}

/// The folder that seeds go to.
struct Seeds<'a> {
    corpus: &'a Path,
}

impl Seeds<'_> {
    fn add(&self, target: &str, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.len() > LARGEST {
            return Ok(());
        }
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), bytes)?)
    }

    /// The ONNX files of a folder, named by their own folder, which test data call a case.
    fn onnx(&self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.onnx(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "onnx") {
                let case = folder.file_name().unwrap_or_default().to_string_lossy();
                self.add("onnx", &case, &fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    /// The configuration and the network of a recorded case.
    fn case(&self, name: &str, json: &[u8]) -> anyhow::Result<()> {
        let case: Value = serde_json::from_slice(&without_nan(json))?;
        for (key, target) in [("network", "layer_list_json"), ("mnsim_cfg", "candidate_json")] {
            if let Some(network) = case.get(key) {
                self.add(target, name, &serde_json::to_vec(network)?)?;
            }
        }
        let mut config = RawConfig::reference_default();
        for (section, keys) in case["config_overrides"].as_object().into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                config.set(&format!("{section}/{key}"), value)?;
            }
        }
        self.add("ini", name, config.to_ini().as_bytes())?;
        self.add("toml", name, config.to_toml().as_bytes())
    }

    /// Words that a mutation may put in: names of keys and values.
    fn dictionaries(&self) -> anyhow::Result<()> {
        let mut config: BTreeSet<String> =
            KEYS.iter().flat_map(|key| [key.name.to_owned(), key.default.to_owned()]).collect();
        config.extend(SECTIONS.iter().map(|section| format!("[{section}]")));
        config.extend(EXTREMES.iter().chain(&["[DEFAULT]", "nan", "inf"]).map(|&w| w.to_owned()));
        let network: BTreeSet<String> =
            NETWORK_WORDS.iter().chain(EXTREMES).map(|&word| word.to_owned()).collect();
        for (name, words) in [("config", config), ("network", network)] {
            let mut file = fs::File::create(self.corpus.join(format!("{name}.dict")))?;
            for word in words.iter().filter(|word| !word.is_empty()) {
                writeln!(file, "\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}

const EXTREMES: &[&str] = &[
    "0",
    "-1",
    "1e400",
    "-1e400",
    "1e-320",
    "65536",
    "100000,100000",
    "2147483648",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
];

const NETWORK_WORDS: &[&str] = &[
    "\"type\"",
    "\"_type\"",
    "\"input_shape\"",
    "\"input\"",
    "\"output\"",
    "\"layers\"",
    "\"from\"",
    "\"to\"",
    "\"input_index\"",
    "\"weight_bit\"",
    "\"activation_bit\"",
    "\"activation_scale\"",
    "\"point_shift\"",
    "\"weight_info\"",
    "\"scales\"",
    "\"input_bit\"",
    "\"name\"",
    "\"conv\"",
    "\"group_conv\"",
    "\"fc\"",
    "\"bn\"",
    "\"relu\"",
    "\"hard_tanh\"",
    "\"view\"",
    "\"flatten\"",
    "\"dropout\"",
    "\"pooling\"",
    "\"element_sum\"",
    "\"AdaptiveAvgPool2d\"",
    "\"adaptive_pooling\"",
    "\"expand\"",
    "\"downsample\"",
    "\"in_channels\"",
    "\"out_channels\"",
    "\"kernel_size\"",
    "\"stride\"",
    "\"padding\"",
    "\"groups\"",
    "\"in_features\"",
    "\"out_features\"",
    "\"features\"",
    "\"mode\"",
    "\"MAX\"",
    "\"AVE\"",
    "\"output_size\"",
    "\"max_channels\"",
    "\"start_dim\"",
    "\"end_dim\"",
    "null",
    "NaN",
    "true",
    "[]",
    "{}",
];

/// The Python writer of the cases puts `NaN` where there is no number.
fn without_nan(json: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(json).replace("NaN", "null").into_bytes()
}

/// Arrays as NumPy stores them.
fn arrays() -> Vec<(&'static str, Vec<u8>)> {
    let array = |descr: &str, shape: &str, bytes: usize| {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).unwrap_or_default().to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(vec![1; bytes]);
        file
    };
    vec![
        ("floats", array("<f4", "(2, 3)", 24)),
        ("bytes", array("|u1", "(5,)", 5)),
        ("big_endian", array(">i2", "(1, 2)", 4)),
        ("scalar", array("<f8", "()", 8)),
    ]
}

fn archive(array: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("a.npy", SimpleFileOptions::default())?;
    archive.write_all(array)?;
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("b.npy", stored)?;
    archive.write_all(array)?;
    Ok(archive.finish()?.into_inner())
}

fn idx(dims: &[u32]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(dims.len()).unwrap_or(u8::MAX)];
    file.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    file.extend(vec![1; dims.iter().product::<u32>() as usize]);
    file
}
