//! Energy, time and area by kind of circuit and by layer.

use maud::{Markup, html};
use pimnas_report::figure::{area, energy, percent, time};

use super::svg::{bar, colour};
use crate::member::{LayerFigures, MemberDetail, ModuleFigures};

/// A column of figures: its title, a row's figure, and the figure in words.
type Column<R> = (&'static str, fn(&R) -> f64, fn(f64) -> String);

pub(super) fn by_module(detail: &MemberDetail) -> Markup {
    let columns: [Column<ModuleFigures>; 3] = [
        ("energy", |row| row.energy_nj, energy),
        ("work", |row| row.time_ns, time),
        ("area", |row| row.area_um2, area),
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
        ("energy", |row| row.energy_nj, energy),
        ("works", LayerFigures::active_ns, time),
        ("area", |row| row.area_um2, area),
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
    let sums =
        columns.each_ref().map(|(_, of, _)| rows.iter().map(|(_, row)| of(row)).sum::<f64>());
    html! {
        table .bars {
            thead { tr {
                th { (first) }
                @for (title, _, _) in columns { th .number { (title) } }
            } }
            tbody {
                @for (name, row) in rows {
                    tr {
                        th scope="row" { (name) }
                        @for ((_, of, words), sum) in columns.iter().zip(sums) {
                            @let figure = of(row);
                            td .number {
                                @if figure > 0.0 && sum > 0.0 {
                                    (words(figure)) (bar(figure / sum, "fill"))
                                } @else { "–" }
                            }
                        }
                    }
                }
            }
            tfoot { tr {
                th scope="row" { "sum" }
                @for ((_, _, words), sum) in columns.iter().zip(sums) {
                    td .number { (words(sum)) }
                }
            } }
        }
    }
}

/// Whether the parts' sum is not the whole.
fn differs<R>(rows: &[(Markup, &R)], of: fn(&R) -> f64, whole: f64) -> bool {
    let sum: f64 = rows.iter().map(|(_, row)| of(row)).sum();
    (sum - whole).abs() > 1e-6 * whole.abs()
}
