//! What each knob of the hardware would change, one at a time.

use pimnas_config::RawConfig;
use pimnas_network::Network;
use pimnas_simulate::{Metrics, Options};
use rayon::prelude::*;

use crate::evaluate::evaluate;
use crate::points::Setting;

/// A knob and the values to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// What it is, in words.
    pub name: &'static str,
    /// What each choice sets.
    pub choices: Vec<Vec<Setting>>,
}

/// What a choice gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The knob.
    pub knob: &'static str,
    /// What was set.
    pub settings: Vec<Setting>,
    /// Figures of merit, or why the choice is not possible.
    pub result: Result<Metrics, String>,
}

/// Keys with the documented choices that a designer turns, each with values for one key.
const SINGLE: [(&str, &str, &[&str]); 12] = [
    (
        "crossbar size",
        "Crossbar level/Xbar_Size",
        &["32,32", "64,64", "128,128", "256,256", "512,512", "1024,1024"],
    ),
    ("DAC", "Interface level/DAC_Choice", &["1", "2", "3", "4", "5", "6"]),
    ("ADC", "Interface level/ADC_Choice", &["1", "2", "3", "4", "5", "6", "7"]),
    ("DACs of a group", "Process element level/DAC_Num", &["16", "32", "64", "128", "256"]),
    ("ADCs of a group", "Process element level/ADC_Num", &["4", "8", "16", "32", "64", "128"]),
    ("groups of a PE", "Process element level/Group_Num", &["1", "2", "4", "8", "16"]),
    ("crossbars of a weight's sign", "Process element level/Xbar_Polarity", &["1", "2"]),
    ("PEs of a tile", "Tile level/PE_Num", &["1,1", "2,2", "4,4", "8,8"]),
    ("order of placement", "Architecture level/Tile_Connection", &["0", "1", "2", "3"]),
    ("buffer bus", "Architecture level/Buffer_Bitwidth", &["64", "128", "256"]),
    (
        "bandwidth between tiles",
        "Tile level/Inter_Tile_Bandwidth",
        &["5", "10", "20", "40", "80", "160"],
    ),
    ("digital clock", "Digital module/Digital_Frequency", &["250", "500", "1000", "2000"]),
];

/// Levels of a cell with their resistances: level i of the default device conducts i / 10 kΩ.
const CELLS: [(&str, &str); 3] = [
    ("2", "1e7,10000"),
    ("4", "1e7,10000,5000,3333"),
    ("8", "1e7,10000,5000,3333,2500,2000,1667,1429"),
];

/// The documented knobs.
#[must_use]
pub fn knobs() -> Vec<Knob> {
    let setting = |key: &str, value: &str| Setting { key: key.to_owned(), value: value.to_owned() };
    let single = SINGLE.iter().map(|&(name, key, values)| Knob {
        name,
        choices: values.iter().map(|value| vec![setting(key, value)]).collect(),
    });
    let cells = Knob {
        name: "levels of a cell",
        choices: CELLS
            .iter()
            .map(|(levels, resistances)| {
                vec![
                    setting("Device level/Device_Level", levels),
                    setting("Device level/Device_Resistance", resistances),
                ]
            })
            .collect(),
    };
    single.chain(std::iter::once(cells)).collect()
}

/// Evaluates every choice of every knob, each alone over `base`.
#[must_use]
pub fn sensitivity(base: &RawConfig, knobs: &[Knob], subject: (&Network, &Options)) -> Vec<Effect> {
    let choices: Vec<(&'static str, &Vec<Setting>)> = knobs
        .iter()
        .flat_map(|knob| knob.choices.iter().map(|choice| (knob.name, choice)))
        .collect();
    choices
        .into_par_iter()
        .map(|(knob, settings)| Effect {
            knob,
            settings: settings.clone(),
            result: evaluate(base, settings, subject),
        })
        .collect()
}
