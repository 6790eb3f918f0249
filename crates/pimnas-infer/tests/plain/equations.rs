//! The equations, one product at a time, in the reference's order of operations.

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{AdcRange, Mode};

use super::Problem;

/// Relative error of sums in 32-bit floats.
const ROUNDING: f64 = 1e-5;

/// The largest code of that many bits, sign included.
fn limit(bits: u32) -> i32 {
    (1 << (bits - 1)) - 1
}

fn round(value: f32, limit: f32) -> f32 {
    value.round_ties_even().clamp(-limit, limit)
}

/// The digit of a code, with its sign.
fn digit(code: i32, place: u32, bits: u32) -> i32 {
    ((code.abs() >> (place * bits)) & ((1 << bits) - 1)) * code.signum()
}

impl Problem {
    /// For each output the values that it may have: sums of the ADCs' values added up exactly
    /// (range *scale* alone), or one after another as 32-bit floats. Nearly always there is one.
    pub fn on_crossbars(&self, range: AdcRange) -> Vec<Vec<f32>> {
        self.places()
            .map(|place| {
                let values = self.values(range, place);
                let exact: f64 = values.iter().map(|&value| f64::from(value)).sum();
                let ordered = values.iter().fold(0.0_f32, |sum, value| sum + value);
                let mut allowed = vec![self.quantised(ordered)];
                if range == AdcRange::Scale {
                    allowed.push(self.quantised(exact as f32));
                }
                allowed
            })
            .collect()
    }

    /// The least and the largest value that each output may have in floats or in fixed point.
    pub fn in_floats(&self, mode: Mode) -> Vec<[f32; 2]> {
        let fixed = mode == Mode::FixedPoint;
        // Fixed point takes weights that are multiples of a step of its own choosing.
        let weights = if fixed { self.requantised() } else { self.plain_weights() };
        let (limit, scale) = (limit(self.input_bits) as f32, self.steps.output);
        let quantised = |sum: f32| {
            if fixed { round(sum / scale * limit, limit) * scale / limit } else { sum }
        };
        self.places()
            .map(|place| {
                let (mut sum, mut magnitudes) = (0.0, 0.0);
                for channel in 0..self.channels {
                    let first = if fixed { 0 } else { channel };
                    for (input, weight) in self.window_of(place, channel, first) {
                        let product =
                            f64::from(input as f32 * self.steps.input) * f64::from(weights[weight]);
                        sum += product;
                        magnitudes += product.abs();
                    }
                }
                // Rounding of sums, which at a boundary of codes is a step.
                let off = ROUNDING * magnitudes;
                let [least, largest] = [sum - off, sum + off].map(|sum| quantised(sum as f32));
                let off = ROUNDING as f32 * least.abs().max(largest.abs());
                [least - off, largest + off]
            })
            .collect()
    }

    fn plain_weights(&self) -> Vec<f32> {
        self.weights.iter().map(|&code| code as f32 * self.steps.weight).collect()
    }

    /// Weights of each group quantised with the scale min(max |w|, 3σ + |mean|).
    fn requantised(&self) -> Vec<f32> {
        let mut weights = self.plain_weights();
        let size = weights.len() / self.groups;
        for group in weights.chunks_exact_mut(size) {
            let largest = group.iter().fold(0_f32, |largest, weight| largest.max(weight.abs()));
            let count = group.len() as f64;
            let mean = group.iter().map(|&weight| f64::from(weight)).sum::<f64>() / count;
            let squares = group.iter().map(|&weight| (f64::from(weight) - mean).powi(2));
            let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
            let scale = match group.len() {
                1 => largest,
                _ => largest.min((3.0 * deviation + mean.abs()) as f32),
            };
            if scale > 0.0 {
                let limit = limit(self.weight_bits) as f32;
                let factor = 1.0 / scale * limit;
                for weight in group {
                    *weight = round(*weight * factor, limit) / factor;
                }
            }
        }
        weights
    }

    /// Item, group, output of the group, row and column of every output.
    fn places(&self) -> impl Iterator<Item = [usize; 5]> {
        let (height, width) = self.output_sides();
        let (groups, outputs) = (self.groups, self.outputs);
        (0..self.items * groups * outputs * height * width).map(move |index| {
            let (rest, x) = (index / width, index % width);
            let (rest, y) = (rest / height, rest % height);
            let (rest, output) = (rest / outputs, rest % outputs);
            [rest / groups, rest % groups, output, y, x]
        })
    }

