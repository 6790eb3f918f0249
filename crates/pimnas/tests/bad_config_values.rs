//! Values that keys cannot have, and overrides that are none.
#![allow(clippy::unwrap_used)]

mod support;

use rstest::rstest;
use support::refused_without_trace;

#[rstest]
#[case::no_equals("Crossbar level/Xbar_Size", &["has no `=`", "write `Section/Key=value`"])]
#[case::empty("", &["has no `=`"])]
#[case::no_path("=1", &["`` names no section"])]
#[case::no_section("Xbar_Size=1,1", &["`Xbar_Size` names no section", "`Crossbar level/Xbar_Size`"])]
#[case::unknown_section("Crosbar level/Xbar_Size=1,1",
    &["there is no section [Crosbar level]", "did you mean `Crossbar level`?"])]
#[case::unknown_key("Crossbar level/Xbar_Sise=1,1",
    &["[Crossbar level] has no key `Xbar_Sise`", "did you mean `Xbar_Size`?"])]
#[case::control_characters("Crossbar level/Xbar_Size=1\n1", &["does not fit on a line"])]
#[case::wrong_type("Device level/Device_Tech=abc", &["`Device_Tech` has `abc`, not a number"])]
#[case::not_whole("Crossbar level/Xbar_Size=12.5,8", &["`12.5`, not a whole number"])]
#[case::too_few_figures("Crossbar level/Xbar_Size=128", &["needs two figures, not 1"])]
#[case::too_many_figures("Crossbar level/Xbar_Size=1,2,3", &["needs two figures, not 3"])]
#[case::no_choice("Interface level/ADC_Choice=99", &["`ADC_Choice` is 99", "8 bit of ISAAC"])]
#[case::no_word("Crossbar level/Cell_Type=2T2R", &["2T2R", "1T1R, 0T1R"])]
#[case::huge_crossbar("Crossbar level/Xbar_Size=100000,100000",
    &["`Xbar_Size` is 100000,100000", "each 1 to 65536"])]
#[case::no_crossbar("Crossbar level/Xbar_Size=0,0", &["`Xbar_Size` is 0,0", "each 1 to 65536"])]
#[case::negative("Device level/Device_Tech=-45", &["`Device_Tech` is -45", "above 0"])]
#[case::nan("Device level/Device_Tech=nan", &["`nan`, which is not a number", "finite"])]
#[case::infinite("Device level/Device_Tech=inf", &["`inf`, which is infinite", "finite"])]
#[case::beyond_numbers("Device level/Device_Tech=1e400", &["too large for any number", "finite"])]
#[case::no_precision("Interface level/ADC_Precision=99", &["`ADC_Precision` is 99", "1 to 32"])]
#[case::levels_without_resistances("Device level/Device_Level=8",
    &["`Device_Resistance` lists 4 figures, but `Device_Level` is 8", "list 8 figures"])]
#[case::resistances_without_levels("Device level/Device_Resistance=1e6,1e4",
    &["`Device_Resistance` lists 2 figures, but `Device_Level` is 4"])]
#[case::kernel_above_rows("Crossbar level/Xbar_Size=4,4",
    &["layer 0 (conv)", "3×3 kernel takes 9 rows, but a crossbar has 4", "at least 9 rows"])]
#[case::too_few_tiles("Architecture level/Tile_Num=2,2",
    &["needs 47 tiles, but the mesh of 2×2 has 4", "at least 7,7"])]
fn one(#[case] set: &str, #[case] parts: &[&str]) {
    refused_without_trace(&[], &["simulate", "--set", set], parts);
    refused_without_trace(&[], &["explain", "--set", set], parts);
}

#[test]
fn all_problems_are_reported_at_once() {
    let args = [
        "simulate",
        "--set",
        "Crossbar level/Xbar_Size=100000,100000",
        "--set",
        "Device level/Device_Level=8",
        "--set",
        "Interface level/ADC_Choice=99",
    ];
    refused_without_trace(&[], &args, &["`Xbar_Size`", "`Device_Resistance`", "`ADC_Choice`"]);
    let args = ["simulate", "--set", "a=1", "--set", "b", "--set", "Tile level/x=1"];
    refused_without_trace(&[], &args, &["`a` names", "`b` has no `=`", "has no key `x`"]);
}

/// A mesh of 2^32 tiles is allowed; to use so many is not.
#[test]
fn more_tiles_than_can_be_placed() {
    let network = r#"{"input_shape": [1, 30000], "layers":
        [{"type": "fc", "in_features": 30000, "out_features": 30000}]}"#;
    let args = [
        "simulate",
        "--network",
        "n.json",
        "--set",
        "Crossbar level/Xbar_Size=1,1",
        "--set",
        "Architecture level/Tile_Num=65536,65536",
    ];
    let parts = ["takes 225000000 tiles, more than 16777216", "use larger crossbars"];
    refused_without_trace(&[("n.json", network.as_bytes())], &args, &parts);
}
