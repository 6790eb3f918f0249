//! Hardware descriptions that are no hardware descriptions.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use support::{DEFAULT, File, folder, refused, refused_without_trace, with_line};

#[rstest]
#[case::missing("none.ini", b"", &["none.ini: cannot read", "check the path"])]
#[case::a_folder(".", b"", &[".: cannot read", "give a file, not a folder"])]
#[case::binary("a.ini", &[0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff], &["a NUL byte", "a.ini, line 1"])]
#[case::binary_toml("a.toml", &[0, 0xfe, 1, 9], &["this is not text", "a.toml, line 1"])]
#[case::invalid_utf8("a.ini", b"[Device level]\nDevice_Tech = \xff\n",
    &["byte 29 is not UTF-8", "a.ini, line 2", "save it as UTF-8"])]
#[case::utf16("a.ini", b"\xff\xfe[\0D\0", &["the text is UTF-16", "save it as UTF-8"])]
#[case::empty("a.ini", b"", &["`Xbar_Size` is missing in [Crossbar level]", "a.ini"])]
#[case::empty_toml("a.toml", b"", &["`Xbar_Size` is missing in [Crossbar level]"])]
#[case::before_the_first_section("a.ini", b"Device_Tech = 45\n",
    &["`Device_Tech` stands before the first section", "a.ini:1:1"])]
#[case::unclosed_header("a.ini", b"[Device level\n",
    &["`[Device level` has no closing bracket", "a.ini:1:1", "end it with `]`"])]
#[case::no_statement("a.ini", b"[Device level]\nDevice_Tech\n",
    &["`Device_Tech` is no section, no `key = value` and no comment", "a.ini:2:1"])]
#[case::no_key("a.ini", b"[Device level]\n= 45\n", &["a value without a key", "a.ini:2:1"])]
#[case::toml_syntax("a.toml", b"[\"Device level\"\nDevice_Tech = 45\n",
    &["the text is not TOML: unclosed table", "a.toml:1:"])]
#[case::toml_bare_name("a.toml", b"[Device level]\n", &["the text is not TOML", "quoted"])]
#[case::toml_twice("a.toml", b"[\"Device level\"]\nDevice_Tech = 45\nDevice_Tech = 46\n",
    &["duplicate key", "a.toml:3:1", "keep one of the two"])]
#[case::toml_twice_but_for_case("a.toml", b"[\"Device level\"]\nDevice_Tech = 45\ndevice_tech = 4\n",
    &["`device_tech` is there twice in [Device level]: on lines 2 and 3"])]
#[case::toml_date("a.toml", b"[\"Device level\"]\nDevice_Tech = 2001-01-01\n",
    &["`Device_Tech` in [Device level] is a datetime", "a.toml:2:1"])]
#[case::toml_homeless("a.toml", b"Device_Tech = 45\n",
    &["`Device_Tech` stands outside of any section", "[\"Device level\"]"])]
fn files(#[case] name: &str, #[case] bytes: &[u8], #[case] parts: &[&str]) {
    let files: &[File<'_>] =
        if bytes.is_empty() && !name.starts_with("a.") { &[] } else { &[(name, bytes)] };
    refused_without_trace(files, &["simulate", "--config", name], parts);
    if files.is_empty() || !bytes.is_empty() {
        refused_without_trace(files, &["config", "convert", name], parts);
    }
}

#[rstest]
#[case::unknown_key("Xbar_Size = 256,256", "Xbar_Size = 256,256\nXbar_Sise = 1,1",
    &["[Crossbar level] has no key `Xbar_Sise`", "did you mean `Xbar_Size`?", "a.ini:30:1"])]
#[case::key_of_another_section("Xbar_Size = 256,256", "Xbar_Size = 256,256\nTile_Num = 1,1",
    &["[Crossbar level] has no key `Tile_Num`", "it belongs to [Architecture level]"])]
#[case::unknown_section("[Tile level]", "[Tiles level]",
    &["there is no section [Tiles level]", "did you mean `Tile level`?", "`PE_Num` is missing"])]
#[case::twice("Device_Tech = 45", "Device_Tech = 45\ndevice_tech = 9",
    &["`device_tech` is there twice in [Device level]: on lines 6 and 7", "keep one of the two"])]
#[case::section_twice("[Tile level]", "[Crossbar level]",
    &["the section [Crossbar level] is there twice"])]
