//! The spaces that come with the crate: sizes, and every random rollout on its own hardware.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use num_bigint::BigUint;
use pimnas_config::RawConfig;
use pimnas_network::{Operation, ShapedNetwork};
use pimnas_search::{Genotype, HardwareChoice, Purpose, Space, Streams, Value, spaces};
use pimnas_simulate::{Options, simulate};
use rstest::rstest;

const UNCONNECTED: &str = "the output does not depend on the input: no operation leads to it";

/// Random rollouts of each space.
const ROLLOUTS: u64 = 250;

/// By hand, from the choices of each:
/// - grey28: 2 · (4·9·(2 + 2²))² · 36, of 2 · (2·4·9·2²)² · 36;
/// - gibbon, with 6·3·5·3·3 = 810 for a convolution: 6·3·9 · (810² + 810⁴)³ · 3 · 64, of
///   6·3·9 · (2·810⁴)³ · 3 · 64;
/// - nas4rram: (5·13)³; nasbench201: 5⁶.
#[rstest]
#[case("grey28", "3359232", "5971968")]
#[case(
    "gibbon",
    "2481066790041126612762285934564224000000",
    "19848443563704340374319844352000000000000"
)]
#[case("nas4rram", "274625", "274625")]
#[case("nasbench201", "15625", "15625")]
fn sizes(#[case] name: &str, #[case] distinct: &str, #[case] raw: &str) {
    let space = spaces::build(name).unwrap();
    let decisions = space.decisions();
    assert_eq!(decisions.size().unwrap().to_string(), distinct);
    assert_eq!(decisions.raw_size().to_string(), raw);
}

/// Every rollout runs through the simulator or is rejected with a reason. The numbers rejected
/// are exact, since the rollouts are.
#[rstest]
#[case("grey28", &[])]
#[case("gibbon", &[])]
#[case("nas4rram", &[])]
#[case("nasbench201", &[(UNCONNECTED, 7)])]
fn every_rollout_is_simulated_or_rejected_with_a_reason(
    #[case] name: &str,
    #[case] rejected: &[(&str, usize)],
) {
    let space = spaces::build(name).unwrap();
    let base = RawConfig::reference_default();
    let streams = Streams::new(20);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut simulated = 0;
    for trial in 0..ROLLOUTS {
        let mut stream = streams.stream(trial, Purpose::Sample);
        let rollout = space.decisions().sample(&mut stream).unwrap();
        let candidate = match space.decode(&rollout) {
            Ok(candidate) => candidate,
            Err(rejection) => {
                assert!(!rejection.reasons.is_empty());
                *reasons.entry(rejection.to_string()).or_default() += 1;
                continue;
            }
        };
        let shaped = ShapedNetwork::new(&candidate.network).unwrap();
        assert_eq!(shaped.output().elements(), 10);
        assert_eq!(candidate.padding_flags.len(), candidate.network.layers.len());
        for (layer, flag) in candidate.network.layers.iter().zip(&candidate.padding_flags) {
            let even = match layer.operation {
                Operation::Convolution(conv) => {
                    assert_eq!(conv.in_channels % conv.groups, 0);
                    assert!(layer.weight_bits.is_some());
                    conv.drops_even_edge()
                }
                _ => false,
            };
            assert_eq!(flag.is_some(), even);
        }
        let realised = candidate.hardware.apply(&base).unwrap();
        match simulate(&realised.hardware, &candidate.network, &Options::default()) {
            Ok(report) => {
                let metrics = report.metrics();
                assert!(metrics.latency_ms > 0.0 && metrics.energy_mj > 0.0);
                assert!(metrics.latency_ms.is_finite() && metrics.area_mm2.is_finite());
                simulated += 1;
            }
            Err(error) => {
                assert!(error.hint().is_some());
                *reasons.entry(error.to_string()).or_default() += 1;
            }
        }
    }
    println!("{name}: {simulated} simulated, rejected: {reasons:?}");
    let total: usize = reasons.values().sum();
    assert_eq!(simulated + total, ROLLOUTS as usize);
    let found: Vec<(&str, usize)> = reasons.iter().map(|(r, n)| (r.as_str(), *n)).collect();
    assert_eq!(found, rejected);
}

/// Cells of NAS-Bench-201 in which no path of operations leads from the first node to the last,
/// found by following paths, and those that decoding rejects.
#[test]
fn exactly_the_unconnected_cells_are_rejected() {
    let space = spaces::build("nasbench201").unwrap();
    let none = |genotype: &Genotype, edge: &str| {
        let path = format!("cell.edge_{edge}");
        let value = genotype.values().iter().find(|(known, _)| *known == path);
        value.unwrap().1 == Value::from("none")
    };
    let (mut rejected, mut all) = (0, 0);
    for rollout in space.decisions().rollouts().unwrap() {
        let genotype = Genotype::new(space.name(), space.decisions(), &rollout);
        let open = |edge: &str| !none(&genotype, edge);
        let node1 = open("0_1");
        let node2 = open("0_2") || (node1 && open("1_2"));
        let node3 = open("0_3") || (node1 && open("1_3")) || (node2 && open("2_3"));
        assert_eq!(space.decode(&rollout).is_ok(), node3, "{}", genotype.to_json());
        rejected += usize::from(!node3);
        all += 1;
    }
    assert_eq!((rejected, all), (341, 15_625));
}

/// What the layers of some candidates are.
#[test]
fn candidates_are_what_the_spaces_say() {
    let space = spaces::build("gibbon").unwrap();
    let first = space.decisions().rollout_at(&BigUint::ZERO).unwrap().unwrap();
    let candidate = space.decode(&first).unwrap();
    let of_kind = |name: &str| {
        candidate.network.layers.iter().filter(|layer| layer.operation.name() == name).count()
    };
    // A stem, two convolutions in each of three stages, and shortcuts where the size changes.
    assert_eq!((of_kind("conv"), of_kind("element_sum"), of_kind("fc")), (1 + 6 + 2, 3, 1));
    assert!(candidate.network.layers.iter().all(|layer| layer.activation_bits <= 9));
    assert_eq!(candidate.hardware.point, Some([32, 1, 7, 1]));

    let space = spaces::build("nas4rram").unwrap();
    let text = r#"{"genotype": 1, "space": "nas4rram", "decisions": {
        "group0.depth": 2, "group1.depth": 4, "group2.depth": 10,
        "group0.channels": 32, "group1.channels": 16, "group2.channels": 64}}"#;
    let genotype: Genotype = text.parse().unwrap();
    let rollout = genotype.rollout(space.name(), space.decisions()).unwrap();
    let candidate = space.decode(&rollout).unwrap();
    let expands: Vec<usize> = candidate
        .network
        .layers
        .iter()
        .filter_map(|layer| match layer.operation {
            Operation::Expand { max_channels } => Some(max_channels),
            _ => None,
        })
        .collect();
    // Two blocks whose branch of 16 meets 32 channels, and one shortcut of 32 that meets 64.
    assert_eq!(expands, [32, 32, 64]);
    assert_eq!(candidate.hardware, HardwareChoice::default());
}
