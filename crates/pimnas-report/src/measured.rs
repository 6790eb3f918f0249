//! How well laws describe a measured device: table and JSON.

use pimnas_device::{FitReport, LevelReport, SampleFit, VariationLaw};
use serde_json::{Value, json};

use crate::table::table;

fn law(law: VariationLaw) -> &'static str {
    match law {
        VariationLaw::GaussianResistance => "resistance",
        VariationLaw::GaussianConductance => "conductance",
        VariationLaw::LogNormal => "lognormal",
    }
}

/// The fit for reading: the levels, then the straight line and the law that fits better.
#[must_use]
pub fn device_table(fit: &FitReport) -> String {
    let head = [
        "level",
        "cells",
        "mean",
        "deviation %",
        "above/below",
        "off the line",
        "apart",
        "KS normal",
        "KS log-normal",
    ];
    let mut levels = table(&head, 0);
    for level in &fit.levels {
        let LevelReport { mean, relative_deviation, asymmetry, nonlinearity, .. } = *level;
        let distance = |fit: Option<SampleFit>| {
            fit.map_or_else(String::new, |fit| format!("{:.3}", fit.kolmogorov_smirnov))
        };
        let some = |value: f64| {
            if value.is_finite() { format!("{value:.2}") } else { String::new() }
        };
        levels.add_row([
            level.level.to_string(),
            if level.samples > 0 { level.samples.to_string() } else { String::new() },
            format!("{mean:.4}"),
            some(100.0 * relative_deviation),
            some(asymmetry),
            format!("{nonlinearity:.3}"),
            level.separation.map_or_else(String::new, some),
            distance(level.normal),
            distance(level.log_normal),
        ]);
    }
    let line = &fit.linear;
    let better = fit
        .better_law
        .map_or_else(String::new, |better| format!(", likelier law: {}", law(better)));
    format!(
        "Measured device (conductances in the unit of its file)\n{levels}\n\
         straight line: step {:.4}, R² {:.4}, RMS error {:.4}; on/off ratio {:.1}{better}\n",
        line.step, line.r_squared, line.rms_error, fit.on_off_ratio
    )
}

/// The fit as JSON, in full precision; what is infinite or not known is null.
#[must_use]
pub fn device_json(fit: &FitReport) -> Value {
    let sample = |fit: Option<SampleFit>| {
        fit.map(|fit| {
            json!({
                "kolmogorov_smirnov": fit.kolmogorov_smirnov,
                "log_likelihood": fit.log_likelihood,
            })
        })
    };
    let levels: Vec<Value> = fit
        .levels
        .iter()
        .map(|level| {
            json!({
                "level": level.level,
                "mean": level.mean,
                "relative_deviation": level.relative_deviation,
                "asymmetry": level.asymmetry,
                "nonlinearity": level.nonlinearity,
                "separation": level.separation,
                "samples": level.samples,
                "normal": sample(level.normal),
                "log_normal": sample(level.log_normal),
            })
        })
        .collect();
    json!({
        "levels": levels,
        "line": {
            "step": fit.linear.step,
            "offset": fit.linear.offset,
            "r_squared": fit.linear.r_squared,
            "rms_error": fit.linear.rms_error,
        },
        "on_off_ratio": fit.on_off_ratio,
        "better_law": fit.better_law.map(law),
    })
}
