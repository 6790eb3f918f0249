//! Whatever the bytes, reading them and what follows neither panics nor runs away. A few seconds
//! of what the fuzz targets do for hours; see docs/ROBUSTNESS.md.
#![allow(clippy::unwrap_used)]

mod support;

use pimnas::config::{check, describe};
use pimnas::{Format, Network, Options, RawConfig, resolve, simulate, zoo};
use proptest::prelude::*;
use support::DEFAULT;

/// A change to a document.
#[derive(Clone, Debug)]
enum Change {
    DeleteLine(usize),
    RepeatLine(usize),
    FlipBit(usize, u8),
    Replace(usize, Vec<u8>),
    CutAt(usize),
    /// From that place to the other, once more.
    RepeatPart(usize, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let words =
        ["0", "-1", "1e400", "nan", "65536", "4294967296", "[", "]", "{", "\"", ",", "=", "\n"];
    let words = prop::sample::select(words.map(|word| word.as_bytes().to_vec()).to_vec());
    let change = prop_oneof![
        any::<usize>().prop_map(Change::DeleteLine),
        any::<usize>().prop_map(Change::RepeatLine),
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Change::FlipBit(at, bit)),
        (any::<usize>(), words).prop_map(|(at, word)| Change::Replace(at, word)),
        any::<usize>().prop_map(Change::CutAt),
        any::<(usize, usize)>().prop_map(|(from, to)| Change::RepeatPart(from, to)),
    ];
    prop::collection::vec(change, 1..4)
}

fn changed(document: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = document.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        let line = |bytes: &[u8], at: usize| {
            let at = at % length;
            let start = bytes[..at].iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
            let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(length, |n| at + n + 1);
            start..end
        };
        match change {
            Change::DeleteLine(at) => drop(bytes.drain(line(&bytes, *at))),
            Change::RepeatLine(at) => {
                let range = line(&bytes, *at);
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, again);
            }
            Change::FlipBit(at, bit) => bytes[at % length] ^= 1 << bit,
            Change::Replace(at, word) => {
                let at = at % length;
                bytes.splice(at..(at + word.len()).min(length), word.iter().copied());
            }
            Change::CutAt(at) => bytes.truncate(at % length),
            Change::RepeatPart(from, to) => {
                let (from, to) = (from % length, to % length);
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, part);
            }
        }
    }
    bytes
}

/// The whole way of a configuration.
fn use_config(bytes: &[u8], format: Format) {
    let raw = match RawConfig::from_bytes(bytes, format) {
        Ok(raw) => raw,
        Err(problems) => {
            assert!(problems.has_errors() && problems.len() <= 200);
            assert!(problems.to_string().len() < 100_000);
            return;
        }
    };
    let _ = (describe(&raw), check(&raw).to_string());
    if let Ok(hardware) = resolve(&raw) {
        let again = RawConfig::from_toml(raw.to_toml().as_bytes()).unwrap();
        assert_eq!(resolve(&again).as_ref(), Ok(&hardware));
        let again = RawConfig::from_ini(raw.to_ini().as_bytes()).unwrap();
        assert_eq!(resolve(&again).as_ref(), Ok(&hardware));
        let lenet = zoo::build("lenet", zoo::ZooOptions::default()).unwrap();
        let _ = simulate(&hardware, &lenet, &Options::default());
    }
}

/// The whole way of a network.
fn use_network(bytes: &[u8]) {
    match Network::from_json(bytes) {
        Err(errors) => assert!(errors.count() > 0 && !errors.to_string().is_empty()),
        Ok(network) => {
            let positions: usize = network.input.shape.elements();
            // Larger ones only take longer.
            if positions < 1 << 20 {
                let hardware = resolve(&RawConfig::reference_default()).unwrap();
                let _ = simulate(&hardware, &network, &Options::default());
            }
        }
    }
}

/// A document of the fixtures.
fn fixture(name: &str, key: &str) -> Vec<u8> {
    let path = format!("{}/../../fixtures/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap().replace("NaN", "null");
    let case: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::to_vec_pretty(&case[key]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        use_config(&bytes, Format::Ini);
        use_config(&bytes, Format::Toml);
        use_network(&bytes);
    }

    #[test]
    fn any_text(text in "[\\[\\]{}a-z=:#; \",.0-9\n\r\t\\-]{0,200}") {
        use_config(text.as_bytes(), Format::Ini);
        use_config(text.as_bytes(), Format::Toml);
        use_network(text.as_bytes());
    }

    #[test]
    fn changed_ini(changes in changes()) {
        use_config(&changed(DEFAULT.as_bytes(), &changes), Format::Ini);
    }

    #[test]
    fn changed_toml(changes in changes()) {
        let toml = RawConfig::reference_default().to_toml();
        use_config(&changed(toml.as_bytes(), &changes), Format::Toml);
    }

    #[test]
    fn changed_layer_list(case in 0..24_usize, changes in changes()) {
        let json = fixture(&format!("hardware_1_{case:03}.json"), "network");
        use_network(&changed(&json, &changes));
    }

    #[test]
    fn changed_candidate(case in 0..24_usize, changes in changes()) {
        let json = fixture(&format!("candidate_1_{case:03}.json"), "mnsim_cfg");
        use_network(&changed(&json, &changes));
    }

    #[test]
    fn changed_override(set in "([A-Z][a-z]{3,8} level/)?[A-Za-z_]{1,12}=?[0-9,.e\\-a-z]{0,12}") {
        let mut config = RawConfig::reference_default();
        if config.set_override(&set).is_ok() {
            let _ = check(&config);
        }
    }
}
