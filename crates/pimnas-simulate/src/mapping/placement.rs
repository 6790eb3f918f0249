//! The order in which tiles of the mesh are given to layers.
//!
//! Each order walks the cells of a rows × columns grid. [`Placement::Hui`] and
//! [`Placement::ZigZag`] are defined on squares; on other grids the walk of the square around
//! the grid is taken and cells outside are skipped (the reference fails there).

use pimnas_config::hardware::Placement;

/// A tile's place on the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Row, from 0.
    pub row: u32,
    /// Column, from 0.
    pub column: u32,
}

/// The first cells of a placement order on a (rows, columns) grid.
///
/// Calls `visit` for each until it has `count` of them; costs time linear in the cells visited.
pub fn walk(
    placement: Placement,
    (rows, columns): (u32, u32),
    count: u64,
    mut visit: impl FnMut(Position),
) {
    let mut left = count.min(u64::from(rows) * u64::from(columns));
    let mut run = |line: Line| {
        for position in line.clipped(rows, columns) {
            if left == 0 {
                return false;
            }
            visit(position);
            left -= 1;
        }
        left > 0
    };
    // Each order is a sequence of straight lines.
    match placement {
        Placement::RowMajor => {
            let _ = (0..rows).all(|row| run(Line::along_row(row, 0, columns)));
        }
        Placement::Snake => {
            let _ = (0..rows).all(|row| {
                let line = Line::along_row(row, 0, columns);
                run(if row % 2 == 0 { line } else { line.reversed() })
            });
        }
        Placement::Hui => {
            let _ = (0..rows.max(columns)).all(|shell| {
                let down = Line::along_column(shell, 0, shell + 1);
                let across = Line::along_row(shell, 0, shell);
                if shell % 2 == 1 {
                    run(down) && run(across.reversed())
                } else {
                    run(across) && run(down.reversed())
                }
            });
        }
        Placement::ZigZag => {
            let _ = (0..rows + columns - 1).all(|diagonal| {
                let line = Line::along_antidiagonal(diagonal, rows, columns);
                run(if diagonal % 2 == 1 { line } else { line.reversed() })
            });
        }
    }
}

/// A run of cells: `length` cells from `start`, each `step` further.
#[derive(Clone, Copy)]
struct Line {
    start: (i64, i64),
    step: (i64, i64),
    length: i64,
}

impl Line {
    fn along_row(row: u32, from: u32, length: u32) -> Self {
        Self { start: (i64::from(row), i64::from(from)), step: (0, 1), length: i64::from(length) }
    }

    fn along_column(column: u32, from: u32, length: u32) -> Self {
        Self {
            start: (i64::from(from), i64::from(column)),
            step: (1, 0),
            length: i64::from(length),
        }
    }

    /// Cells with row + column = `diagonal`, from the top.
    fn along_antidiagonal(diagonal: u32, rows: u32, columns: u32) -> Self {
        let first_row = i64::from(diagonal.saturating_sub(columns - 1));
        let last_row = i64::from(diagonal.min(rows - 1));
        Self {
            start: (first_row, i64::from(diagonal) - first_row),
            step: (1, -1),
            length: last_row - first_row + 1,
        }
    }

    fn reversed(self) -> Self {
        let last = self.length - 1;
        Self {
            start: (self.start.0 + self.step.0 * last, self.start.1 + self.step.1 * last),
            step: (-self.step.0, -self.step.1),
            length: self.length,
        }
    }

    /// The cells that lie on the grid.
    fn clipped(self, rows: u32, columns: u32) -> impl Iterator<Item = Position> {
        (0..self.length).filter_map(move |i| {
            let row = u32::try_from(self.start.0 + self.step.0 * i).ok()?;
            let column = u32::try_from(self.start.1 + self.step.1 * i).ok()?;
            (row < rows && column < columns).then_some(Position { row, column })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn cells(placement: Placement, grid: (u32, u32)) -> Vec<(u32, u32)> {
        let mut cells = Vec::new();
        walk(placement, grid, u64::MAX, |p| cells.push((p.row, p.column)));
        cells
    }

    /// Orders on a 4×4 mesh as the reference numbers its tiles.
    #[rstest]
    #[case(Placement::RowMajor, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])]
    #[case(Placement::Snake, [0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11, 15, 14, 13, 12])]
    #[case(Placement::Hui, [0, 1, 8, 9, 3, 2, 7, 10, 4, 5, 6, 11, 15, 14, 13, 12])]
    #[case(Placement::ZigZag, [0, 1, 5, 6, 2, 4, 7, 12, 3, 8, 11, 13, 9, 10, 14, 15])]
    fn orders_on_a_square(#[case] placement: Placement, #[case] numbers: [u64; 16]) {
        let mut seen = [0; 16];
        for (number, (row, column)) in cells(placement, (4, 4)).into_iter().enumerate() {
            seen[(row * 4 + column) as usize] = number as u64;
        }
        assert_eq!(seen, numbers);
    }

    #[rstest]
    fn every_cell_once(
        #[values(Placement::RowMajor, Placement::Snake, Placement::Hui, Placement::ZigZag)]
        placement: Placement,
        #[values((1, 1), (1, 7), (7, 1), (3, 5), (5, 3), (6, 6), (7, 7))] grid: (u32, u32),
    ) {
        let mut seen = cells(placement, grid);
        assert_eq!(seen.len() as u32, grid.0 * grid.1);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len() as u32, grid.0 * grid.1);
    }
}
