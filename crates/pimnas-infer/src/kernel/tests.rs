//! Every kernel against sums computed straight from the digits.

use proptest::prelude::*;

use super::packed::Packer;
use super::*;
use crate::adc::{Transfer, TransferSettings};
use crate::options::AdcRange;

/// A row split with its inputs and ADCs.
#[derive(Clone, Debug)]
struct Problem {
    rows: usize,
    outputs: usize,
    lanes: usize,
    digit_bits: u32,
    cell_bits: u32,
    cycles: usize,
    /// Signed cells of each slice: outputs × rows.
    slices: Vec<Vec<i32>>,
    /// Magnitudes (rows × lanes) of positive and of negative inputs.
    inputs: Vec<Vec<u8>>,
    range: AdcRange,
    adc_bits: u32,
    output_scale: f32,
}

impl Problem {
    fn largest_sum(&self) -> i32 {
        self.rows as i32 * ((1 << self.digit_bits) - 1) * ((1 << self.cell_bits) - 1)
    }

    fn transfer(&self) -> Transfer {
        Transfer::new(&TransferSettings {
            range: self.range,
            adc_bits: self.adc_bits,
            point_shift: -1.0,
            splits: 1,
            weight_step: 0.0021,
            input_step: 0.0117,
            output_scale: self.output_scale,
            top_exponent: 4,
            full_sum: self.largest_sum() as f32 + 17.0,
            largest_sum: self.largest_sum(),
        })
    }

    fn factor(&self, cycle: usize, slice: usize) -> f32 {
        let down = (self.cycles - 1 - cycle) as u32 * self.digit_bits
            + (self.slices.len() - 1 - slice) as u32 * self.cell_bits;
        0.5_f32.powi(down as i32)
    }

    /// The values of an output and position, in their order, one after another.
    fn straightforward(&self, output: usize, lane: usize) -> f32 {
        let transfer = self.transfer();
        let mask = (1 << self.digit_bits) - 1;
        let mut total = 0.0;
        for cycle in 0..self.cycles {
            let down = cycle as u32 * self.digit_bits;
            let digit = |half: usize, row: usize| {
                let magnitudes = self.inputs.get(half);
                magnitudes.map_or(0, |m| (i32::from(m[row * self.lanes + lane]) >> down) & mask)
            };
            for (slice, cells) in self.slices.iter().enumerate() {
                let sum: i32 = (0..self.rows)
                    .map(|row| (digit(0, row) - digit(1, row)) * cells[output * self.rows + row])
                    .sum();
                total += transfer.value(sum as f32) * self.factor(cycle, slice);
            }
        }
        total
    }

    /// What a kernel makes of it, from output `first` on: outputs × lanes.
    fn computed(&self, isa: Isa, layout: Layout, first: usize) -> Vec<f32> {
        let transfer = self.transfer();
        let factors = (0..self.cycles)
            .flat_map(|cycle| (0..self.slices.len()).map(move |slice| self.factor(cycle, slice)))
            .collect();
        let bounds = (self.largest_sum(), 1);
        let conversion = Conversion::new(&transfer, (factors, self.slices.len()), bounds);
        let packer = Packer::new(layout, self.inputs.len(), (self.digit_bits, self.cell_bits));
        let cells: Vec<Cells<'_>> =
            self.slices.iter().map(|digits| Cells { digits, rows: self.rows }).collect();
        let packed = packer.pack(&cells, self.outputs);
        let shape = PanelShape {
            layout,
            rows: self.rows,
            lanes: self.lanes,
            digit_bits: self.digit_bits,
            cycles: self.cycles,
        };
        let halves: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut digits = Digits::default();
        digits.fill(isa, &shape, &halves);
        let call = Call {
            digits: &digits,
            lanes: self.lanes,
            packed: &packed,
            outputs: first..self.outputs,
            conversion: &conversion,
        };
        let mut values = vec![0.0; (self.outputs - first) * self.lanes];
        let Counting::Codes(codes) = &conversion.counting else {
            accumulate(isa, &call, &mut Sums::Values(&mut values));
            return values;
        };
        let mut counts = vec![0; values.len()];
        accumulate(isa, &call, &mut Sums::Codes(&mut counts));
        for (i, value) in values.iter_mut().enumerate() {
            let group = i / LANES * LANES;
            *value = counts[group + layout.place(i % LANES)] as f32 * codes.unit;
        }
        values
    }

    /// Every pair of instructions and layout that can compute it here.
    fn ways(&self) -> Vec<(Isa, Layout)> {
        let bits = (self.digit_bits, self.cell_bits);
        let all = [Kernels::Portable, Kernels::Avx2, Kernels::Avx512];
        // An interpreter has time for one set: the best of those it was started with.
        let sets = if cfg!(miri) { &[Kernels::Fastest] } else { &all[..] };
        let sets: Vec<Isa> = sets.iter().filter_map(|set| set.resolve().ok()).collect();
        let mut layouts = vec![Layout::Wide];
        layouts.extend((self.cell_bits < 8).then_some(Layout::Dot));
        layouts.extend((bits == (1, 1)).then_some(Layout::Bits));
        for &isa in &sets {
            let layout = Layout::choose(isa, bits, i64::from(self.largest_sum()));
            // Miri has neither the byte permutation nor the one of floats of this layout.
            let runs = !cfg!(miri) || !matches!(layout, Layout::Table(_));
            if runs && !layouts.contains(&layout) {
                layouts.push(layout);
            }
        }
        sets.iter().flat_map(|&isa| layouts.iter().map(move |&layout| (isa, layout))).collect()
    }
}

