//! Energy, time and area by kind of circuit and by layer.

use maud::{Markup, html};
use pimnas_report::figure::percent;

use super::svg::{bar, colour};
use crate::member::{LayerFigures, MemberDetail, ModuleFigures};

/// A column of figures: its title, a row's figure, and the units that it may have, the largest
/// first.
type Column<R> = (&'static str, fn(&R) -> f64, &'static [(f64, &'static str)]);

const ENERGY: [(f64, &str); 5] = [(1e9, "J"), (1e6, "mJ"), (1e3, "µJ"), (1.0, "nJ"), (1e-3, "pJ")];
const TIME: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
const AREA: [(f64, &str); 2] = [(1e6, "mm²"), (1.0, "µm²")];
/// Areas from here on are given in mm², as a part of one.
const LEAST_MM2: f64 = 1e5;

/// The unit of a column and its decimals: the largest figure has four digits.
struct Form {
    factor: f64,
    unit: &'static str,
    decimals: usize,
}

impl Form {
    fn new(most: f64, units: &[(f64, &'static str)]) -> Self {
        let from = |factor: f64, unit: &str| if unit == "mm²" { LEAST_MM2 } else { factor };
        let fits = units.iter().find(|&&(factor, unit)| most >= from(factor, unit));
        let (factor, unit) = fits.or(units.last()).copied().unwrap_or((1.0, ""));
        let digits = (most / factor).max(f64::MIN_POSITIVE).log10().floor();
        Self { factor, unit, decimals: (3.0 - digits).clamp(0.0, 4.0) as usize }
    }

    fn words(&self, figure: f64) -> String {
        let (value, decimals) = (figure / self.factor, self.decimals);
        let least = 10_f64.powi(-(decimals as i32));
        if value > 0.0 && value < least / 2.0 {
            return format!("< {least:.decimals$}");
        }
        format!("{value:.decimals$}")
    }
}

pub(super) fn by_module(detail: &MemberDetail) -> Markup {
    let columns: [Column<ModuleFigures>; 3] = [
        ("energy", |row| row.energy_nj, &ENERGY),
        ("work", |row| row.time_ns, &TIME),
        ("area", |row| row.area_um2, &AREA),
    ];
    let rows = detail.modules.iter().filter(|row| columns.iter().any(|(_, of, _)| of(row) > 0.0));
    let rows: Vec<(Markup, &ModuleFigures)> = rows.map(|row| (html! { (row.name) }, row)).collect();
    html! {
        (table("circuit", &rows, &columns))
        p .caption {
            "Work is the time spent, summed over layers that overlap; bars are shares of the \
             column's sum."
            @if differs(&rows, |row| row.energy_nj, detail.totals.energy_nj)
                || differs(&rows, |row| row.area_um2, detail.totals.area_um2) {
                " Totals of the reference leave some of these parts out, so the sums differ from \
                 them."
            }
        }
    }
}

pub(super) fn by_layer(detail: &MemberDetail) -> Markup {
    let columns: [Column<LayerFigures>; 3] = [
        ("energy", |row| row.energy_nj, &ENERGY),
        ("works", LayerFigures::active_ns, &TIME),
        ("area", |row| row.area_um2, &AREA),
    ];
    let numbered = detail.layers.iter().enumerate();
    let rows: Vec<(Markup, &LayerFigures)> = numbered
        .map(|(index, row)| {
            let tiles = match row.tiles {
                0 => "global accumulator".to_owned(),
                1 => "1 tile".to_owned(),
                tiles => format!("{tiles} tiles"),
            };
            let cells = row
                .cells_used
                .map_or(String::new(), |used| format!(", {} of cells", percent(used)));
            let name = html! {
                span class=(format!("swatch {}", colour(index))) {} (index) " "
                (super::breakable(&row.name)) " "
                span .minor { (tiles) (cells) }
            };
            (name, row)
        })
        .collect();
    html! { (table("layer", &rows, &columns)) }
}

fn table<R, const N: usize>(
    first: &str,
    rows: &[(Markup, &R)],
    columns: &[Column<R>; N],
) -> Markup {
    let columns = columns.each_ref().map(|&(title, of, units)| {
        let figures = || rows.iter().map(|(_, row)| of(row));
        let sum = figures().sum::<f64>();
        (title, of, Form::new(figures().fold(0.0, f64::max), units), sum)
    });
    html! {
        table .bars {
            thead { tr {
                th { (first) }
                @for (title, _, form, _) in &columns { th .number { (title) " (" (form.unit) ")" } }
            } }
            tbody {
                @for (name, row) in rows {
                    tr {
                        th scope="row" { (name) }
                        @for (_, of, form, sum) in &columns { (cell(of(row), (form, *sum))) }
                    }
                }
            }
            tfoot { tr {
                th scope="row" { "sum" }
                @for (_, _, form, sum) in &columns { td .number { (form.words(*sum)) } }
            } }
        }
    }
}

fn cell(figure: f64, (form, sum): (&Form, f64)) -> Markup {
    html! {
        td .number {
            @if figure > 0.0 && sum > 0.0 {
                (form.words(figure)) (bar(figure / sum, "fill"))
            } @else { "–" }
        }
    }
}

/// Whether the parts' sum is not the whole.
fn differs<R>(rows: &[(Markup, &R)], of: fn(&R) -> f64, whole: f64) -> bool {
    let sum: f64 = rows.iter().map(|(_, row)| of(row)).sum();
    (sum - whole).abs() > 1e-6 * whole.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_unit_and_as_many_decimals() {
        let form = Form::new(954_900.0, &ENERGY);
        assert_eq!((form.unit, form.words(954_900.0).as_str()), ("µJ", "954.9"));
        assert_eq!(form.words(7_246.0), "7.2");
        assert_eq!(form.words(13.18), "< 0.1");
        let form = Form::new(785_900.0, &AREA);
        assert_eq!((form.unit, form.words(785_900.0).as_str()), ("mm²", "0.7859"));
        assert_eq!(form.words(40_780.0), "0.0408");
        assert_eq!(Form::new(0.0, &TIME).unit, "ns");
    }
}
