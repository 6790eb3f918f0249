//! Random problems: shapes, precisions and hardware, with the rare ones among them.

use pimnas_config::hardware::Subtraction;
use pimnas_infer::CrossbarHardware;
use proptest::prelude::*;

use super::{Kind, Problem, Steps};

/// Numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end.max(1)
    }

    fn within(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last + 1 - first)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn fraction(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 20) as f32
    }
}

/// A random problem.
pub fn problem() -> impl Strategy<Value = Problem> {
    any::<u64>().prop_map(|seed| {
        let mut random = Random(seed | 1);
        loop {
            let problem = shape(&mut random);
            let outputs = problem.output_sides();
            if outputs.0 > 0 && outputs.1 > 0 {
                return filled(problem, &mut random);
            }
        }
    })
}

/// Mostly the usual bits, sign included, sometimes as many as the arithmetic covers.
fn bits(random: &mut Random) -> u32 {
    if random.below(12) == 0 { random.within(10, 17) as u32 } else { random.within(2, 9) as u32 }
}

/// Shapes, bits and hardware.
fn shape(random: &mut Random) -> Problem {
    let kind = random.of(&[Kind::Convolution, Kind::Convolution, Kind::FullyConnected]);
    let (kernel, stride, padding) = match kind {
        Kind::Convolution => (random.within(1, 4), random.within(1, 5), random.within(0, 3)),
        Kind::FullyConnected => (1, 1, 0),
    };
    let sides = match kind {
        Kind::Convolution => (random.within(1, 9), random.within(1, 9)),
        Kind::FullyConnected => (1, 1),
    };
    let channels = match kind {
        Kind::Convolution => random.within(1, 7),
        Kind::FullyConnected => random.within(1, 90),
    };
    let groups = if kind == Kind::Convolution { random.of(&[1, 1, 1, 2, 3]) } else { 1 };
    let window = kernel * kernel;
    // From a single channel's rows to more than all, sometimes rows that no channel uses.
    let rows = window * random.within(1, channels) + random.below(window);
    let subtractions = [Subtraction::Analog, Subtraction::Analog, Subtraction::Digital];
    let mut parts = Vec::new();
    let mut rest = channels;
    while rest > 0 {
        let part = random.within(1, rest);
        parts.push(part);
        rest -= part;
    }
    let flag = |random: &mut Random| random.below(2) as u8;
    let flags = (0..groups).map(|_| parts.iter().map(|_| flag(random)).collect()).collect();
    Problem {
        kind,
        relu: random.below(2) == 0,
        items: random.of(&[1, 2, 3, 33]),
        channels,
        sides,
        groups,
        outputs: random.within(1, 9),
        kernel,
        stride,
        padding,
        parts,
        flags,
        weight_bits: bits(random),
        input_bits: bits(random),
        steps: Steps { input: 1.0, weight: 1.0, output: 1.0 },
        point_shift: random.within(0, 4) as i32 - 3,
        hardware: CrossbarHardware {
            rows,
            cell_bits: random.of(&[1, 1, 2, 2, 3, 4, 8]),
            dac_bits: random.of(&[1, 1, 2, 2, 3, 4, 8]),
            adc_bits: random.within(1, 12) as u32,
            subtraction: random.of(&subtractions),
        },
        weights: Vec::new(),
        inputs: Vec::new(),
    }
}

/// Adds steps, weights and inputs, many of them 0.
fn filled(mut problem: Problem, random: &mut Random) -> Problem {
    let zeros = random.of(&[1, 1, 2, 5]);
    let mut codes = |count: usize, limit: i32| -> Vec<i32> {
        (0..count)
            .map(|_| {
                let code = random.within(0, 2 * limit as usize) as i32 - limit;
                if random.below(zeros) > 0 { 0 } else { code }
            })
            .collect()
    };
    let count = problem.outputs * problem.groups * problem.channels * problem.window();
    // A few codes lie outside of the range.
    problem.weights = codes(count, 1 << (problem.weight_bits - 1));
    let count =
        problem.items * problem.channels * problem.groups * problem.sides.0 * problem.sides.1;
    problem.inputs = codes(count, 1 << (problem.input_bits - 1));
    let powers = random.below(2) == 0;
    let step = |random: &mut Random| {
        if powers {
            0.5_f32.powi(random.within(3, 9) as i32)
        } else {
            0.001 + 0.1 * random.fraction()
        }
    };
    let (input, weight) = (step(random), step(random));
    let full = 2_f32.powi((problem.weight_bits + problem.input_bits - 2) as i32) * input * weight;
    let rows = (problem.channels * problem.window()) as f32;
    // From outputs that are mostly clamped to outputs that use a part of their range.
    let output = full * (0.05 + random.fraction() * rows.sqrt() * 2.0);
    problem.steps = Steps { input, weight, output };
    problem
}
