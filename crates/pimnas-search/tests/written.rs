//! Spaces as users write them, and what is said about bad ones.
#![allow(clippy::unwrap_used)]

use pimnas_config::RawConfig;
use pimnas_network::{Network, Operation, zoo};
use pimnas_search::{
    Candidate, Decisions, Genotype, HardwareChoice, PaddingFlag, Purpose, Rejection, Rollout,
    Space, Streams, WrittenSpace, spaces,
};
use rstest::rstest;

const SMALL: &str = r#"
space = 1
name = "small"
[input]
channels = 3
height = 8
width = 8
[[decision]]
path = "c{i}.kernel"
for = { i = "0..3" }
choices = [2, 3]
[[decision]]
path = "pe"
choices = [2, 4]
[[decision]]
path = "xbar"
choices = [64, 100]
[hardware]
xbar_size = "xbar"
dac_choice = 1
adc_choice = 7
cell_bit = 1
[hardware.set]
"Tile level/PE_Num" = "select(pe, 2: '2,2', 4: '4,4')"
[[layer]]
name = "c{i}"
op = "conv"
for = { i = "0..3" }
out = "in.channels * 2"
kernel = "c{i}.kernel"
groups = "gcd(2, in.channels)"
[[layer]]
op = "view"
[[layer]]
op = "fc"
out = 10
"#;

