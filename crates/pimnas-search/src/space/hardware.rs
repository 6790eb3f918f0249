//! From the hardware decisions of a rollout to a hardware.

use pimnas_config::{Diagnostics, Hardware, HardwarePoint, RawConfig, resolve};

use super::{Reason, Rejection};

/// What a rollout decides of the hardware; the rest is that of a base configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HardwareChoice {
    /// `xbar_size`, `dac_choice`, `adc_choice` and `cell_bit`, as decided, where the space
    /// decides them; see [`HardwarePoint`].
    pub point: Option<[i64; 4]>,
    /// Further keys, such as `Tile level/PE_Num`, and their values.
    pub settings: Vec<(String, String)>,
}

/// The hardware of a candidate, in memory and as a configuration of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct RealisedHardware {
    /// The configuration; [`RawConfig::to_ini`] is its SimConfig.ini, the base's comments kept.
    pub config: RawConfig,
    /// What it means.
    pub hardware: Hardware,
}

/// Decisions in the order of [`HardwareChoice::point`].
pub(super) const POINT: [&str; 4] = ["xbar_size", "dac_choice", "adc_choice", "cell_bit"];

/// A point that is possible, to try the decisions one by one.
const POSSIBLE: HardwarePoint =
    HardwarePoint { xbar_size: 256, dac_choice: 1, adc_choice: 1, cell_bit: 1 };

impl HardwareChoice {
    /// The hardware: the base with the point (crossbars s × s, s / 4 DACs, s / 32 ADCs, the
    /// converters, 2^`cell_bit` levels with their resistances), then the further keys.
    ///
    /// # Errors
    /// Every decision that is impossible; otherwise all problems of the configuration.
    pub fn apply(&self, base: &RawConfig) -> Result<RealisedHardware, Rejection> {
        let mut reasons = Vec::new();
        let mut config = base.clone();
        if let Some(point) = self.point {
            match realised(point, base) {
                Ok(applied) => config = applied,
                Err(found) => reasons.extend(found),
            }
        }
        for (key, value) in &self.settings {
            if let Err(problems) = config.set(key, value) {
                reasons.extend(said(&problems));
            }
        }
        if !reasons.is_empty() {
            return Err(Rejection { reasons });
        }
        match resolve(&config) {
            Ok(hardware) => Ok(RealisedHardware { config, hardware }),
            Err(problems) => Err(Rejection { reasons: said(&problems) }),
        }
    }
}

fn realised(point: [i64; 4], base: &RawConfig) -> Result<RawConfig, Vec<Reason>> {
    let [size, dac, adc, bits] = point;
    // What does not fit becomes a number that is never possible.
    let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
    let xbar_size = u32::try_from(size).unwrap_or(u32::MAX);
    let whole = HardwarePoint {
        xbar_size,
        dac_choice: small(dac),
        adc_choice: small(adc),
        cell_bit: small(bits),
    };
    let Err(first) = whole.apply(base) else {
        return whole.apply(base).map_err(|problems| said(&problems));
    };
    let alone = [
        HardwarePoint { xbar_size, ..POSSIBLE },
        HardwarePoint { dac_choice: whole.dac_choice, ..POSSIBLE },
        HardwarePoint { adc_choice: whole.adc_choice, ..POSSIBLE },
        HardwarePoint { cell_bit: whole.cell_bit, ..POSSIBLE },
    ];
    let mut reasons = Vec::new();
    for ((name, decided), alone) in POINT.into_iter().zip(point).zip(alone) {
        if let Err(problems) = alone.apply(base) {
            let hint = problems.hint().unwrap_or("choose a value that is possible");
            let message = format!("the hardware decision {name} of {decided} is impossible");
            reasons.push(Reason::new(message, hint));
        }
    }
    Err(if reasons.is_empty() { said(&first) } else { reasons })
}

fn said(problems: &Diagnostics) -> Vec<Reason> {
    let reason = |problem: &pimnas_config::Diagnostic| Reason {
        message: format!("hardware: {}", problem.message),
        hint: problem.hint.clone(),
    };
    problems.errors().map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_hardware_and_a_text_with_comments() {
        let choice = HardwareChoice {
            point: Some([64, 1, 7, 1]),
            settings: vec![("Tile level/PE_Num".into(), "2,2".into())],
        };
        let base = RawConfig::reference_default();
        let RealisedHardware { config, hardware } = choice.apply(&base).unwrap();
        assert_eq!((hardware.crossbar.rows, hardware.crossbar.columns), (64, 64));
        assert_eq!(hardware.pe.dacs_per_group, Some(16));
        assert_eq!(hardware.pe.adcs_per_group, Some(2));
        assert_eq!(hardware.device.levels(), 2);
        assert_eq!(hardware.tile.pe_grid, (2, 2));
        let text = config.to_ini();
        assert!(text.contains("Xbar_Size = 64,64"), "{text}");
        let comments = |text: &str| text.lines().filter(|l| l.trim().starts_with('#')).count();
        assert_eq!(comments(&text), comments(base.text()));
        assert_eq!(resolve(&RawConfig::from_ini(text.as_bytes()).unwrap()).unwrap(), hardware);
    }

    #[test]
    fn everything_impossible_is_said_at_once() {
        let choice = HardwareChoice {
            point: Some([100, 9, -1, 5]),
            settings: vec![("Tile level/PE_Nam".into(), "2".into())],
        };
        let rejection = choice.apply(&RawConfig::reference_default()).unwrap_err();
        let text = rejection.to_string();
        for part in ["xbar_size of 100", "dac_choice of 9", "adc_choice of -1", "cell_bit of 5"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.contains("PE_Nam"), "{text}");
        assert!(rejection.reasons.iter().all(|reason| reason.hint.is_some()));
    }
}
