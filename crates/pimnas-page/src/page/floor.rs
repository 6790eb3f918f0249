//! The floor plan: tiles on the mesh, coloured by layer.

use maud::{Markup, html};

use super::svg::{colour, px};
use crate::figures::summary::count;
use crate::member::{MemberDetail, TileRun};

const WIDTH: f64 = 400.0;
/// Largest side of a tile.
const TILE: f64 = 26.0;
/// Least side of a tile that has room for its layer's number.
const LABELLED: f64 = 14.0;
/// Room for the numbers of rows and columns.
const EDGE: f64 = 26.0;

pub(super) fn figure(detail: &MemberDetail) -> Markup {
    let plan = &detail.floor;
    let mesh = u64::from(plan.rows) * u64::from(plan.columns);
    let Some((rows, columns)) = extent(&plan.runs) else {
        return html! { p .caption {
            (count(plan.used)) " of " (count(mesh)) " tiles: too many to draw, or none."
        } };
    };
    let side = ((WIDTH - EDGE) / f64::from(columns)).min(TILE);
    let height = EDGE + side * f64::from(rows) + 2.0;
    let x = |column: u32| EDGE + side * f64::from(column);
    let y = |row: u32| EDGE + side * f64::from(row);
    html! {
        svg .floor viewBox=(format!("0 0 {WIDTH} {}", px(height))) role="img"
            aria-label=(format!("{} tiles on the mesh by layer", plan.used)) {
            rect .mesh x=(px(x(0))) y=(px(y(0))) width=(px(side * f64::from(columns)))
                height=(px(side * f64::from(rows))) {}
            @for run in &plan.runs {
                rect class=(colour(run.layer)) x=(px(x(run.column))) y=(px(y(run.row)))
                    width=(px(side * f64::from(run.length))) height=(px(side)) {
                    title { (name(detail, run.layer)) }
                }
            }
            path .lines d=(lines((rows, columns), side)) {}
            @if side >= LABELLED {
                @for run in &plan.runs {
                    @for column in run.column..run.column.saturating_add(run.length) {
                        text .number text-anchor="middle" x=(px(x(column) + side / 2.0))
                            y=(px(y(run.row) + side / 2.0 + 4.0)) { (run.layer) }
                    }
                }
            }
            @for column in numbered(columns, side) {
                text x=(px(x(column) + side / 2.0)) y=(px(EDGE - 6.0)) text-anchor="middle" {
                    (column)
                }
            }
            @for row in numbered(rows, side) {
                text x=(px(EDGE - 6.0)) y=(px(y(row) + side / 2.0 + 4.0)) text-anchor="end" {
                    (row)
                }
            }
        }
        p .caption {
            (count(plan.used)) " of " (count(mesh)) " tiles (" (plan.rows) " × " (plan.columns)
            "); the part that is used, with the layers' numbers and colours. Sums are in the \
             global accumulator."
        }
    }
}

fn name(detail: &MemberDetail, layer: usize) -> String {
    detail.layers.get(layer).map_or(String::new(), |figures| format!("{layer} {}", figures.name))
}

/// Rows and columns from the mesh's corner that hold all used tiles.
fn extent(runs: &[TileRun]) -> Option<(u32, u32)> {
    let rows = runs.iter().map(|run| run.row.saturating_add(1)).max()?;
    let columns = runs.iter().map(|run| run.column.saturating_add(run.length)).max()?;
    (columns > 0).then_some((rows, columns))
}

/// Lines between tiles, where they are not all there would be to see.
fn lines((rows, columns): (u32, u32), side: f64) -> String {
    if side < 4.0 {
        return String::new();
    }
    let (width, height) = (side * f64::from(columns), side * f64::from(rows));
    let down = (0..=columns)
        .map(|c| format!("M{} {}v{}", px(EDGE + side * f64::from(c)), px(EDGE), px(height)));
    let across = (0..=rows)
        .map(|r| format!("M{} {}h{}", px(EDGE), px(EDGE + side * f64::from(r)), px(width)));
    down.chain(across).collect()
}

/// Rows or columns that are numbered: far enough apart to be read.
fn numbered(count: u32, side: f64) -> impl Iterator<Item = u32> {
    let step = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
    let step = step.into_iter().find(|&step| f64::from(step) * side >= 22.0).unwrap_or(4096);
    (0..count).step_by(step as usize)
}