fn rollout(space: &WrittenSpace, decisions: &str) -> Rollout {
    let text = format!(r#"{{"genotype":1,"space":"{}","decisions":{decisions}}}"#, space.name());
    let genotype: Genotype = text.parse().unwrap();
    genotype.rollout(space.name(), space.decisions()).unwrap()
}

#[test]
fn a_written_space_decodes_to_layers_hardware_and_flags() {
    let space = WrittenSpace::from_toml(SMALL).unwrap();
    let chosen = rollout(&space, r#"{"c0.kernel":2,"c1.kernel":3,"c2.kernel":2,"pe":4,"xbar":64}"#);
    let candidate = space.decode(&chosen).unwrap();
    let convolutions: Vec<(usize, usize, usize)> = candidate
        .network
        .layers
        .iter()
        .filter_map(|layer| match layer.operation {
            Operation::Convolution(conv) => {
                Some((conv.in_channels, conv.out_channels, conv.groups))
            }
            _ => None,
        })
        .collect();
    assert_eq!(convolutions, [(3, 6, 1), (6, 12, 2), (12, 24, 2)]);
    // Even kernels drop the last edge and the first in turn.
    assert_eq!(
        candidate.padding_flags,
        [Some(PaddingFlag::Last), None, Some(PaddingFlag::First), None, None]
    );
    let base = RawConfig::reference_default();
    let realised = candidate.hardware.apply(&base).unwrap();
    assert_eq!(realised.hardware.tile.pe_grid, (4, 4));
    assert_eq!(realised.hardware.crossbar.rows, 64);
    assert_eq!(realised.hardware.pe.adcs_per_group, Some(2));

    let impossible =
        rollout(&space, r#"{"c0.kernel":2,"c1.kernel":3,"c2.kernel":2,"pe":4,"xbar":100}"#);
    let candidate = space.decode(&impossible).unwrap();
    let rejection = candidate.hardware.apply(&base).unwrap_err();
    assert!(rejection.to_string().contains("xbar_size of 100"), "{rejection}");
}

#[test]
fn every_problem_is_said_at_once_with_its_line() {
    let text = SMALL
        .replace("height = 8", "hight = 8")
        .replace("path = \"pe\"", "path = \"p e\"")
        .replace("kernel = \"c{i}.kernel\"", "kernel = \"c{j}.kernel\"")
        .replace("op = \"view\"", "op = \"vew\"")
        .replace("adc_choice = 7", "adc_choice = \"xbar + pee\"");
    let problems = WrittenSpace::from_toml(&text).unwrap_err();
    let lines: Vec<usize> =
        problems.iter().filter_map(|problem| problem.place.as_ref()).map(|p| p.line).collect();
    assert!(problems.iter().all(|problem| problem.hint.is_some()), "{problems}");
    let said = problems.to_string();
    for part in ["unknown key `hight`", "`height` is missing", "`p e` cannot be a path"] {
        assert!(said.contains(part), "{said}");
    }
    for part in ["no variable `{j}`", "no operation `vew`", "did you mean `view`?"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(lines.is_sorted() && lines.contains(&6) && lines.contains(&13), "{lines:?}\n{said}");
}

#[rstest]
#[case("space = 1", "space = 2", "`space` is not a whole number from 1 to 1")]
#[case("choices = [2, 4]", "choices = [2, 'x']", "mix numbers and words")]
#[case("choices = [2, 4]", "choices = 7", "`choices` is not a list")]
#[case("\"0..3\"", "\"0..99999999\"", "cannot run i")]
#[case("name = \"c{i}\"", "name = \"c\"", "is there twice")]
#[case("out = 10", "out = 10\ninput = \"c9\"", "no layer `c9` comes before")]
#[case("out = 10", "out = 10\nstride = 2", "unknown key `stride`")]
#[case("out = 10", "", "`out` of fc is missing")]
#[case("op = \"view\"", "use = \"view\"", "there is no block `view`")]
#[case("cell_bit = 1", "", "some decisions of the hardware point are missing")]
#[case("[hardware.set]", "[hardware.sett]", "unknown key `sett`")]
#[case("xbar_size = \"xbar\"", "xbar_size = \"'a'\"", "it is a word, not a number")]
#[case("[[decision]]", "[decision]", "")]
#[case("[input]", "[[input", "not TOML")]
fn bad_spaces(#[case] from: &str, #[case] to: &str, #[case] message: &str) {
    assert!(SMALL.contains(from));
    let problems = WrittenSpace::from_toml(&SMALL.replacen(from, to, 1)).unwrap_err();
    assert!(problems.to_string().contains(message), "{problems}");
}

#[test]
fn blocks_that_use_themselves_are_an_error() {
    let text = format!("{SMALL}\n[[block.a]]\nuse = \"a\"\n[[layer]]\nuse = \"a\"\n");
    let problems = WrittenSpace::from_toml(&text).unwrap_err();
    assert!(problems.to_string().contains("16 deep"), "{problems}");
}

#[test]
fn a_rollout_that_does_not_fit_is_rejected_with_the_layer_and_why() {
    let text =
        SMALL.replace("kernel = \"c{i}.kernel\"", "kernel = \"c{i}.kernel * 20\"\npadding = 0");
    let space = WrittenSpace::from_toml(&text).unwrap();
    let first = space.decisions().rollouts().unwrap().next().unwrap();
    let rejection = space.decode(&first).unwrap_err();
    let said = rejection.to_string();
    assert!(said.contains("layer c0 (conv)") && said.contains("kernel is larger"), "{said}");
    assert!(rejection.reasons[0].hint.is_some());
}

#[test]
fn the_fingerprint_follows_the_meaning() {
    let of = |text: &str| WrittenSpace::from_toml(text).unwrap().fingerprint();
    let plain = of(SMALL);
    assert_eq!(of(&format!("# a comment\n{SMALL}")), plain);
    assert_eq!(of(&SMALL.replace("height = 8\nwidth = 8", "width = 8\nheight = 8")), plain);
    assert_ne!(
        of(&SMALL.replace("choices = [2, 4]", "choices = [2, 8]").replace("4:", "8:")),
        plain
    );
    assert_ne!(of(&SMALL.replace("out = 10", "out = 11")), plain);
}

/// A space in Rust: the depth of nothing but a choice among known networks.
struct Known(Decisions);

impl Space for Known {
    fn name(&self) -> &str {
        "known"
    }

    fn about(&self) -> &str {
        "networks of the zoo"
    }

    fn decisions(&self) -> &Decisions {
        &self.0
    }

    fn decode(&self, rollout: &Rollout) -> Result<Candidate, Rejection> {
        let name = zoo::NAMES[rollout.choice(0).unwrap()];
        let network: Network = zoo::build(name, zoo::ZooOptions::default()).unwrap();
        let padding_flags = vec![None; network.layers.len()];
        Ok(Candidate { network, padding_flags, hardware: HardwareChoice::default() })
    }
}

#[test]
fn a_space_can_be_written_in_rust() {
    let mut builder = Decisions::builder();
    builder.decision("network", zoo::NAMES);
    let known: Box<dyn Space> = Box::new(Known(builder.build().unwrap()));
    let mut stream = Streams::new(1).stream(0, Purpose::Sample);
    let rollout = known.decisions().sample_distinct(&mut stream).unwrap();
    assert!(known.decode(&rollout).is_ok());
    let written = spaces::build("grey28").unwrap();
    let both: [&dyn Space; 2] = [known.as_ref(), &written];
    assert_eq!(both.map(|space| space.decisions().size().unwrap().to_string()), ["5", "3359232"]);
}

#[test]
fn an_unknown_name_is_an_error_with_a_hint() {
    let problems = spaces::build("gibon").unwrap_err();
    assert_eq!(problems.iter().next().unwrap().hint.as_deref(), Some("did you mean `gibbon`?"));
    assert_eq!(spaces::text("gibon"), None);
}
