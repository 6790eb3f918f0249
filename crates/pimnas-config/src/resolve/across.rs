//! What two keys say together.

use super::reader::Reader;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::registry as keys;
use crate::registry::Key;
use crate::value::Value;
use pimnas_suggest::shown;

/// Most PEs of a tile.
const MAX_PES: f64 = 65_536.0;

pub(super) fn check(r: &mut Reader<'_>) {
    level_count(r, &keys::READ_LEVEL, &keys::READ_VOLTAGE);
    level_count(r, &keys::WRITE_LEVEL, &keys::WRITE_VOLTAGE);
    level_count(r, &keys::DEVICE_LEVEL, &keys::DEVICE_RESISTANCE);
    whole_bits(r);
    order_of_resistances(r);
    stuck_cells(r);
    let dac = [&keys::DAC_AREA, &keys::DAC_PRECISION, &keys::DAC_POWER, &keys::DAC_SAMPLE_RATE];
    let adc = [&keys::ADC_AREA, &keys::ADC_PRECISION, &keys::ADC_POWER, &keys::ADC_SAMPLE_RATE];
    converter(r, &keys::DAC_CHOICE, dac);
    converter(r, &keys::ADC_CHOICE, adc);
    pes(r);
    half_given_window(r);
    network_on_chip(r);
}

/// As many figures as the level key says.
fn level_count(r: &mut Reader<'_>, level: &Key, list: &Key) {
    let (Some(&[count]), Some(figures)) = (r.good_figures(level), r.good_figures(list)) else {
        return;
    };
    let found = figures.len();
    if count == found as f64 {
        return;
    }
    let message = format!("`{}` lists {found} figures, but `{}` is {count}", list.name, level.name);
    let hint = format!("list {count} figures, or set `{}` to {found}", level.name);
    let problem = Diagnostic::error(DiagnosticCode::Inconsistent, message).with_hint(hint);
    let problem = match r.place(level) {
        Some(place) => problem.related_to(place),
        None => problem,
    };
    r.blame(list, problem);
}

fn whole_bits(r: &mut Reader<'_>) {
    let Some(&[levels]) = r.good_figures(&keys::DEVICE_LEVEL) else { return };
    let levels = levels as u32;
    if levels.is_power_of_two() {
        return;
    }
    let used = 1_u32 << levels.max(1).ilog2();
    let message = format!("`Device_Level` is {levels}, of which {used} levels are used");
    r.blame(
        &keys::DEVICE_LEVEL,
        Diagnostic::warning(DiagnosticCode::Doubtful, message)
            .with_hint("a cell stores whole bits: make it a power of two"),
    );
}

fn order_of_resistances(r: &mut Reader<'_>) {
    let Some(figures) = r.good_figures(&keys::DEVICE_RESISTANCE) else { return };
    if figures.is_sorted_by(|before, after| before > after) {
        return;
    }
    let message = "the resistances of `Device_Resistance` do not fall from level to level";
    r.blame(
        &keys::DEVICE_RESISTANCE,
        Diagnostic::warning(DiagnosticCode::Doubtful, message)
            .with_hint("list them from the high to the low resistance state"),
    );
}

fn stuck_cells(r: &mut Reader<'_>) {
    let Some(&[high, low]) = r.good_figures(&keys::DEVICE_SAF) else { return };
    if high + low <= 100.0 {
        return;
    }
    let message = format!("`Device_SAF` makes {high} % + {low} % of the cells stuck");
    r.blame(
        &keys::DEVICE_SAF,
        Diagnostic::error(DiagnosticCode::OutOfRange, message)
            .with_hint("both together are at most 100 %"),
    );
}

/// A user-defined converter needs its figures.
fn converter(r: &mut Reader<'_>, choice: &Key, figures: [&Key; 4]) {
    let user_defined = r.good_figures(choice) == Some(&[-1.0]);
    for key in figures {
        let unset = r.good(key) == Some(&Value::Unset);
        if user_defined && unset {
            let message = format!(
                "`{}` is not given, but `{}` is -1, a user-defined converter",
                key.name, choice.name
            );
            let hint = format!(
                "give its figure in {}, or choose a published converter with `{}`",
                key.unit, choice.name
            );
            let problem = Diagnostic::error(DiagnosticCode::Inconsistent, message).with_hint(hint);
            let problem = match r.place(choice) {
                Some(place) => problem.related_to(place),
                None => problem,
            };
            r.blame(key, problem);
        }
    }
}

fn pes(r: &mut Reader<'_>) {
    let Some(&[x, y]) = r.good_figures(&keys::PE_NUM) else { return };
    if x * y <= MAX_PES {
        return;
    }
    let message = format!("`PE_Num` makes {} PEs a tile", x * y);
    r.blame(
        &keys::PE_NUM,
        Diagnostic::error(DiagnosticCode::OutOfRange, message)
            .with_hint(format!("make both figures smaller: at most {MAX_PES} PEs a tile")),
    );
}

/// A window with one 0 counts as not given at all.
fn half_given_window(r: &mut Reader<'_>) {
    let key = &keys::POOLING_SHAPE;
    let text = r.config.get(key.section, key.name).unwrap_or_default();
    let half =
        text.split(',').any(|part| !part.trim().trim_start_matches(['+', '-', '0']).is_empty());
    if r.good(key) == Some(&Value::Unset) && half {
        let message = format!("`Pooling_shape` is {}: the default is used for both", shown(text));
        r.blame(
            key,
            Diagnostic::warning(DiagnosticCode::Doubtful, message)
                .with_hint("write 0,0 for the default, or give both figures"),
        );
    }
}

fn network_on_chip(r: &mut Reader<'_>) {
    let key = &keys::NOC_ENABLE;
    if r.good_figures(key) != Some(&[1.0]) {
        return;
    }
    let message = "`NoC_enable` is 1, but no network-on-chip simulator is modelled";
    let mut problem = Diagnostic::error(DiagnosticCode::Unsupported, message)
        .with_hint("set it to 0: transfers then take their distance and bandwidth into account");
    problem.allowed = Some("0".to_owned());
    r.blame(key, problem);
}