#[case::wrong_type("Device_Tech = 45", "Device_Tech = many", &["`Device_Tech` has `many`", "a.ini:6:"])]
#[case::with_a_unit("Device_Tech = 45", "Device_Tech = 45 nm",
    &["`45 nm`, not a number", "its unit is nm"])]
#[case::no_value("Device_Tech = 45", "Device_Tech =", &["`Device_Tech` has no value", "a.ini:6:"])]
#[case::comment_behind("Device_Tech = 45", "Device_Tech = 45 # nm",
    &["not a number", "a comment needs a line of its own"])]
fn lines(#[case] before: &str, #[case] after: &str, #[case] parts: &[&str]) {
    let text = with_line(before, after);
    refused_without_trace(&[("a.ini", text.as_bytes())], &["simulate", "--config", "a.ini"], parts);
}

#[test]
fn a_file_cut_short_names_every_missing_key() {
    let start = DEFAULT.find("[Digital module]").unwrap();
    let message = refused_without_trace(
        &[("a.ini", &DEFAULT.as_bytes()[..start])],
        &["simulate", "--config", "a.ini"],
        &["a.ini"],
    );
    // What is behind the cut and read, by the description of the keys themselves.
    let behind = pimnas::config::KEYS.iter().filter(|key| {
        let used = key.usage == pimnas::config::registry::Usage::Simulated;
        used && DEFAULT.find(&format!("[{}]", key.section)).is_some_and(|at| at >= start)
    });
    let mut count = 0;
    for key in behind {
        let missing = format!("`{}` is missing in [{}]", key.name, key.section);
        assert!(message.contains(&missing), "{missing}\n{message}");
        count += 1;
    }
    assert!(count > 25, "{count}");
    assert_eq!(message.matches("is missing in").count(), count);
}

#[test]
fn a_file_cut_in_a_line_says_so_of_the_line() {
    let end = DEFAULT.find("256,256").unwrap() + "256,".len();
    let bytes = &DEFAULT.as_bytes()[..end];
    let args = ["simulate", "--config", "a.ini"];
    refused_without_trace(
        &[("a.ini", bytes)],
        &args,
        &["`Xbar_Size` has ``", "`Cell_Type` is missing"],
    );
}

/// Reports are bounded, and so is the time to make them.
#[rstest]
#[case::unknown_keys("a.ini", "[Device level]\n", "k# = 1\n")]
#[case::unknown_keys_of_toml("a.toml", "[\"Device level\"]\n", "k# = 1\n")]
#[case::unknown_sections("a.ini", "", "[Device level #]\n")]
#[case::no_statements("a.ini", "", "what #\n")]
#[case::same_key("a.ini", "[Device level]\n", "Device_Tech = #\n")]
fn many_problems_are_counted(#[case] name: &str, #[case] head: &str, #[case] line: &str) {
    let lines: String = (0..40_000).map(|i| line.replace('#', &i.to_string())).collect();
    let text = head.to_owned() + &lines;
    let args = ["simulate", "--config", name];
    let message = refused_without_trace(&[(name, text.as_bytes())], &args, &["more problems"]);
    assert!(message.len() < 100_000, "{}", message.len());
}

#[rstest]
#[case::arrays("a = ", "[")]
#[case::tables("", "[")]
#[case::dotted_keys("a", ".a")]
#[case::inline_tables("a = ", "{a=")]
fn deep_nesting_of_toml(#[case] head: &str, #[case] part: &str) {
    let text = head.to_owned() + &part.repeat(100_000);
    let args = ["simulate", "--config", "a.toml"];
    refused_without_trace(&[("a.toml", text.as_bytes())], &args, &["the text is not TOML"]);
}

#[test]
fn a_file_of_endless_length_is_not_read_to_its_end() {
    let text = vec![b'#'; (1 << 20) + 1];
    let args = ["simulate", "--config", "a.ini"];
    let parts = ["1048577 bytes are no configuration", "check that the file is the right one"];
    refused_without_trace(&[("a.ini", &text)], &args, &parts);
    #[cfg(target_os = "linux")]
    refused_without_trace(&[], &["simulate", "--config", "/dev/zero"], &["more than 256 MiB"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("a.ini", DEFAULT.as_bytes())]);
    let path = folder.path().join("a.ini");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // the superuser may read everything
    }
    let args = ["simulate", "--config", "a.ini"];
    refused(folder.path(), &args, &["a.ini: cannot read", "check that you may read it"]);
}