impl Problem {
    /// The same with the lowest bits of all digits.
    fn single_bits(mut self) -> Self {
        (self.digit_bits, self.cell_bits) = (1, 1);
        self.slices.iter_mut().flatten().for_each(|cell| *cell %= 2);
        let mask = (1_u32 << self.cycles) - 1;
        self.inputs.iter_mut().flatten().for_each(|input| *input &= mask as u8);
        self
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let (outputs, lanes) = (self.outputs, self.lanes);
        let expected: Vec<u32> = (0..outputs * lanes)
            .map(|i| self.straightforward(i / lanes, i % lanes).to_bits())
            .collect();
        for (isa, layout) in self.ways() {
            for first in [0, layout.block()] {
                if first >= outputs {
                    continue;
                }
                let computed = self.computed(isa, layout, first);
                // -0 and 0 are the same output.
                let same = computed.iter().zip(&expected[first * lanes..]).all(|(value, bits)| {
                    value.to_bits() == *bits || (*value == 0.0 && f32::from_bits(*bits) == 0.0)
                });
                prop_assert!(same, "{isa:?} {layout:?} from {first}");
            }
        }
        Ok(())
    }
}

/// Random digits, with rows, cycles and units of zeros among them.
fn problem() -> impl Strategy<Value = Problem> {
    // An interpreter has time for a few rows only, and for digits of few sums.
    let (rows, outputs, groups) = if cfg!(miri) { (9, 6, 3) } else { (90, 11, 4) };
    let (bits, cycles) = if cfg!(miri) { (2, 2) } else { (8, 8) };
    let sizes = (1_usize..rows, 1_usize..outputs, 1_usize..groups, 1_usize..4);
    let bits = (1_u32..=bits, 1_u32..=bits, 1_usize..=cycles);
    let adc = (any::<bool>(), 2_u32..=10, -3.0_f32..6.0);
    (sizes, bits, adc, any::<u64>(), 0_u32..3).prop_map(|(sizes, bits, adc, seed, sparse)| {
        let (rows, outputs, groups, slices) = sizes;
        let (digit_bits, cell_bits, cycles) = bits;
        let cycles = cycles.min((8 / digit_bits) as usize);
        let lanes = groups * LANES;
        let mut state = seed | 1;
        let mut random = |below: u32| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as u32 % below
        };
        let largest = 1_u32 << cell_bits;
        let mut cell = |_| {
            let magnitude = random(largest) as i32;
            let zero = sparse > 0 && random(2 * sparse) > 0;
            if zero { 0 } else { magnitude * (1 - 2 * random(2) as i32) }
        };
        let slices = (0..slices).map(|_| (0..rows * outputs).map(&mut cell).collect()).collect();
        let halves = 1 + random(2) as usize;
        let bits_in_use = 1 + random(digit_bits * cycles as u32);
        let mut inputs = vec![vec![0_u8; rows * lanes]; halves];
        #[allow(clippy::needless_range_loop)] // each place goes to one of the halves
        for place in 0..rows * lanes {
            inputs[random(halves as u32) as usize][place] = random(1 << bits_in_use) as u8;
        }
        let range = if adc.0 { AdcRange::Scale } else { AdcRange::Fix };
        let output_scale = 10_f32.powf(adc.2);
        let adc_bits = adc.1;
        Problem {
            rows,
            outputs,
            lanes,
            digit_bits,
            cell_bits,
            cycles,
            slices,
            inputs,
            range,
            adc_bits,
            output_scale,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 128 }))]

    #[test]
    fn every_kernel_gives_the_bits_of_the_straightforward_sums(problem in problem()) {
        problem.check()?;
    }

    #[test]
    fn so_do_those_of_single_bits(problem in problem()) {
        problem.single_bits().check()?;
    }
}

#[test]
fn the_layouts_for_the_usual_digits_are_the_fast_ones() {
    for (set, expected) in [(Kernels::Avx512, [3, 5, 3, 3]), (Kernels::Avx2, [2, 4, 3, 2])] {
        let Ok(isa) = set.resolve() else { continue };
        let choose = |bits| Layout::choose(isa, bits, 2000);
        let rows = |layout| if let Layout::Table(_) = layout { Layout::rows(layout) } else { 0 };
        assert_eq!([(2, 2), (1, 1), (1, 2), (2, 1)].map(|bits| rows(choose(bits))), expected);
        assert_eq!(choose((4, 4)), Layout::Dot);
        assert_eq!(choose((8, 8)), Layout::Wide);
    }
}
