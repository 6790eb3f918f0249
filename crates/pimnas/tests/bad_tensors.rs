//! Weights, images and networks with broken numbers: what the command says of each.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use pimnas::formats::{NamedTensors, Tensor};
use rstest::rstest;
use support::{folder, refused, refused_without_trace};
use zip::write::SimpleFileOptions;

const NETWORK: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.safetensors");

/// A zip archive with these entries, stored as they are.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An array of NumPy.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn images() -> Vec<u8> {
    npy("|u1", "(2, 28, 28)", &[0; 2 * 784])
}

fn labels(labels: &[u8]) -> Vec<u8> {
    npy("|u1", &format!("({},)", labels.len()), labels)
}

#[rstest]
#[case::another_output(images(), labels(&[9, 12]), "image 1 has label 12, but the network has 10 outputs")]
#[case::negative(images(), npy("|i1", "(2,)", &[0xff, 0]), "image 0 has label -1")]
#[case::not_whole(images(), npy("<f4", "(2,)", &[0; 8]), "they are not integers")]
#[case::too_few(images(), labels(&[1]), "1 labels for 2 images")]
#[case::other_size(npy("|u1", "(2, 8, 8)", &[0; 128]), labels(&[1, 2]), "1×8×8; the network takes 1×28×28")]
#[case::no_image(npy("|u1", "(2, 28)", &[0; 56]), labels(&[1, 2]), "[2, 28]")]
#[case::nan(npy("<f4", "(1, 28, 28)", &[0xff; 4 * 784]), labels(&[1]), "image 0 has the value NaN")]
#[case::objects(npy("|O", "(2,)", &[0; 16]), labels(&[1, 2]), "array images: numbers of type |O")]
#[case::complex(npy("<c8", "(2,)", &[0; 16]), labels(&[1, 2]), "array images: numbers of type <c8")]
#[case::cut(npy("<f4", "(2, 28, 28)", &[0; 9]), labels(&[1, 2]), "array images: it is cut off")]
#[case::huge(npy("<f4", "(4294967295, 4294967295)", &[]), labels(&[1, 2]), "array images: it is cut off")]
#[case::header(b"\x93NUMPY\x01\x00\x03\x00{'d".to_vec(), labels(&[1, 2]), "its header does not state")]
#[case::no_array(b"hello".to_vec(), labels(&[1, 2]), "it is not an array of NumPy")]
fn arrays(#[case] images: Vec<u8>, #[case] labels: Vec<u8>, #[case] part: &str) {
    let file = archive(&[("images.npy", &images), ("labels.npy", &labels)]);
    let args = ["accuracy", "--dataset", "a.npz"];
    refused_without_trace(&[("a.npz", &file)], &args, &[part]);
}

#[test]
fn labels_are_looked_at_before_anything_runs() {
    // Without a weight nothing could run, but that is not what is said.
    let mut tensors = NamedTensors::from_safetensors(&std::fs::read(WEIGHTS).unwrap()).unwrap();
    tensors.remove("layer_list.9.layer_list.0.weight").unwrap();
    let weights = tensors.to_safetensors().unwrap();
    let data = archive(&[("images.npy", &images()), ("labels.npy", &labels(&[0, 10]))]);
    let network = ["--network", NETWORK, "--weights", "w.safetensors"];
    let args = [&["accuracy", "--dataset", "a.npz"][..], &network].concat();
    let files: [(&str, &[u8]); 2] = [("a.npz", &data), ("w.safetensors", &weights)];
    refused_without_trace(&files, &args, &["image 1 has label 10"]);
}

#[test]
fn damaged_archives() {
    let whole = archive(&[("images.npy", &images()), ("labels.npy", &labels(&[1, 2]))]);
    let mut flipped = whole.clone();
    flipped[1000] ^= 1;
    let files: [(&str, &[u8], &str); 3] = [
        ("flipped.npz", &flipped, "images: Invalid checksum"),
        ("cut.npz", &whole[..whole.len() / 2], "the archive is damaged"),
        ("start.npz", &whole[..3], "neither an array of NumPy nor an archive"),
    ];
    for (name, bytes, part) in files {
        let args = ["accuracy", "--dataset", name];
        refused_without_trace(&[(name, bytes)], &args, &[name, part]);
    }
}

fn gzip(parts: &[&[u8]]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    parts.iter().for_each(|part| packed.write_all(part).unwrap());
    packed.finish().unwrap()
}