    /// What an output reads of a channel: codes of inputs, and where their weights are. The edge
    /// that is lost is the one that the part of `flagged` states.
    fn window_of(
        &self,
        [item, group, output, y, x]: [usize; 5],
        channel: usize,
        flagged: usize,
    ) -> impl Iterator<Item = (i32, usize)> {
        let flag = self.flags_of(group)[flagged];
        let first = usize::from(self.drops_edge() && flag == 0);
        let image = (item * self.groups + group) * self.channels + channel;
        let weight = ((group * self.outputs + output) * self.channels + channel) * self.window();
        (0..self.window()).map(move |cell| {
            let row = (y + first) * self.stride + cell / self.kernel;
            let column = (x + first) * self.stride + cell % self.kernel;
            let inside = |at: usize, side| at.checked_sub(self.padding).filter(|&at| at < side);
            let input = match (inside(row, self.sides.0), inside(column, self.sides.1)) {
                (Some(row), Some(column)) => {
                    self.inputs[(image * self.sides.0 + row) * self.sides.1 + column]
                }
                _ => 0,
            };
            let input = if self.relu { input.max(0) } else { input };
            (input, weight + cell)
        })
    }

    /// The values of an output's ADCs: of each row split, cycle, slice and array.
    fn values(&self, range: AdcRange, place: [usize; 5]) -> Vec<f32> {
        let hardware = &self.hardware;
        let together = hardware.rows / self.window();
        let splits = self.channels.div_ceil(together);
        let cycles = (self.input_bits - 1).div_ceil(hardware.dac_bits);
        let slices = (self.weight_bits - 1).div_ceil(hardware.cell_bits);
        let signs: &[i32] = match hardware.subtraction {
            Subtraction::Analog => &[0],
            Subtraction::Digital => &[1, -1],
        };
        let (most_input, most_weight) = (limit(self.input_bits), limit(self.weight_bits));
        let mut values = Vec::new();
        for split in 0..splits {
            let channels = split * together..((split + 1) * together).min(self.channels);
            let products: Vec<(i32, i32)> = channels
                .flat_map(|channel| self.window_of(place, channel, channel))
                .map(|(input, weight)| {
                    let weight = self.weights[weight].clamp(-most_weight, most_weight);
                    (input.clamp(-most_input, most_input), weight)
                })
                .collect();
            for cycle in 0..cycles {
                for slice in 0..slices {
                    for &sign in signs {
                        let of_array = |weight: i32| sign == 0 || weight.signum() == sign;
                        let sum: i32 = products
                            .iter()
                            .filter(|product| of_array(product.1))
                            .map(|&(input, weight)| {
                                let cell = digit(weight, slice, hardware.cell_bits);
                                let cell = if sign == 0 { cell } else { cell.abs() };
                                digit(input, cycle, hardware.dac_bits) * cell
                            })
                            .sum();
                        let down = (cycles - 1 - cycle) * hardware.dac_bits
                            + (slices - 1 - slice) * hardware.cell_bits;
                        let top =
                            (cycles - 1) * hardware.dac_bits + (slices - 1) * hardware.cell_bits;
                        let value = self.converted(range, (sum as f32, top, splits));
                        let sign = if sign == 0 { 1.0 } else { sign as f32 };
                        values.push(value / 2_f32.powi(down as i32) * sign);
                    }
                }
            }
        }
        values
    }

    /// What an ADC makes of a column's sum.
    fn converted(&self, range: AdcRange, (sum, top, splits): (f32, u32, usize)) -> f32 {
        let steps = self.hardware.adc_bits as i32 - 1;
        let limit = 2_f32.powi(steps) - 1.0;
        let top = 2_f32.powi(top as i32);
        match range {
            AdcRange::Scale => {
                let shift = f64::from(self.point_shift) + 0.5 * (splits as f64).log2();
                let point = 2_f32.powi(shift.floor() as i32 + steps);
                let value = sum * self.steps.weight * self.steps.input;
                round(value / self.steps.output * top * point, limit) / point
            }
            AdcRange::Fix => {
                let largest = |bits: u32| ((1_u32 << bits) - 1) as f32;
                let full = largest(self.hardware.dac_bits)
                    * largest(self.hardware.cell_bits)
                    * self.hardware.rows as f32;
                let code = round(sum / full * 2_f32.powi(steps), limit);
                let value = code * full / 2_f32.powi(steps);
                value * self.steps.weight * self.steps.input / self.steps.output * top
            }
        }
    }

    /// The layer's output for the sum of its ADCs' values.
    fn quantised(&self, sum: f32) -> f32 {
        let limit = limit(self.input_bits) as f32;
        round(sum * limit, limit) * self.steps.output / limit
    }
}
