//! Text tables.

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// A table with that head; columns after the first `left` are figures, to the right.
#[must_use]
pub fn table(head: &[&str], left: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        head.iter()
            .enumerate()
            .map(|(index, title)| Cell::new(title).set_alignment(alignment(index, left))),
    );
    for index in 0..head.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(alignment(index, left));
            column.set_padding((1, 1));
        }
    }
    table
}

fn alignment(index: usize, left: usize) -> CellAlignment {
    if index < left { CellAlignment::Left } else { CellAlignment::Right }
}
