//! Single lines: tridiagonal systems.

/// A word line or bit line with its cells, factorised: a chain of equal segments whose one end is
/// held, each node with a conductance to elsewhere.
///
/// The matrix has segment·2 + cell on its diagonal (segment·1 + cell at the free end) and -segment
/// beside it. For a word line the held end comes first, for a bit line last.
#[derive(Clone, Debug)]
pub(super) struct WordLine {
    /// Of each node: the reciprocal of its pivot, eliminating from the free (last) end.
    reciprocals: Vec<f64>,
    segment: f64,
}

impl WordLine {
    pub fn new(cells: &[f64], segment: f64) -> Self {
        let mut reciprocals = vec![0.0; cells.len()];
        // What the part of the line behind a node takes from it, in S.
        let mut behind = 0.0;
        for (reciprocal, cell) in reciprocals.iter_mut().zip(cells).rev() {
            // segment + load - segment² / (next pivot) without subtracting like numbers.
            let load = cell + behind;
            *reciprocal = 1.0 / (segment + load);
            behind = segment * load * *reciprocal;
        }
        Self { reciprocals, segment }
    }

    /// Solves for the voltages, in place of the currents put into the nodes.
    pub fn solve(&self, values: &mut [f64]) {
        let mut carried = 0.0;
        for (value, reciprocal) in values.iter_mut().zip(&self.reciprocals).rev() {
            *value += carried;
            carried = self.segment * *value * reciprocal;
        }
        let mut before = 0.0;
        for (value, reciprocal) in values.iter_mut().zip(&self.reciprocals) {
            *value = (*value + self.segment * before) * reciprocal;
            before = *value;
        }
    }
}

/// All bit lines of an array, side by side.
#[derive(Clone, Debug)]
pub(super) struct BitLines {
    reciprocals: Vec<f64>,
    columns: usize,
    segment: f64,
}

impl BitLines {
    /// The lines of cells, rows × columns.
    pub fn new(cells: &[f64], columns: usize, segment: f64) -> Self {
        let mut reciprocals = vec![0.0; cells.len()];
        let mut before = vec![0.0; columns];
        for (reciprocals, cells) in
            reciprocals.chunks_exact_mut(columns).zip(cells.chunks_exact(columns))
        {
            for ((reciprocal, cell), before) in reciprocals.iter_mut().zip(cells).zip(&mut before) {
                let load = cell + *before;
                *reciprocal = 1.0 / (segment + load);
                *before = segment * load * *reciprocal;
            }
        }
        Self { reciprocals, columns, segment }
    }

    /// Solves for the voltages, rows × columns, in place of the currents put into the nodes.
    pub fn solve(&self, values: &mut [f64]) {
        let columns = self.columns;
        let rows = values.len() / columns;
        for row in 1..rows {
            let (above, here) = values.split_at_mut(row * columns);
            let above = &above[(row - 1) * columns..];
            let reciprocals = &self.reciprocals[(row - 1) * columns..];
            for ((here, above), reciprocal) in
                here[..columns].iter_mut().zip(above).zip(reciprocals)
            {
                *here += self.segment * above * reciprocal;
            }
        }
        let mut below = vec![0.0; columns];
        let lines = values.chunks_exact_mut(columns).zip(self.reciprocals.chunks_exact(columns));
        for (values, reciprocals) in lines.rev() {
            for ((value, reciprocal), below) in values.iter_mut().zip(reciprocals).zip(&mut below) {
                *value = (*value + self.segment * *below) * reciprocal;
                *below = *value;
            }
        }
    }
}