/// Packed pictures of which there is one, of these sides, followed by as many zeros.
fn packed(sides: [u32; 2], zeros: usize) -> Vec<u8> {
    let [height, width] = sides.map(u32::to_be_bytes);
    gzip(&[&[0, 0, 8, 3, 0, 0, 0, 1], &height, &width, &vec![0; zeros]])
}

#[rstest]
#[case::overflow(packed([u32::MAX, u32::MAX], 0), "too large")]
#[case::huge(packed([1 << 14, 1 << 14], 10), "packed as they are")]
#[case::bomb(packed([1 << 13, 1 << 12], 1 << 25), "packed as they are")]
#[case::cut(packed([28, 28], 100), "cut off")]
#[case::longer(packed([28, 28], 785), "goes on behind its last value")]
#[case::header(gzip(&[&[0, 0, 8]]), "not an IDX file")]
#[case::damaged(packed([28, 28], 784)[..24].to_vec(), "damaged gzip file")]
fn packed_idx_files(#[case] images: Vec<u8>, #[case] part: &str) {
    let labels = gzip(&[&[0, 0, 8, 1, 0, 0, 0, 1, 3]]);
    let files: [(&str, &[u8]); 2] =
        [("t10k-images-idx3-ubyte.gz", &images), ("t10k-labels-idx1-ubyte.gz", &labels)];
    let args = ["accuracy", "--dataset", "mnist", "--data", "."];
    refused(folder(&files).path(), &args, &["t10k-images-idx3-ubyte.gz", part]);
}

/// The shipped weights with one value of one tensor replaced.
fn weights_with(value: f32) -> NamedTensors {
    let mut tensors = NamedTensors::from_safetensors(&std::fs::read(WEIGHTS).unwrap()).unwrap();
    let name = "layer_list.9.layer_list.0.weight";
    let tensor = tensors.get(name).unwrap().clone();
    let (dims, mut values) = (tensor.dims().to_vec(), tensor.to_f32());
    values[7] = value;
    tensors.insert(name, Tensor::f32(dims, values).unwrap());
    tensors
}

fn as_npz(tensors: &NamedTensors) -> Vec<u8> {
    let entry = |(name, tensor): (&str, &Tensor)| {
        let sides: String = tensor.dims().iter().map(|dim| format!("{dim},")).collect();
        let bytes: Vec<u8> = tensor.to_f32().iter().flat_map(|v| v.to_le_bytes()).collect();
        (format!("{name}.npy"), npy("<f4", &format!("({sides})"), &bytes))
    };
    let entries: Vec<(String, Vec<u8>)> = tensors.iter().map(entry).collect();
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    archive(&entries)
}

/// A state dict as `torch.save` writes it: a pickle of calls that rebuild tensors, and storages.
fn as_pth(tensors: &NamedTensors) -> Vec<u8> {
    let text = |word: &str| {
        let length = u32::try_from(word.len()).unwrap().to_le_bytes();
        [&b"X"[..], &length, word.as_bytes()].concat()
    };
    let number = |value: usize| [&b"J"[..], &u32::try_from(value).unwrap().to_le_bytes()].concat();
    let tuple = |values: Vec<usize>| {
        let values: Vec<u8> = values.into_iter().flat_map(number).collect();
        [&b"("[..], &values, b"t"].concat()
    };
    let (mut pickle, mut entries) = (b"\x80\x02}(".to_vec(), Vec::new());
    for (index, (name, tensor)) in tensors.iter().enumerate() {
        let dims = tensor.dims();
        let steps = (0..dims.len()).map(|axis| dims[axis + 1..].iter().product()).collect();
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend([text("storage"), b"ctorch\nFloatStorage\n".to_vec()].concat());
        pickle.extend([text(&index.to_string()), text("cpu"), number(tensor.len())].concat());
        pickle.extend([b"tQ".to_vec(), number(0), tuple(dims.to_vec()), tuple(steps)].concat());
        pickle.extend(b"\x89}tR");
        let bytes: Vec<u8> = tensor.to_f32().iter().flat_map(|v| v.to_le_bytes()).collect();
        entries.push((format!("w/data/{index}"), bytes));
    }
    pickle.extend(b"u.");
    entries.push(("w/data.pkl".to_owned(), pickle));
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    archive(&entries)
}

fn input() -> Vec<u8> {
    let mut tensors = NamedTensors::new();
    tensors.insert("input", Tensor::f32([1, 1, 28, 28], vec![0.5; 784]).unwrap());
    tensors.to_safetensors().unwrap()
}

