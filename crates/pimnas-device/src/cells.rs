//! From the levels of an array to the conductances of its cells.

use crate::adc::{AdcError, AdcFault};
use crate::drift::Drift;
use crate::effect::NonIdealities;
use crate::error::DeviceError;
use crate::levels::{CellBits, nominal};
use crate::noise::ReadNoise;
use crate::quirk::{DeviceQuirk, DeviceQuirks};
use crate::stream::{ArrayPlace, Purpose, Streams};
use crate::stuck::{Fault, StuckAt};
use crate::variation::LevelLaw;

/// The cells of one physical array.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    /// Which array.
    pub place: ArrayPlace,
    /// Level of each cell, column by column; levels beyond the largest digit count as that.
    pub levels: &'a [u8],
    /// Cells of a column.
    pub rows: usize,
}

/// Non-idealities laid out for cells of so many bits.
#[derive(Clone, Debug)]
pub struct PreparedCells {
    nominal: Vec<f64>,
    variation: Option<Vec<LevelLaw>>,
    stuck: Option<StuckAt>,
    drift: Option<Drift>,
    noise: Option<ReadNoise>,
    adc: Option<AdcError>,
    quirks: DeviceQuirks,
}

impl PreparedCells {
    pub(crate) fn new(from: &NonIdealities, bits: CellBits) -> Result<Self, DeviceError> {
        let eight = (1.0..=8.0, "not from 1 to 8");
        crate::error::check("the number of bits of a cell", f64::from(bits.0), eight)?;
        let nominal = nominal(from.on_off.as_ref(), bits)?;
        let variation = from.variation.as_ref();
        let variation = variation.map(|law| law.levels(&nominal, bits.top())).transpose()?;
        from.stuck.map_or(Ok(()), |stuck| stuck.check())?;
        from.drift.map_or(Ok(()), |drift| drift.check())?;
        from.read_noise.map_or(Ok(()), |noise| noise.check())?;
        from.adc.map_or(Ok(()), |adc| adc.check())?;
        Ok(Self {
            nominal,
            variation,
            stuck: from.stuck,
            drift: from.drift,
            noise: from.read_noise,
            adc: from.adc,
            quirks: from.quirks,
        })
    }

    /// Conductance of each cell in units of a digit, in the order of the levels.
    ///
    /// Cells are programmed (level, variation), fail (stuck) and drift unless they are stuck.
    ///
    /// # Errors
    /// An array whose network of wires cannot be solved.
    pub fn conductances(
        &self,
        streams: &Streams,
        cells: &Cells<'_>,
    ) -> Result<Vec<f32>, DeviceError> {
        let mut values = self.programmed(streams, cells);
        let stuck = self.fail(streams, cells, &mut values);
        if let Some(drift) = self.drift {
            let mut numbers = vec![0.0; values.len()];
            streams.stream(Purpose::Drift, cells.place).normals(0, &mut numbers);
            for (i, (value, &number)) in values.iter_mut().zip(&numbers).enumerate() {
                if !stuck.get(i).copied().unwrap_or(false) {
                    *value *= drift.factor(f64::from(number));
                }
            }
        }
        Ok(values.iter().map(|&value| value as f32).collect())
    }

    /// Standard deviation of the read noise, as a share of a cell's current.
    #[must_use]
    pub fn read_noise(&self) -> Option<f32> {
        self.noise.map(|noise| noise.relative as f32)
    }

    /// The error of the ADC behind each column of an array.
    #[must_use]
    pub fn adc_faults(
        &self,
        streams: &Streams,
        place: ArrayPlace,
        columns: usize,
    ) -> Option<Vec<AdcFault>> {
        self.adc.map(|adc| adc.faults(streams, place, columns))
    }

    fn programmed(&self, streams: &Streams, cells: &Cells<'_>) -> Vec<f64> {
        let top = self.nominal.len() - 1;
        let levels = cells.levels.iter().map(|&level| usize::from(level).min(top));
        let Some(laws) = &self.variation else {
            return levels.map(|level| self.value(level, |level| self.nominal[level])).collect();
        };
        if self.quirks.keeps(DeviceQuirk::OneDrawPerLevel) {
            let place = ArrayPlace { group: 0, ..cells.place };
            let mut numbers = vec![0.0; laws.len()];
            streams.stream(Purpose::Variation, place).normals(0, &mut numbers);
            let drawn: Vec<f64> = laws
                .iter()
                .zip(&numbers)
                .map(|(law, &number)| law.unbounded_conductance(f64::from(number)))
                .collect();
            let values: Vec<f64> =
                (0..=top).map(|level| self.value(level, |level| drawn[level])).collect();
            return levels.map(|level| values[level]).collect();
        }
        let mut numbers = vec![0.0; cells.levels.len()];
        streams.stream(Purpose::Variation, cells.place).normals(0, &mut numbers);
        let value = |(level, &number): (usize, &f32)| {
            self.value(level, |level| laws[level].conductance(f64::from(number)))
        };
        levels.zip(&numbers).map(value).collect()
    }

