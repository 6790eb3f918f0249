//! Messages as they are read: what, where, why and what to do.
#![allow(clippy::unwrap_used)]

mod support;

use support::{File, refused_without_trace, with_line};

fn message(files: &[File<'_>], args: &[&str]) -> String {
    refused_without_trace(files, args, &[])
}

#[test]
fn of_configurations() {
    let text = with_line("Xbar_Size = 256,256", "Xbar_Sise = 256,256")
        .replace("Device_Tech = 45", "Device_Tech = 45 nm\ndevice_tech = 9");
    let twice = message(&[("a.ini", text.as_bytes())], &["simulate", "--config", "a.ini"]);
    insta::assert_snapshot!("key_twice", twice);
    let text = text.replace("device_tech = 9\n", "");
    let several = message(&[("a.ini", text.as_bytes())], &["simulate", "--config", "a.ini"]);
    insta::assert_snapshot!("several_problems", several);
    let binary = message(&[("a.ini", &[0xff, 0, 1])], &["simulate", "--config", "a.ini"]);
    insta::assert_snapshot!("binary", binary);
    let set = ["simulate", "--set", "Device level/Device_Level=8", "--set", "Xbar_Size=1,1"];
    insta::assert_snapshot!("override", message(&[], &set));
}

#[test]
fn of_networks() {
    let json = r#"{"input_shape": [1, 3, 8, 8], "layers": [
        {"type": "conv", "in_channels": 5, "out_channels": 4, "kernel_size": 3},
        {"type": "convv"},
        {"type": "fc", "in_features": 10, "out_features": 0, "stride": 2}]}"#;
    let args = ["simulate", "--network", "n.json"];
    insta::assert_snapshot!("network", message(&[("n.json", json.as_bytes())], &args));
    let shapes = json.replace("{\"type\": \"convv\"},", "").replace(", \"stride\": 2", "");
    insta::assert_snapshot!("shapes", message(&[("n.json", shapes.as_bytes())], &args));
    let tiles = ["simulate", "--set", "Architecture level/Tile_Num=2,2"];
    insta::assert_snapshot!("too_few_tiles", message(&[], &tiles));
}