#[test]
fn weights_of_every_format_must_be_finite() {
    for value in [f32::NAN, f32::INFINITY] {
        let tensors = weights_with(value);
        let (input, safe) = (input(), tensors.to_safetensors().unwrap());
        let files: [(&str, &[u8]); 4] = [
            ("input.safetensors", &input),
            ("w.safetensors", &safe),
            ("w.npz", &as_npz(&tensors)),
            ("w.pth", &as_pth(&tensors)),
        ];
        let folder = folder(&files);
        let said = format!("has the value {value} at position 7");
        for (name, _) in &files[1..] {
            let network = ["--network", NETWORK, "--weights", name];
            let parts = ["layer 9", "layer_list.9.layer_list.0.weight", &said];
            refused(folder.path(), &[&["accuracy", "--limit", "1"][..], &network].concat(), &parts);
            let batch = ["--input", "input.safetensors", "--output", "out.safetensors"];
            for mode in ["float", "fixed", "crossbar"] {
                let infer = [&["infer", "--mode", mode][..], &network, &batch].concat();
                refused(folder.path(), &infer, &parts);
            }
        }
    }
}

#[test]
fn a_changed_byte_of_a_state_dict_is_noticed() {
    let mut file = as_pth(&weights_with(0.25));
    let place = file.len() / 2;
    file[place] ^= 1;
    let args = ["accuracy", "--network", NETWORK, "--weights", "w.pth"];
    refused_without_trace(&[("w.pth", &file)], &args, &["w.pth", "Invalid checksum"]);
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn field(number: usize, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len()), bytes.to_vec()].concat()
}

/// An ONNX file that multiplies x (1 × 4) by a matrix w of these dimensions.
fn product(dims: [u8; 2], weights: &[f32]) -> Vec<u8> {
    let values: Vec<u8> = weights.iter().flat_map(|value| value.to_le_bytes()).collect();
    let stated = [&[0x08, dims[0], 0x08, dims[1], 0x10, 1][..], &field(8, b"w")].concat();
    let weights = field(5, &[stated, field(9, &values)].concat());
    let names = [field(1, b"x"), field(1, b"w"), field(2, b"y"), field(3, b"last")].concat();
    let node = field(1, &[names, field(4, b"MatMul")].concat());
    let shape = field(2, &[field(1, &[0x08, 1]), field(1, &[0x08, 4])].concat());
    let kind = field(2, &field(1, &[vec![0x08, 1], shape].concat()));
    let input = field(11, &[field(1, b"x"), kind].concat());
    let graph = [node, weights, input, field(12, &field(1, b"y"))].concat();
    [field(8, &[0x10, 13]), field(7, &graph)].concat()
}

#[rstest]
#[case::nan(product([4, 2], &[1., 1., 1., f32::NAN, 1., 1., 1., 1.]), &["MatMul last", "input w has the value NaN at position 3"])]
#[case::infinite(product([4, 2], &[f32::NEG_INFINITY; 8]), &["MatMul last", "-inf at position 0"])]
#[case::other_matrix(product([3, 2], &[1.0; 6]), &["MatMul last", "3 features multiplies 4"])]
#[case::cut(product([4, 2], &[1.0; 7]), &["tensor w", "28 bytes do not fit [4, 2]"])]
#[case::hostile([field(8, &[0x10, 13]), field(7, &field(1, b"").repeat(2_000_000))].concat(),
    &["its 4000009 bytes would take more than", "MiB of memory"])]
fn networks(#[case] file: Vec<u8>, #[case] parts: &[&str]) {
    let files: [(&str, &[u8]); 1] = [("n.onnx", &file)];
    let parts = [&["n.onnx"][..], parts].concat();
    refused_without_trace(&files, &["simulate", "--network", "n.onnx"], &parts);
    refused_without_trace(&files, &["accuracy", "--network", "n.onnx"], &parts);
}

#[test]
fn a_file_that_is_too_large_is_not_read_first() {
    let folder = folder(&[]);
    for name in ["n.json", "n.onnx", "w.safetensors"] {
        // Without content: the file system keeps its size only.
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.set_len((4 << 30) + 1).unwrap();
    }
    let parts = |most: &'static str| ["cannot read: it has 4096 MiB, more than", most];
    refused(folder.path(), &["simulate", "--network", "n.json"], &parts("256 MiB"));
    refused(folder.path(), &["simulate", "--network", "n.onnx"], &parts("4096 MiB"));
    let args = ["accuracy", "--network", NETWORK, "--weights", "w.safetensors"];
    refused(folder.path(), &args, &parts("4096 MiB"));
}