    /// What a level is replaced by; by comparing values if that quirk is kept.
    fn value(&self, level: usize, conductance: impl Fn(usize) -> f64) -> f64 {
        if !self.quirks.keeps(DeviceQuirk::LevelsByValue) {
            return conductance(level);
        }
        (0..self.nominal.len()).fold(level as f64, |value, level| {
            if value == level as f64 { conductance(level) } else { value }
        })
    }

    /// Replaces the values of stuck cells and says which they are; nothing if none can be.
    fn fail(&self, streams: &Streams, cells: &Cells<'_>, values: &mut [f64]) -> Vec<bool> {
        let Some(stuck) = self.stuck else { return Vec::new() };
        let mut numbers = vec![0.0; values.len()];
        streams.stream(Purpose::StuckAt, cells.place).uniforms(0, &mut numbers);
        let high_resistance =
            if self.quirks.keeps(DeviceQuirk::StuckAtZero) { 0.0 } else { self.nominal[0] };
        let low_resistance = self.nominal[self.nominal.len() - 1];
        let mut fail = |(value, &number): (&mut f64, &f64)| {
            let fault = stuck.fault(number);
            match fault {
                Some(Fault::HighResistance) => *value = high_resistance,
                Some(Fault::LowResistance) => *value = low_resistance,
                None => {}
            }
            fault.is_some()
        };
        values.iter_mut().zip(&numbers).map(&mut fail).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::{Draw, Effect, OnOffRatio, Seed, Variation, VariationLaw};

    /// All effects at once.
    pub(crate) fn everything() -> NonIdealities {
        NonIdealities {
            on_off: Some(OnOffRatio::linear(100.0, CellBits(2)).unwrap()),
            variation: Some(Variation::percent(VariationLaw::LogNormal, 10.0)),
            stuck: Some(StuckAt::percent(5.0, 2.0)),
            drift: Some(Drift {
                exponent: 0.05,
                deviation: 0.01,
                seconds: 1e4,
                reference_seconds: 20.0,
            }),
            read_noise: Some(ReadNoise { relative: 0.01 }),
            adc: Some(AdcError {
                offset_lsb: 0.3,
                gain: 0.01,
                columns_per_adc: NonZeroUsize::new(8).unwrap(),
            }),
            quirks: DeviceQuirks::corrected(),
        }
    }

    fn levels() -> Vec<u8> {
        (0..20_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u8).collect()
    }

    fn values(of: &NonIdealities, streams: Streams, place: ArrayPlace) -> Vec<f32> {
        let levels = levels();
        let cells = Cells { place, levels: &levels, rows: 100 };
        of.prepare(CellBits(2)).unwrap().conductances(&streams, &cells).unwrap()
    }

    fn streams() -> Streams {
        Streams::new(Seed(1), Draw(0))
    }

    #[test]
    fn ideal_cells_conduct_their_level() {
        let ideal = NonIdealities::default();
        let values = values(&ideal, streams(), ArrayPlace::default());
        assert!(values.iter().zip(levels()).all(|(&value, level)| value == f32::from(level)));
    }

    #[test]
    fn effects_of_no_magnitude_change_nothing() {
        let none = NonIdealities {
            variation: Some(Variation::percent(VariationLaw::LogNormal, 0.0)),
            stuck: Some(StuckAt::percent(0.0, 0.0)),
            drift: Some(Drift {
                exponent: 0.0,
                deviation: 0.0,
                seconds: 9.0,
                reference_seconds: 1.0,
            }),
            ..NonIdealities::default()
        };
        let ideal = values(&NonIdealities::default(), streams(), ArrayPlace::default());
        for law in [
            VariationLaw::LogNormal,
            VariationLaw::GaussianConductance,
            VariationLaw::GaussianResistance,
        ] {
            let none =
                NonIdealities { variation: Some(Variation::percent(law, 0.0)), ..none.clone() };
            assert_eq!(values(&none, streams(), ArrayPlace::default()), ideal);
        }
    }

    #[test]
    fn switching_an_effect_on_leaves_the_numbers_of_the_others() {
        let all = everything();
        let both = NonIdealities { drift: None, ..all.clone() };
        let variation = NonIdealities { stuck: None, ..both.clone() };
        let with = values(&both, streams(), ArrayPlace::default());
        let without = values(&variation, streams(), ArrayPlace::default());
        let same = with.iter().zip(&without).filter(|(with, without)| with == without).count();
        let share = same as f64 / with.len() as f64;
        assert!((share - 0.93).abs() < 0.01, "{share}");
    }

    #[test]
    fn seeds_draws_and_places_differ_and_repeat() {
        let variation = everything().only(Effect::Variation);
        let base = values(&variation, streams(), ArrayPlace::default());
        assert_eq!(base, values(&variation, streams(), ArrayPlace::default()));
        let other_draw = values(&variation, Streams::new(Seed(1), Draw(1)), ArrayPlace::default());
        let other_place = values(&variation, streams(), ArrayPlace::default().partner());
        assert_ne!(base, other_draw);
        assert_ne!(base, other_place);
    }

    #[test]
    fn as_many_cells_are_stuck_as_stated() {
        let stuck = NonIdealities { stuck: Some(StuckAt::percent(9.0, 1.0)), ..Default::default() };
        let values = values(&stuck, streams(), ArrayPlace::default());
        let levels = levels();
        let failed = |level: u8, value: f32| {
            let all = levels.iter().filter(|&&l| l == level).count() as f64;
            let cells = levels.iter().zip(&values);
            cells.filter(|&(&l, &v)| l == level && v == value).count() as f64 / all
        };
        // Four standard errors over about 5,000 cells of a level.
        assert!((failed(3, 0.0) - 0.09).abs() < 4.0 * (0.09 * 0.91 / 5000_f64).sqrt());
        assert!((failed(0, 3.0) - 0.01).abs() < 4.0 * (0.01 * 0.99 / 5000_f64).sqrt());
    }

    #[test]
    fn stuck_cells_do_not_drift() {
        let all = everything();
        let drifting = NonIdealities { variation: None, ..all.clone() };
        let levels = vec![1_u8; 5000];
        let cells = Cells { place: ArrayPlace::default(), levels: &levels, rows: 50 };
        let prepared = drifting.prepare(CellBits(2)).unwrap();
        let values = prepared.conductances(&streams(), &cells).unwrap();
        let nominal = prepared.nominal[1] as f32;
        let top = values.iter().filter(|&&value| value == 3.0).count();
        let bottom = values.iter().filter(|&&value| value == 0.03).count();
        assert!(top > 50 && bottom > 150, "{top} {bottom}");
        let moved = values.iter().filter(|&&value| value < nominal && value > 0.03).count();
        assert_eq!(moved + top + bottom, 5000);
    }

    #[test]
    fn the_reference_draws_once_for_each_level_of_an_array() {
        let device = [1e7, 10_000.0, 5000.0, 3333.0].map(pimnas_units::Ohms);
        let reference = NonIdealities {
            on_off: Some(OnOffRatio::from_resistances(&device).unwrap()),
            variation: Some(Variation::percent(VariationLaw::GaussianResistance, 5.0)),
            quirks: DeviceQuirks::reference(),
            ..NonIdealities::default()
        };
        let place = ArrayPlace { group: 4, ..ArrayPlace::default() };
        let drawn = values(&reference, streams(), place);
        for level in 0..4_u8 {
            let of_level: Vec<f32> = levels()
                .into_iter()
                .zip(&drawn)
                .filter_map(|(l, &value)| (l == level).then_some(value))
                .collect();
            assert!(of_level.iter().all(|value| *value == of_level[0]));
        }
        assert_eq!(drawn, values(&reference, streams(), ArrayPlace::default()));
    }

    #[test]
    fn by_value_a_level_can_be_replaced_twice() {
        // Level 0 conducts as much as digit 2 would, and is then taken for level 2.
        let on_off = OnOffRatio::from_conductances(&[1.0, 1.2, 1.4, 1.5]).unwrap();
        let quirk = DeviceQuirks::corrected().with(DeviceQuirk::LevelsByValue);
        let by_value = NonIdealities { on_off: Some(on_off), quirks: quirk, ..Default::default() };
        let corrected = NonIdealities { quirks: DeviceQuirks::corrected(), ..by_value.clone() };
        let first = |of: &NonIdealities| {
            let cells = Cells { place: ArrayPlace::default(), levels: &[0], rows: 1 };
            of.prepare(CellBits(2)).unwrap().conductances(&streams(), &cells).unwrap()[0]
        };
        assert!((first(&corrected) - 2.0).abs() < 1e-6);
        assert!((first(&by_value) - 2.8).abs() < 1e-6);
    }

    #[test]
    fn bad_figures_are_refused_before_anything_is_drawn() {
        let all = everything();
        let bad = [
            NonIdealities { stuck: Some(StuckAt::percent(101.0, 0.0)), ..all.clone() },
            NonIdealities { read_noise: Some(ReadNoise { relative: -1.0 }), ..all.clone() },
            NonIdealities {
                on_off: None,
                drift: Some(Drift { seconds: 1.0, ..all.drift.unwrap() }),
                ..all.clone()
            },
        ];
        assert!(bad.iter().all(|bad| bad.prepare(CellBits(2)).is_err()));
        assert!(all.prepare(CellBits(9)).is_err() && all.prepare(CellBits(0)).is_err());
        assert!(all.prepare(CellBits(3)).is_err());
    }
}
