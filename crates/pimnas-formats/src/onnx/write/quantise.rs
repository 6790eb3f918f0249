//! Fixed point as ONNX's quantisers.

use pimnas_network::{Operation, Quantisation};

use super::builder::INPUT;
use super::error::{Refusal, refuse};
use super::{OnnxNumbers, Writer};

const HINT: &str = "write it in floats, or give scales: those of a training or of a super net";

/// Whether codes of so many bits have a type in ONNX.
pub(super) fn fits(bits: u32) -> bool {
    (2..=i16::BITS).contains(&bits)
}

fn check(what: &str, quantisation: Quantisation) -> Result<f32, Refusal> {
    let Quantisation { bits, .. } = quantisation;
    if !fits(bits) {
        let hint = "ONNX has codes of 2 to 16 bits: write it in floats";
        return refuse(format!("{what} has {bits} bits"), hint);
    }
    // As inference has it, by a rounded reciprocal: the last bit decides between two codes.
    let step = 1.0 / (1.0 / quantisation.scale as f32 * quantisation.max_code() as f32);
    if !(step.is_normal() && step > 0.0) {
        return refuse(format!("the scale of {what} is {}", quantisation.scale), HINT);
    }
    Ok(step)
}

impl Writer<'_> {
    /// The network's input, quantised where it is.
    pub fn input(&mut self) -> Result<String, Refusal> {
        let input = &self.shaped.network.input;
        match self.numbers {
            OnnxNumbers::Floats => Ok(INPUT.to_owned()),
            OnnxNumbers::Quantised => {
                let mut of = Quantisation { bits: input.bits, scale: 1.0 };
                of.scale = input.step * of.max_code();
                self.rounded(INPUT.to_owned(), (INPUT, "the network's input"), of)
            }
        }
    }

    /// The output of a layer, quantised where inference quantises it.
    pub fn output(&mut self, index: usize, value: String) -> Result<String, Refusal> {
        let layer = self.description(index);
        let weighted = super::is_weighted(layer);
        let stated = match (self.numbers, &layer.scales) {
            (OnnxNumbers::Floats, _) => return Ok(value),
            (OnnxNumbers::Quantised, Some(stated)) => stated,
            (OnnxNumbers::Quantised, None) => match layer.operation {
                Operation::Convolution(_)
                | Operation::FullyConnected { .. }
                | Operation::BatchNorm { .. } => return refuse("it has no scales", HINT),
                Operation::Relu
                | Operation::HardTanh
                | Operation::View
                | Operation::Flatten { .. }
                | Operation::Dropout
                | Operation::Pooling(_)
                | Operation::AdaptiveAveragePooling { .. }
                | Operation::ElementSum
                | Operation::Expand { .. }
                | Operation::Downsample => return Ok(value),
            },
        };
        let scale = stated.output.scale;
        if !weighted && stated.inputs.iter().all(|input| input.scale == scale) {
            return Ok(value);
        }
        let of = Quantisation { bits: layer.activation_bits, scale };
        let name = self.name(index);
        self.rounded(value, (&name, "its output"), of)
    }

    /// Rounds a value to codes and makes floats of them again.
    fn rounded(
        &mut self,
        value: String,
        (name, what): (&str, &str),
        of: Quantisation,
    ) -> Result<String, Refusal> {
        let step = check(what, of)?;
        let range = of.max_code() as f32 * step;
        let builder = &mut self.builder;
        let low = builder.floats(&format!("{name}.lowest"), &[], &[-range]);
        let high = builder.floats(&format!("{name}.highest"), &[], &[range]);
        let step = builder.floats(&format!("{name}.step"), &[], &[step]);
        let zero = builder.codes(&format!("{name}.zero"), &[], (&[0], of.bits));
        let bounded = format!("{name}/bounds");
        let bounded = builder.node("Clip", &bounded, (&[&value, &low, &high], Vec::new()));
        let inputs = [bounded.as_str(), &step, &zero];
        let codes = builder.node("QuantizeLinear", &format!("{name}/codes"), (&inputs, Vec::new()));
        let inputs = [codes.as_str(), &step, &zero];
        let named = format!("{name}/values");
        Ok(builder.node("DequantizeLinear", &named, (&inputs, Vec::new())))
    }

    /// The weights of a layer as a value: floats, or codes that a node makes floats of.
    pub fn weights(
        &mut self,
        index: usize,
        dims: &[usize],
        values: &[f32],
    ) -> Result<String, Refusal> {
        let name = self.name(index) + ".weight";
        match self.numbers {
            OnnxNumbers::Floats => return Ok(self.builder.floats(&name, dims, values)),
            OnnxNumbers::Quantised => {}
        }
        let stated = self.description(index).scales.as_ref().and_then(|scales| scales.weight);
        let Some(of) = stated else { return refuse("its weights have no scale", HINT) };
        let step = check("its weight", of)?;
        let limit = of.max_code() as f32;
        let code = |value: &f32| (value / step).clamp(-limit, limit).round_ties_even() as i16;
        let codes: Vec<i16> = values.iter().map(code).collect();
        let builder = &mut self.builder;
        let codes = builder.codes(&format!("{name}.codes"), dims, (&codes, of.bits));
        let step = builder.floats(&format!("{name}.step"), &[], &[step]);
        Ok(builder.node("DequantizeLinear", &name, (&[&codes, &step], Vec::new())))
    }
}
