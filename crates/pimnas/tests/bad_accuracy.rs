//! Arguments, networks, weights and images that `accuracy`, `infer` and `candidate` cannot take.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use support::{folder, refused, refused_without_trace};

const NETWORK: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.json");
const WEIGHTS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/networks/fashion-mnist-small.safetensors");
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/onnx/tiny.onnx");

#[rstest]
#[case::no_draws(&["--draws", "0"], "0 draws")]
#[case::no_images(&["--limit", "0"], "--limit 0")]
#[case::no_threads(&["--threads", "0"], "0 threads")]
#[case::negative_variation(&["--variation=-3"], "deviation")]
#[case::unknown_law(&["--variation", "3,cauchy"], "there is no law `cauchy`")]
#[case::ir_drop_method(&["--ir-drop", "fastest"], "there is no method `fastest`")]
#[case::ir_drop_ohms(&["--ir-drop", "fast,much"], "--ir-drop much")]
#[case::ir_drop_negative(&["--ir-drop", "fast,-1"], "word-line segment is -1")]
#[case::ir_drop_three(&["--ir-drop", "fast,1,2,3"], "3 numbers instead of 2")]
#[case::ir_drop_no_wires(&["--ir-drop", "fast", "--set", "Crossbar level/Wire_Resistance=0"],
    "Wire_Resistance is 0")]
#[case::drift_early(&["--drift", "1"], "before the reference time")]
#[case::drift_start(&["--drift", "100,0.05,0.01,0"], "reference time of the drift is 0")]
#[case::quirk(&["--keep", "nothing"], "there is no quirk `nothing`")]
#[case::nearly(&["--correct", "unquantised-imput"], "did you mean `unquantised-input`?")]
#[case::other_quirk(&["--correct", "distance-cap"], "changes nothing that is computed here")]
#[case::stated_bits(&["--weight-bits", "5"], "states its own precision")]
#[case::few_bits(&["--calibrate", "max", "--weight-bits", "1"], "--weight-bits 1")]
#[case::many_bits(&["--calibrate", "max", "--activation-bits", "99"], "--activation-bits 99")]
#[case::samples(&["--calibrate", "max", "--calibration-images", "0"], "needs sample inputs")]
#[case::percentile(&["--calibrate", "percentile", "--calibration-percentile", "0"], "percentile")]
#[case::pixel_max(&["--pixel-max=-1"], "--pixel-max -1")]
#[case::deviation(&["--deviation", "0"], "--deviation 0")]
#[case::mean(&["--mean", "nan"], "--mean NaN")]
#[case::means(&["--mean", "1,2"], "2 values for 1 channels")]
#[case::dataset(&["--dataset", "imagenet"], "no data set at imagenet")]
#[case::where_is(&["--dataset", "mnist"], "where is mnist?")]
#[case::format(&["--format", "xml"], "possible values")]
#[case::adc(&["--adc", "wide"], "possible values")]
#[case::no_weights(&["--network", NETWORK], "--weights")]
#[case::device_file(&["--device-levels", "none.csv"], "none.csv")]
fn arguments(#[case] args: &[&str], #[case] part: &str) {
    refused_without_trace(&[], &[&["accuracy"], args].concat(), &[part]);
}

#[rstest]
#[case::heading(b"a,b\n", "no column `level`")]
#[case::empty(b"", "no column `level`")]
#[case::falls(b"level,mean,deviation\n0,2,0\n1,1,0\n2,3,0\n3,4,0\n", "line 3")]
#[case::too_few(b"level,mean,deviation\n0,1,0\n1,2,0\n", "2 levels")]
#[case::nan(b"level,mean,deviation\n0,nan,0\n1,2,0\n", "line 2")]
#[case::binary(&[0xff, 0, 1], "heading")]
fn devices(#[case] csv: &[u8], #[case] part: &str) {
    let args = ["accuracy", "--device-levels", "d.csv"];
    refused_without_trace(&[("d.csv", csv)], &args, &[part]);
}

