//! Sums of real-valued cells against chains computed straight from cells and digits.

use proptest::prelude::*;

use super::reals::SPAN;
use super::*;

/// An array with its inputs.
#[derive(Clone, Debug)]
struct Problem {
    rows: usize,
    outputs: usize,
    lanes: usize,
    /// Lanes in use.
    positions: usize,
    down: u32,
    mask: u32,
    /// Outputs × rows.
    cells: Vec<f32>,
    /// Magnitudes (rows × lanes) of positive and of negative inputs.
    inputs: Vec<Vec<u8>>,
}

impl Problem {
    fn digit(&self, row: usize, lane: usize) -> i32 {
        let digit = |half: &Vec<u8>| (u32::from(half[row * self.lanes + lane]) >> self.down) as i32;
        let digits: Vec<i32> =
            self.inputs.iter().map(|half| digit(half) & self.mask as i32).collect();
        digits[0] - digits.get(1).copied().unwrap_or(0)
    }

    /// A column's sum: chains of 512 rows.
    fn straightforward(&self, cells: &[f32], digit: impl Fn(usize) -> f32) -> f32 {
        let rows: Vec<usize> = (0..self.rows).collect();
        let chain = |rows: &[usize]| {
            rows.iter().fold(0.0_f32, |sum, &row| cells[row].mul_add(digit(row), sum))
        };
        rows.chunks(512).map(chain).reduce(|sum, chain| sum + chain).unwrap_or(0.0)
    }

    fn inputs(&self, isa: Isa) -> RealInputs {
        let halves: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        let Self { rows, lanes, positions, down, mask, .. } = *self;
        let mut inputs = RealInputs::default();
        inputs.fill(isa, &DigitShape { rows, lanes, positions, down, mask }, &halves);
        inputs
    }

    /// Outputs × positions.
    fn computed(&self, isa: Isa, inputs: &RealInputs, cells: &[f32]) -> Vec<f32> {
        let cells = RealCells::new(cells, self.rows);
        let mut sums = vec![f32::NAN; BLOCK * self.lanes];
        let mut computed = Vec::new();
        for first in (0..self.outputs).step_by(BLOCK) {
            sum_block(isa, (&cells, first), inputs, &mut sums);
            let lines = sums.chunks_exact(self.lanes).take(self.outputs - first);
            computed.extend(lines.flat_map(|line| &line[..self.positions]));
        }
        computed
    }
}

/// The sets of instructions that this processor has; in an interpreter, which has no time for
/// more and no instructions for `gemm`, the best of them unless that is none.
fn sets() -> Vec<Isa> {
    let all = [Kernels::Portable, Kernels::Avx2, Kernels::Avx512];
    let sets = if cfg!(miri) { &[Kernels::Fastest] } else { &all[..] };
    let sets = sets.iter().filter_map(|set| set.resolve().ok());
    sets.filter(|&isa| !cfg!(miri) || isa != Isa::Portable).collect()
}

/// Random cells and digits, with rows and cycles of zeros among them.
fn problem() -> impl Strategy<Value = Problem> {
    let (rows, outputs) = if cfg!(miri) { (9, 22) } else { (700, 40) };
    let sizes = (1_usize..rows, 1_usize..outputs, 1_usize..3, 0_usize..LANES);
    let bits = (1_u32..=8, 0_u32..=8);
    (sizes, bits, any::<u64>(), 1_usize..3, 0_u32..30).prop_map(
        |((rows, outputs, groups, idle), (digit_bits, down), seed, halves, sparse)| {
            let lanes = groups * LANES;
            let mut state = seed | 1;
            let mut random = |below: u32| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 33) as u32 % below
            };
            let mut cell = |_| {
                let magnitude = random(1 << 20) as f32 / 3e5;
                if random(4) == 0 { 0.0 } else { magnitude - 1.0 }
            };
            let cells = (0..rows * outputs).map(&mut cell).collect();
            let mut inputs = vec![vec![0_u8; rows * lanes]; halves];
            #[allow(clippy::needless_range_loop)] // each place goes to one of the halves
            for place in 0..rows * lanes {
                if random(1 + sparse) == 0 {
                    inputs[random(halves as u32) as usize][place] = random(256) as u8;
                }
            }
            let (mask, down) = ((1 << digit_bits) - 1, down.min(8 - digit_bits));
            Problem { rows, outputs, lanes, positions: lanes - idle, down, mask, cells, inputs }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 128 }))]

    #[test]
    fn every_set_of_instructions_gives_the_chain_of_the_rows(problem in problem()) {
        let (rows, lanes) = (problem.rows, problem.positions);
        let squares: Vec<f32> = problem.cells.iter().map(|cell| cell * cell).collect();
        let expected = |cells: &[f32], power: u32| -> Vec<f32> {
            let sum = |(output, lane): (usize, usize)| {
                let digit = |row| problem.digit(row, lane).pow(power) as f32;
                problem.straightforward(&cells[output * rows..], digit)
            };
            (0..problem.outputs * lanes).map(|i| sum((i / lanes, i % lanes))).collect()
        };
        let expected = [expected(&problem.cells, 1), expected(&squares, 2)];
        let empty = (0..rows * lanes).all(|i| problem.digit(i / lanes, i % lanes) == 0);
        for isa in sets() {
            let inputs = problem.inputs(isa);
            // Lanes that are not in use may hold digits, so it need not know of a lack of them.
            prop_assert!(empty || !inputs.is_empty());
            let computed = problem.computed(isa, &inputs, &problem.cells);
            prop_assert_eq!(&computed, &expected[0], "{:?}", isa);
            let mut of_squares = RealInputs::default();
            of_squares.fill_squares(&inputs);
            let computed = problem.computed(isa, &of_squares, &squares);
            prop_assert_eq!(&computed, &expected[1], "{:?}, squares", isa);
        }
    }
}

#[test]
fn rows_without_a_digit_are_left_out() {
    let Ok(isa) = Kernels::Avx2.resolve() else { return };
    let (rows, lanes) = (5, LANES);
    let mut inputs = vec![0_u8; rows * lanes];
    inputs[lanes + 3] = 0b0100;
    inputs[4 * lanes + 2 * SPAN] = 0b1000;
    let mut filled = RealInputs::default();
    let shape = |down| DigitShape { rows, lanes, positions: 3 * SPAN - 1, down, mask: 3 };
    filled.fill(isa, &shape(2), &[&inputs[..]]);
    let lists: Vec<Vec<u32>> = filled.spans(&(0..rows)).map(|span| span.rows.to_vec()).collect();
    assert_eq!(lists, [vec![1], vec![], vec![4]]);
    assert!(!filled.is_empty());
    filled.fill(isa, &shape(0), &[&inputs[..]]);
    assert!(filled.is_empty());
}
