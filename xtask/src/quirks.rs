//! `quirks`: what each quirk of the cost models changes, measured.

use anyhow::Result;
use pimnas::{Metrics, Options, Quirk, Quirks, RawConfig, resolve, simulate};

use crate::subjects::{Subject, default_subjects, own_subject};

/// Prints, for each quirk, how the figures of merit change when only it is corrected; for
/// quirks that others hide, how they change when it is corrected after all others.
pub fn run() -> Result<()> {
    println!("| quirk | on | correcting | latency | area | power | energy |");
    println!("|---|---|---|---:|---:|---:|---:|");
    for quirk in Quirk::ALL {
        let mut shown = false;
        for subject in default_subjects()?.into_iter().chain(own_subject(quirk)?) {
            shown |= print_effect(quirk, &subject)?;
        }
        if !shown {
            println!("| `{}` | nothing tried shows it | | | | | |", quirk.name());
        }
    }
    Ok(())
}

/// What quirks change.
#[derive(PartialEq)]
struct Figures {
    metrics: Metrics,
    /// Time between tiles in the breakdown, over all layers, ms.
    transfers_ms: f64,
}

/// Prints the effect on one subject, if there is one.
fn print_effect(quirk: Quirk, subject: &Subject) -> Result<bool> {
    let changes = [
        ("it alone", Quirks::reference(), Quirks::reference().without(quirk)),
        ("it after all others", Quirks::corrected().with(quirk), Quirks::corrected()),
    ];
    for (what, before, after) in changes {
        let (before, after) = (figures(subject, before)?, figures(subject, after)?);
        if before != after {
            println!(
                "| `{}` | {} | {what} | {} |",
                quirk.name(),
                subject.name,
                cells(before, after)
            );
            return Ok(true);
        }
    }
    Ok(false)
}

fn figures(subject: &Subject, quirks: Quirks) -> Result<Figures> {
    let mut config = RawConfig::reference_default();
    for (path, value) in subject.settings {
        config.set(path, value)?;
    }
    let options = Options {
        quirks,
        replication: subject.replication.clone(),
        ..Options::default().with_inner_pipeline(subject.inner_pipeline)
    };
    let report = simulate(&resolve(&config)?, &subject.network, &options)?;
    let transfers = report.timeline.layers.iter().map(|layer| layer.spent.inter_tile());
    Ok(Figures {
        metrics: report.metrics(),
        transfers_ms: transfers.map(|time| time.as_milliseconds()).sum(),
    })
}

/// The four cells of the table.
fn cells(before: Figures, after: Figures) -> String {
    if before.metrics == after.metrics {
        let (before, after) = (before.transfers_ms, after.transfers_ms);
        return format!("its breakdown: transfers {before:.3} → {after:.3} ms | – | – | –");
    }
    let (before, after) = (before.metrics, after.metrics);
    let pairs = [
        (before.latency_ms, after.latency_ms),
        (before.area_mm2, after.area_mm2),
        (before.power_w, after.power_w),
        (before.energy_mj, after.energy_mj),
    ];
    pairs.map(|(before, after)| change(before, after)).join(" | ")
}

/// A change in percent, with three digits.
fn change(before: f64, after: f64) -> String {
    if before == after {
        return "–".to_owned();
    }
    let percent = (after / before - 1.0) * 100.0;
    if percent.abs() < 1e-6 {
        return format!("{percent:+.0e} %");
    }
    let digits = (2 - percent.abs().log10().floor() as i32).clamp(0, 8) as usize;
    format!("{percent:+.digits$} %")
}