#[test]
fn levels_and_a_law_of_their_own() {
    let args = ["accuracy", "--device-levels", "d.csv", "--variation", "3"];
    refused(folder(&[]).path(), &args, &["cannot be used with"]);
}

/// An IDX file of these dimensions and bytes.
fn idx(dims: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|&dim| file.extend([0, 0, 0, dim]));
    file.extend(bytes);
    file
}

#[rstest]
#[case::cut(&idx(&[2, 28, 28], &[0; 9]), &idx(&[2], &[1, 2]), "cut off")]
#[case::no_idx(b"GIF89a", &idx(&[2], &[1, 2]), "not an IDX file")]
#[case::gzip(&[0x1f, 0x8b, 8, 0], &idx(&[2], &[1, 2]), "damaged gzip")]
#[case::huge(&[0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
    &idx(&[2], &[1, 2]), "too large")]
#[case::label(&idx(&[1, 28, 28], &[0; 784]), &idx(&[1], &[10]), "label 10")]
#[case::count(&idx(&[1, 28, 28], &[0; 784]), &idx(&[2], &[1, 2]), "2 labels for 1 images")]
#[case::small(&idx(&[1, 2, 2], &[0; 4]), &idx(&[1], &[1]), "the network takes")]
#[case::none(&idx(&[0, 28, 28], &[]), &idx(&[0], &[]), "no images")]
fn idx_files(#[case] images: &[u8], #[case] labels: &[u8], #[case] part: &str) {
    let files = [("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels)];
    let folder = folder(&files);
    refused(folder.path(), &["accuracy", "--dataset", "mnist", "--data", "."], &[part]);
    refused(folder.path(), &["accuracy", "--dataset", "."], &[part]);
}

#[test]
fn arrays() {
    for name in ["a.npz", "a.safetensors"] {
        for bytes in [&b"PK\x03\x04"[..], b"", &[0xff; 64]] {
            let args = ["accuracy", "--dataset", name];
            refused_without_trace(&[(name, bytes)], &args, &[name]);
        }
    }
}

#[test]
fn weights() {
    let whole = std::fs::read(WEIGHTS).unwrap();
    let files: [(&str, &[u8]); 6] = [
        ("cut.safetensors", &whole[..whole.len() / 2]),
        ("huge.safetensors", &[0xff; 64]),
        ("empty.pth", b""),
        ("evil.pth", b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."),
        ("cut.pth", b"PK\x03\x04 and no more"),
        ("cut.npz", b"PK\x03\x04"),
    ];
    let folder = folder(&files);
    for (name, _) in files {
        let network = ["--network", NETWORK, "--weights", name];
        refused(folder.path(), &[&["accuracy"][..], &network].concat(), &[name]);
        let input = ["--input", WEIGHTS, "--output", "out.safetensors"];
        refused(folder.path(), &[&["infer"][..], &network, &input].concat(), &[name]);
        let candidate = ["candidate", "--graph", NETWORK, "--params", name];
        refused(folder.path(), &[&candidate[..], &input].concat(), &[name]);
        assert!(!folder.path().join("out.safetensors").exists());
    }
}

#[test]
fn onnx() {
    let whole = std::fs::read(TINY).unwrap();
    for cut in (0..whole.len()).step_by(97) {
        let folder = folder(&[("cut.onnx", &whole[..cut])]);
        refused(folder.path(), &["accuracy", "--network", "cut.onnx"], &["cut.onnx"]);
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = folder(&[]);
    let nowhere = "none/out.safetensors";
    refused(folder.path(), &["accuracy", "--output", nowhere], &["the folder none does not exist"]);
    // The output is looked at before any other file.
    let infer = ["infer", "--network", "a", "--input", "b", "--output", nowhere];
    refused(folder.path(), &infer, &["the folder none does not exist"]);
    let candidate = ["candidate", "--graph", "a", "--params", "b", "--input", "c"];
    let candidate = [&candidate[..], &["--output", nowhere]].concat();
    refused(folder.path(), &candidate, &["the folder none does not exist"]);
}
