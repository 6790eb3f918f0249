//! Arguments, outputs, grids and folders that make no sense.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use support::{DEFAULT, File, folder, listing, refused, refused_without_trace, run};

#[rstest]
#[case::format(&["simulate", "--format", "xml"], "possible values: table, json, csv")]
#[case::fidelity(&["simulate", "--fidelity", "exact"], "possible values: reference, corrected")]
#[case::classes(&["simulate", "--classes=-1"], "--classes")]
#[case::input_size(&["simulate", "--input-size", "big"], "'big'")]
#[case::unknown_option(&["simulate", "--confg", "a"], "'--confg'")]
#[case::unknown_command(&["simulat"], "'simulate'")]
#[case::both_grid_and_list(&["sweep", "--axis", "a/b=1", "--points", "a"], "cannot be used with")]
#[case::sweep_format(&["sweep", "--format", "table"], "possible values: csv, jsonl")]
#[case::convert_to(&["config", "convert", "--to", "yaml"], "possible values: ini, toml")]
fn arguments(#[case] args: &[&str], #[case] part: &str) {
    refused(folder(&[]).path(), args, &[part]);
}

#[rstest]
#[case::unknown_quirk(&["--keep", "nothing"], &["there is no quirk `nothing`", "choose one of "])]
#[case::nearly_a_quirk(&["--correct", "distance-cup"], &["did you mean `distance-cap`?"])]
#[case::replication_of_some(&["--replication", "1,2"],
    &["for 2 layers, but the network has 12 hardware layers"])]
#[case::no_copy(&["--replication", "0,1,1,1,1,1,1,1,1,1,1,1"], &["layer 0 (conv): no copy"])]
#[case::copies_of_a_pooling(&["--replication", "1,1,2,1,1,1,1,1,1,1,1,1"],
    &["(pooling): 2 copies, but only convolutions"])]
#[case::too_many_copies(&["--replication", "4294967295,1,1,1,1,1,1,1,1,1,1,1"],
    &["layer 0 (conv): 4294967295 copies are more than 65536"])]
fn modes(#[case] args: &[&str], #[case] parts: &[&str]) {
    refused_without_trace(&[], &[&["simulate"], args].concat(), parts);
}

#[rstest]
#[case::missing_folder("none/a.txt", &["the folder none does not exist", "make the folder"])]
#[case::a_folder(".", &["it is a folder", "give the name of a file in it"])]
#[case::a_file_as_folder("a.ini/b", &["the folder a.ini does not exist"])]
fn outputs(#[case] output: &str, #[case] parts: &[&str]) {
    let folder = folder(&[("a.ini", DEFAULT.as_bytes())]);
    for command in ["simulate", "explain", "sweep"] {
        refused(folder.path(), &[command, "--output", output], parts);
    }
    refused(folder.path(), &["config", "convert", "a.ini", "--output", output], parts);
    assert_eq!(listing(folder.path()).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("kept.txt", b"before")]);
    let permit = |mode| {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    permit(0o500);
    let superuser = std::fs::write(folder.path().join("try"), "").is_ok();
    if !superuser {
        let parts = ["kept.txt: cannot write: permission denied", "may be written to"];
        refused(folder.path(), &["simulate", "--output", "kept.txt"], &parts);
        assert_eq!(listing(folder.path())["kept.txt"], b"before");
    }
    permit(0o700);
}

/// What is written takes the place of what was there at once, through a link too; what is no
/// file is written to.
#[cfg(unix)]
#[test]
fn outputs_are_replaced_whole() {
    let folder = folder(&[("kept.txt", b"before")]);
    let path = |name: &str| folder.path().join(name);
    std::fs::hard_link(path("kept.txt"), path("old.txt")).unwrap();
    std::os::unix::fs::symlink("kept.txt", path("link.txt")).unwrap();
    let (code, stdout, stderr) =
        run(folder.path(), &["simulate", "--format", "csv", "--output", "link.txt"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    // The file's other name still has the old text: it was not written over in place.
    assert_eq!(std::fs::read(path("old.txt")).unwrap(), b"before");
    assert!(std::fs::read_to_string(path("kept.txt")).unwrap().starts_with("layer,type"));
    assert!(path("link.txt").is_symlink());
    assert_eq!(listing(folder.path()).len(), 3);
    let (code, ..) = run(folder.path(), &["simulate", "--output", "/dev/null"]);
    assert_eq!(code, 0);
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

/// A new file may be read by whom the user's mask says, a replaced one by whom it was before: a
/// temporary file that takes its place would else be the owner's alone.
#[cfg(unix)]
#[test]
fn outputs_keep_their_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("kept.txt", b"before"), ("plain.txt", b"")]);
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    let private = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(folder.path().join("kept.txt"), private).unwrap();
    for name in ["kept.txt", "new.txt"] {
        let (code, ..) = run(folder.path(), &["simulate", "--output", name]);
        assert_eq!(code, 0);
    }
    assert_eq!(mode("kept.txt"), 0o640);
    assert_eq!(mode("new.txt"), mode("plain.txt"), "not the mask's");
}

