//! What every key says and means, for people.

use crate::diagnostic::Place;
use crate::document::Origin;
use crate::hardware::{Hardware, Subtraction};
use crate::raw::RawConfig;
use crate::registry::{self, KEYS, Key, Unset, Usage, ValueKind};
use crate::resolve::resolve;
use crate::value::{Value, interpret};

/// Where the resolved value of a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// The text, at this place.
    Written(Place),
    /// A program that set it.
    Set,
    /// The command line.
    Override,
    /// A hardware point of a search.
    HardwarePoint,
    /// A constant, because 0 or -1 stands where a value could be.
    Default,
    /// A component model or another key, because 0 or -1 stands where a value could be.
    Derived,
    /// Nowhere: the key is not there.
    Missing,
}

/// One key: as written and as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedKey {
    /// The key's entry in the registry.
    pub key: &'static Key,
    /// The value as written or set; `None` where the key is not there.
    pub written: Option<String>,
    /// The value as meant, without unit; where a model computes it, what it will be.
    pub resolved: Option<String>,
    /// Where `resolved` comes from.
    pub provenance: Provenance,
}

impl DescribedKey {
    /// The resolved value with its unit.
    #[must_use]
    pub fn resolved_with_unit(&self) -> Option<String> {
        let resolved = self.resolved.as_ref()?;
        let number = resolved.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        Some(match self.key.unit {
            unit if number && !unit.is_empty() => format!("{resolved} {unit}"),
            _ => resolved.clone(),
        })
    }
}

/// A figure that follows from several keys.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedValue {
    /// What it is, such as `cells of a crossbar`.
    pub name: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit; empty for counts.
    pub unit: &'static str,
    /// The keys that it follows from.
    pub from: &'static str,
}

/// A configuration, key by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Every key of the registry that the configuration has or needs, in the registry's order.
    pub keys: Vec<DescribedKey>,
    /// Figures that follow; empty where the configuration has errors.
    pub derived: Vec<DerivedValue>,
}

/// Describes a configuration, good or bad.
#[must_use]
pub fn describe(config: &RawConfig) -> Description {
    let hardware = resolve(config).ok();
    let keys = KEYS
        .iter()
        .copied()
        .filter(|key| key.usage == Usage::Simulated || config.get(key.section, key.name).is_some())
        .map(|key| described(config, key, hardware.as_ref()))
        .collect();
    Description { keys, derived: hardware.as_ref().map(derived).unwrap_or_default() }
}

fn described(config: &RawConfig, key: &'static Key, hardware: Option<&Hardware>) -> DescribedKey {
    let Some(entry) = config.entry(key.section, key.name) else {
        return DescribedKey {
            key,
            written: None,
            resolved: None,
            provenance: Provenance::Missing,
        };
    };
    let place = entry.written.as_ref().map(|written| written.value.clone());
    let source = match entry.origin {
        Origin::Written => Provenance::Written(place.unwrap_or_default()),
        Origin::Set => Provenance::Set,
        Origin::Override => Provenance::Override,
        Origin::HardwarePoint => Provenance::HardwarePoint,
    };
    let written = Some(entry.value.clone());
    if key.usage == Usage::Unused {
        return DescribedKey { key, written, resolved: None, provenance: source };
    }
    let (resolved, provenance) = match interpret(key, &entry.value) {
        Ok(Value::Word(word)) => (Some(word.to_owned()), source),
        Ok(Value::Figures(figures)) => meant(key, &figures, source),
        Ok(Value::Unset) => defaulted(key, hardware),
        Err(_) => (None, source),
    };
    let overruled = hardware.filter(|_| std::ptr::eq(key, &registry::SUB_POSITION));
    match overruled.map(|hardware| (hardware.pe.subtraction, entry.value.trim())) {
        Some((Subtraction::Analog, "1")) => {
            let resolved = Some("0 (no choice with one crossbar for both signs)".to_owned());
            DescribedKey { key, written, resolved, provenance: Provenance::Derived }
        }
        Some((Subtraction::Analog | Subtraction::Digital, _)) | None => {
            DescribedKey { key, written, resolved, provenance }
        }
    }
}

fn meant(key: &Key, figures: &[f64], source: Provenance) -> (Option<String>, Provenance) {
    let text = match (key.kind, figures) {
        (ValueKind::Choice(choices), [figure]) => {
            let meaning = choices.iter().find(|&&(number, _)| number as f64 == *figure);
            meaning.map_or_else(|| figure.to_string(), |(n, meaning)| format!("{n} ({meaning})"))
        }
        (
            ValueKind::Choice(_)
            | ValueKind::Integer
            | ValueKind::Number
            | ValueKind::IntegerPair
            | ValueKind::NumberPair
            | ValueKind::NumberList
            | ValueKind::Word(_),
            figures,
        ) => {
            let parts: Vec<String> = figures.iter().map(f64::to_string).collect();
            parts.join(", ")
        }
    };
    (Some(text), source)
}

fn defaulted(key: &Key, hardware: Option<&Hardware>) -> (Option<String>, Provenance) {
    match key.unset {
        Unset::Constant(_, figure) if key.kind == ValueKind::IntegerPair => {
            (Some(format!("{figure}, {figure}")), Provenance::Default)
        }
        Unset::Constant(_, figure) => (Some(figure.to_string()), Provenance::Default),
        Unset::Modelled(..) if std::ptr::eq(key, &registry::LOAD_RESISTANCE) => {
            let load = hardware.map(|hardware| hardware.crossbar.load_resistance.0.to_string());
            (load, Provenance::Derived)
        }
        Unset::Modelled(_, meaning) => (Some(meaning.to_owned()), Provenance::Derived),
        Unset::Never => (None, Provenance::Derived),
    }
}

fn derived(hardware: &Hardware) -> Vec<DerivedValue> {
    let crossbars = f64::from(hardware.pe.groups) * f64::from(hardware.pe.polarity.crossbars());
    let pes = f64::from(hardware.tile.pe_grid.0) * f64::from(hardware.tile.pe_grid.1);
    let cells = f64::from(hardware.crossbar.rows) * f64::from(hardware.crossbar.columns);
    let tiles = hardware.architecture.tiles() as f64;
    let count = |name, value, from| DerivedValue { name, value, unit: "", from };
    vec![
        DerivedValue {
            name: "bits of a cell",
            value: f64::from(hardware.device.bits_per_cell()),
            unit: "bit",
            from: "Device_Level",
        },
        count("cells of a crossbar", cells, "Xbar_Size"),
        count("crossbars of a PE", crossbars, "Group_Num, Xbar_Polarity"),
        count("PEs of a tile", pes, "PE_Num"),
        count("tiles", tiles, "Tile_Num"),
        count("crossbars", tiles * pes * crossbars, "Tile_Num, PE_Num, Group_Num, Xbar_Polarity"),
        DerivedValue {
            name: "period of the digital clock",
            value: 1e3 / hardware.digital.frequency_mhz,
            unit: "ns",
            from: "Digital_Frequency",
        },
    ]
}
