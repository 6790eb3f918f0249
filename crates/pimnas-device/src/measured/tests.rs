use std::fmt::Write;

use super::*;
use crate::{ArrayPlace, Cells, Draw, NonIdealities, Purpose, Seed, Streams};

const SUMMARY: &str =
    "# conductances in µS\nlevel,mean,deviation\n0,2.0,0.5\n1,35,2\n2,68,3\n3,98,2.5\n";

#[test]
fn a_table_becomes_levels_and_variation() {
    let device = MeasuredDevice::from_csv(SUMMARY.as_bytes()).unwrap();
    let (on_off, variation) = device.for_cells(CellBits(2), VariationLaw::LogNormal).unwrap();
    assert!((on_off.ratio() - 49.0).abs() < 1e-12);
    let count = 40_000;
    let levels = vec![2_u8; count];
    let cells = Cells { place: ArrayPlace::default(), levels: &levels, rows: 100 };
    let real = NonIdealities {
        on_off: Some(on_off),
        variation: Some(variation),
        ..NonIdealities::default()
    };
    let streams = Streams::new(Seed(4), Draw(0));
    let values = real.prepare(CellBits(2)).unwrap().conductances(&streams, &cells).unwrap();
    // Back in µS: the last level reads as 3.
    let values: Vec<f64> = values.iter().map(|&value| f64::from(value) * 98.0 / 3.0).collect();
    let (mean, deviation) = fit::moments(&values);
    assert!((mean - 68.0).abs() < 4.0 * 3.0 / (count as f64).sqrt(), "{mean}");
    assert!((deviation - 3.0).abs() < 6.0 * 3.0 / (2.0 * count as f64).sqrt(), "{deviation}");
}

#[test]
fn the_report_tells_how_linear_and_separate_levels_are() {
    let report = MeasuredDevice::from_csv(SUMMARY.as_bytes()).unwrap().report();
    assert!(report.linear.r_squared > 0.999 && report.linear.r_squared < 1.0);
    assert!((report.linear.step - 32.1).abs() < 1e-9);
    assert!((report.levels[0].separation.unwrap() - 33.0 / 2.5).abs() < 1e-12);
    assert_eq!(report.levels[3].separation, None);
    assert!((report.levels[1].relative_deviation - 2.0 / 35.0).abs() < 1e-12);
    assert_eq!((report.better_law, report.on_off_ratio), (None, 49.0));
}

#[test]
fn deviations_may_differ_below_and_above() {
    let text = "level,deviation_high,mean,deviation_low\n0,0.2,1,0.1\n1,3,10,1\n";
    let device = MeasuredDevice::from_csv(text.as_bytes()).unwrap();
    let (_, variation) = device.for_cells(CellBits(1), VariationLaw::LogNormal).unwrap();
    let expected =
        [LevelDeviation { low: 0.01, high: 0.02 }, LevelDeviation { low: 0.1, high: 0.3 }];
    let Deviations::PerLevel(levels) = variation.deviations else { panic!() };
    for (level, expected) in levels.iter().zip(expected) {
        assert!((level.low - expected.low).abs() < 1e-12);
        assert!((level.high - expected.high).abs() < 1e-12);
    }
    assert!((device.report().levels[1].asymmetry - 3.0).abs() < 1e-12);
}

/// Cells of two levels, drawn by a law.
fn samples(law: VariationLaw) -> MeasuredDevice {
    let mut text = "level,conductance\n".to_owned();
    let streams = Streams::new(Seed(8), Draw(0));
    for level in 0..2_u8 {
        let mut numbers = vec![0.0; 2000];
        let place = ArrayPlace { array: u32::from(level), ..ArrayPlace::default() };
        streams.stream(Purpose::Variation, place).normals(0, &mut numbers);
        for number in numbers {
            let mean = 5.0 + 15.0 * f64::from(level);
            let value = match law {
                VariationLaw::LogNormal => mean * (0.25 * f64::from(number)).exp(),
                VariationLaw::GaussianConductance | VariationLaw::GaussianResistance => {
                    mean * (1.0 + 0.2 * f64::from(number))
                }
            };
            writeln!(text, "{level},{value}").unwrap();
        }
    }
    MeasuredDevice::from_csv(text.as_bytes()).unwrap()
}

#[test]
fn the_report_finds_the_law_of_the_samples() {
    for law in [VariationLaw::LogNormal, VariationLaw::GaussianConductance] {
        let report = samples(law).report();
        assert_eq!(report.better_law, Some(law));
        for level in &report.levels {
            let (normal, log) = (level.normal.unwrap(), level.log_normal.unwrap());
            let (good, bad) = match law {
                VariationLaw::LogNormal => (log, normal),
                VariationLaw::GaussianConductance | VariationLaw::GaussianResistance => {
                    (normal, log)
                }
            };
            // Samples of the law itself stay below 1.36 / √n with 95 % probability.
            assert!(good.kolmogorov_smirnov < 1.36 / 2000_f64.sqrt());
            assert!(bad.kolmogorov_smirnov > 1.36 / 2000_f64.sqrt());
        }
    }
}

#[test]
fn of_many_levels_those_in_equal_steps_are_taken() {
    let mut text = "level,mean,deviation\n".to_owned();
    for level in 0..16 {
        writeln!(text, "{level},{},0.1", 1 + level).unwrap();
    }
    let device = MeasuredDevice::from_csv(text.as_bytes()).unwrap();
    let (on_off, _) = device.for_cells(CellBits(2), VariationLaw::LogNormal).unwrap();
    for (relative, mean) in on_off.relative().iter().zip([1.0, 6.0, 11.0, 16.0]) {
        assert!((relative - mean / 16.0).abs() < 1e-12);
    }
    assert!(device.for_cells(CellBits(5), VariationLaw::LogNormal).is_err());
}

#[test]
fn all_problems_are_told_with_their_lines() {
    let text = "level,mean,deviation\n0,1,0.1\nx,2,0.1\n1,-2,0.1\n2,3\n1,4,nan\n0,2,0.1\n";
    let error = MeasuredDevice::from_csv(text.as_bytes()).unwrap_err();
    let lines: Vec<u64> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7], "{error}");
    let gap = MeasuredDevice::from_csv(b"level,mean,deviation\n0,1,0\n2,3,0\n3,2,0\n").unwrap_err();
    assert_eq!(
        gap.to_string(),
        "line 3: level 1 is missing before level 2\n\
         line 4: level 3 conducts 2, not better than level 2 with 3"
    );
}

#[test]
fn hostile_tables_are_refused() {
    for text in [
        "",
        "level\n0\n",
        "mean,deviation\n1,2\n",
        "level,mean\n0,1\n",
        "level,mean,conductance,deviation\n",
        "level,mean,deviation\n",
        "level,mean,deviation\n0,0,0\n",
        "level,mean,deviation\n99999999999999999999,0,0\n",
        "level,conductance\n0,1\n1,2\n1,3\n",
        "level,mean,deviation\n0,inf,0\n1,1e999,0\n",
        "level,mean,deviation\n0,\"1,0\n1,2,0\n",
    ] {
        assert!(MeasuredDevice::from_csv(text.as_bytes()).is_err(), "{text}");
    }
    assert!(MeasuredDevice::from_csv(b"level,mean,deviation\n0,\xff\xfe,0\n1,2,0\n").is_err());
    let mut many = "level,mean,deviation\n".to_owned();
    (0..50).for_each(|_| many.push_str("x,1,1\n"));
    let error = MeasuredDevice::from_csv(many.as_bytes()).unwrap_err();
    assert_eq!((error.problems.len(), error.more), (20, 30));
}