#[rstest]
#[case::no_equals("Crossbar level/Xbar_Size", &["is no axis", "Section/Key=value;value"])]
#[case::no_value("Crossbar level/Xbar_Size=", &["has no values", "semicolons"])]
#[case::empty_values("Crossbar level/Xbar_Size= ; ;", &["has no values"])]
#[case::unknown_key("Crossbar level/Xbar_Sise=4,4", &["no key `Xbar_Sise`", "did you mean"])]
#[case::unknown_section("Crosbar level/Xbar_Size=4,4", &["did you mean `Crossbar level`?"])]
#[case::wrong_type("Crossbar level/Xbar_Size=128,128;banana", &["`Xbar_Size` has `banana`"])]
#[case::out_of_range("Crossbar level/Xbar_Size=128,128;100000,1", &["100000,1", "not allowed"])]
#[case::a_line_feed("Crossbar level/Xbar_Size=1\n,1", &["does not fit on a line"])]
fn axes(#[case] axis: &str, #[case] parts: &[&str]) {
    refused_without_trace(&[], &["sweep", "--axis", axis], parts);
}

#[test]
fn grids() {
    let twice = ["sweep", "--axis", "Tile level/PE_Num=1,1", "--axis", "tile level/pe_num=2,2"];
    refused_without_trace(&[], &twice, &["`tile level/pe_num` is given twice"]);
    // 128^10 = 2^70 points.
    let keys = pimnas::config::KEYS.iter().take(10);
    let axes: Vec<String> =
        keys.map(|key| format!("{}={}", key.path(), "1;".repeat(128))).collect();
    let mut args = vec!["sweep"];
    axes.iter().for_each(|axis| args.extend(["--axis", axis]));
    refused_without_trace(&[], &args, &["the grid has too many points", "fewer axes"]);
}

#[rstest]
#[case::empty(b"", &["there is no point to evaluate"])]
#[case::head_only(b"Tile level/PE_Num\n", &["there is no point to evaluate", "add a row"])]
#[case::short_row(b"Tile level/PE_Num,Device level/Device_Tech\n\"1,1\"\n",
    &["a.csv: row 1 of the list has 1 values, but there are 2 keys"])]
#[case::key_twice(b"Tile level/PE_Num,Tile level/PE_Num\n1,1\n", &["is given twice"])]
#[case::unknown_key(b"Tile level/PE_Nun\n1\n", &["no key `PE_Nun`", "did you mean `PE_Num`?"])]
#[case::invalid_utf8(b"Tile level/PE_Num\n\xff\n", &["a.csv: it is not CSV", "keys in the first"])]
#[case::binary(&[0, 1, 0xfe, 0xff], &["a.csv: it is not CSV"])]
fn lists(#[case] csv: &[u8], #[case] parts: &[&str]) {
    refused_without_trace(&[("a.csv", csv)], &["sweep", "--points", "a.csv"], parts);
}

#[test]
fn lists_that_cannot_be_read() {
    refused_without_trace(&[], &["sweep", "--points", "a.csv"], &["a.csv: cannot read"]);
    refused_without_trace(&[], &["sweep", "--points", "."], &["give a file, not a folder"]);
    refused_without_trace(&[], &["sweep", "--network", "vgg9"], &["did you mean `vgg8`?"]);
}

/// A point that is not possible says so in its row; if none is possible, the answer is "no".
#[test]
fn points_that_are_not_possible() {
    let sweep = |axis: &str| run(folder(&[]).path(), &["sweep", "--axis", axis]);
    let (code, rows, _) = sweep("Crossbar level/Xbar_Size=4,4;128,128");
    assert_eq!(code, 0);
    assert!(rows.contains("takes 9 rows, but a crossbar has 4"), "{rows}");
    let (code, rows, note) = sweep("Crossbar level/Xbar_Size=4,4;2,2");
    assert_eq!(code, 1, "{rows}{note}");
    assert!(note.contains("2 points, 2 of them not possible"), "{note}");
}

#[rstest]
#[case::missing("none", &["none: cannot read", "check the path"])]
#[case::a_file("a.ini", &["a.ini: cannot read", "give a folder, not a file"])]
#[case::no_case(".", &["no recorded case found", "`expected`"])]
fn folders_to_verify(#[case] given: &str, #[case] parts: &[&str]) {
    let folder = folder(&[("a.ini", DEFAULT.as_bytes())]);
    refused(folder.path(), &["verify", given], parts);
}

/// A case that cannot be read is one that does not agree.
#[rstest]
#[case::binary(&[0, 1, 0xff])]
#[case::cut_short(b"{\"network\": ")]
#[case::nothing_expected(b"{\"network\": {}}")]
#[case::another_json(b"[1]")]
#[case::deep(&[b'['; 100_000])]
fn cases_to_verify(#[case] json: &[u8]) {
    let files: [File<'_>; 2] = [("case.json", json), ("SimConfig.ini", DEFAULT.as_bytes())];
    let (code, stdout, stderr) = run(folder(&files).path(), &["verify", "."]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("case.json: not read: "), "{stdout}");
    assert!(stdout.contains("1 do not"), "{stdout}");
}

#[test]
fn a_configuration_for_verification() {
    let files: [File<'_>; 2] = [("case.json", b"{}"), ("SimConfig.ini", b"[Device level\n")];
    refused(folder(&files).path(), &["verify", "."], &["SimConfig.ini:1:1", "closing bracket"]);
    refused(folder(&files).path(), &["verify", ".", "--config", "x"], &["x: cannot read"]);
}

/// `config check` answers: problems on standard error, their number on standard output.
#[test]
fn a_configuration_that_is_checked() {
    let folder = folder(&[("a.ini", b"[Device level]\nDevice_Tech = x\n")]);
    let (code, stdout, stderr) = run(folder.path(), &["config", "check", "a.ini"]);
    assert_eq!(code, 2);
    assert!(stdout.ends_with(" errors, 0 warnings\n"), "{stdout}");
    assert!(stderr.contains("a.ini:2:15"), "{stderr}");
    refused(folder.path(), &["config", "show", "a.ini"], &["`Device_Tech` has `x`"]);
}
