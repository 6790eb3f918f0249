//! Bits of a network that is quantised after training.

use std::sync::Arc;

use crate::infer::MAX_BITS;
use crate::interface::{Calibration, Model};
use crate::network::Operation;
use clap::Args;

use super::failure::Failure;

/// Bits of weights and activations.
#[derive(Args, Clone, Copy, Debug)]
pub struct PrecisionArgs {
    /// Bits of a weight, sign included, where the network is quantised after training (ONNX, or
    /// with --calibrate); without it those of the layer list, or 9
    #[arg(long, value_name = "BITS")]
    weight_bits: Option<u32>,
    /// Bits of an activation, sign included, likewise
    #[arg(long, value_name = "BITS")]
    activation_bits: Option<u32>,
}

impl PrecisionArgs {
    /// Changes the bits of a network that is calibrated.
    pub fn apply(self, model: &mut Model, calibration: Calibration) -> Result<(), Failure> {
        let calibrated = model.needs_calibration(calibration);
        let given =
            [("--weight-bits", self.weight_bits), ("--activation-bits", self.activation_bits)];
        for (option, bits) in given {
            let Some(bits) = bits else { continue };
            if !(2..=MAX_BITS).contains(&bits) {
                let hint = format!("give a number from 2 to {MAX_BITS}, sign included");
                let message = format!("{option} {bits} is outside of what is computed");
                return Err(Failure::new(message, Some(&hint)));
            }
            if !calibrated {
                let message = format!("{option} {bits}: the network states its own precision");
                let hint = "leave the option out, or quantise the network anew by --calibrate max";
                return Err(Failure::new(message, Some(hint)));
            }
        }
        let network = Arc::make_mut(&mut model.network);
        for layer in &mut network.layers {
            let weighted = matches!(
                layer.operation,
                Operation::Convolution(_) | Operation::FullyConnected { .. }
            );
            if let Some(bits) = self.weight_bits.filter(|_| weighted) {
                layer.weight_bits = Some(bits);
            }
            if let Some(bits) = self.activation_bits {
                layer.activation_bits = bits;
                layer.input_bits = layer.input_bits.map(|_| bits);
            }
        }
        network.input.bits = self.activation_bits.unwrap_or(network.input.bits);
        Ok(())
    }
}
