//! Candidates: a rollout's network with its weights, scales and hardware.

use burn_tensor::Device;
use pimnas_config::RawConfig;
use pimnas_formats::NamedTensors;
use pimnas_network::{Network, Operation};
use pimnas_search::space::RealisedHardware;
use pimnas_search::{HardwareChoice, Rollout};
use pimnas_train::{
    LayerState, Model, Noise, ParameterStore, PassOptions, PassPurpose, Precision, TrainBatch,
    Update, images, ops,
};

use crate::error::SupernetError;
use crate::supernet::SuperNet;

/// A candidate net of a super net. It has its own copy of its weights.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The rollout.
    pub rollout: Rollout,
    /// The network with weights and statistics.
    pub model: Model,
    /// What it decides of the hardware.
    pub hardware: HardwareChoice,
}

impl SuperNet {
    /// The candidate of a rollout, with the running statistics of its slices; they are exact only
    /// after [`Assembled::calibrate`].
    ///
    /// # Errors
    /// A rollout that does not decode, or that asks for more than there is.
    pub fn assemble_candidate(&self, rollout: &Rollout) -> Result<Assembled, SupernetError> {
        let subnet = self.subnet(rollout)?;
        let states = self.states(&subnet);
        let mut parameters = ParameterStore::default();
        for slice in &subnet.slices {
            parameters.insert(slice.name.clone(), &slice.dims, slice.gather(&self.shared));
        }
        let candidate = subnet.candidate;
        let model = Model::from_parts(candidate.network, parameters, states)?;
        Ok(Assembled { rollout: rollout.clone(), model, hardware: candidate.hardware })
    }

    /// The network of a rollout on its own: it computes what the super net computes for it.
    ///
    /// # Errors
    /// As [`Self::assemble_candidate`].
    pub fn finalise(&self, rollout: &Rollout) -> Result<Model, SupernetError> {
        Ok(self.assemble_candidate(rollout)?.model)
    }
}

impl Assembled {
    /// Replaces the statistics by those of some batches: means and variances of batch
    /// normalisations over all their rows, full ranges as the mean of the batches' ranges.
    ///
    /// # Errors
    /// What a forward pass may say.
    pub fn calibrate(
        &mut self,
        batches: &[TrainBatch],
        precision: Precision,
    ) -> Result<(), SupernetError> {
        let purpose = PassPurpose::Train { seed: 0, step: 0 };
        let options = PassOptions { purpose, precision, noise: Noise::default() };
        let constants = self.model.parameters.constants();
        let mut totals = vec![Total::default(); self.model.states.len()];
        for batch in batches {
            let input = images(batch.images.clone(), batch.dims, &Device::flex());
            for (layer, update) in self.model.forward(&constants, input, options)?.updates {
                if let Some(total) = totals.get_mut(layer) {
                    total.add(&update);
                }
            }
        }
        for (state, total) in self.model.states.iter_mut().zip(&totals) {
            total.put(state);
        }
        Ok(())
    }

    /// The network with the scales of inputs, weights and outputs of every layer, and the list of
    /// its parameters: `<layer>.weight` (quantised), `<layer>.padding_flag`, vectors of batch
    /// normalisations.
    ///
    /// # Errors
    /// A layer without a scale: its slice has neither been trained nor calibrated.
    pub fn graph_and_parameters(&self) -> Result<(Network, NamedTensors), SupernetError> {
        let layers = self.model.network.layers.iter().zip(&self.model.states);
        for (layer, (described, state)) in layers.enumerate() {
            let quantised = matches!(
                described.operation,
                Operation::Convolution(_)
                    | Operation::FullyConnected { .. }
                    | Operation::BatchNorm { .. }
            );
            if quantised && state.scale.is_none() {
                let kind = described.operation.name();
                return Err(SupernetError::Uncalibrated { layer, kind });
            }
        }
        Ok(self.model.candidate()?)
    }

    /// The candidate as the list of layers that the reference's interface takes. Means over windows
    /// become `adaptive_pooling`, which has a circuit; in the network they may have none.
    ///
    /// # Errors
    /// As [`Self::graph_and_parameters`]; layers that have no form in it.
    pub fn mnsim_cfg(&self) -> Result<serde_json::Value, SupernetError> {
        crate::mnsim::layer_list(&self.graph_and_parameters()?.0)
    }

    /// The logits of a batch, items × classes, row by row.
    ///
    /// # Errors
    /// What a forward pass may say.
    pub fn logits(
        &self,
        batch: &TrainBatch,
        precision: Precision,
    ) -> Result<Vec<f32>, SupernetError> {
        let input = images(batch.images.clone(), batch.dims, &Device::flex());
        Ok(ops::values(self.model.evaluate(input, precision)?))
    }

    /// The candidate's hardware over a base configuration.
    ///
    /// # Errors
    /// Hardware decisions that are impossible.
    pub fn realise(&self, base: &RawConfig) -> Result<RealisedHardware, SupernetError> {
        Ok(self.hardware.apply(base)?)
    }
}

/// Statistics of a layer over some batches.
#[derive(Clone, Debug, Default)]
struct Total {
    rows: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    scales: Vec<f32>,
}

impl Total {
    fn add(&mut self, update: &Update) {
        match update {
            Update::Scale(scale) => self.scales.push(*scale),
            Update::Moments(mean, variance, rows) => {
                self.sums.resize(mean.len(), 0.0);
                self.squares.resize(mean.len(), 0.0);
                let rows = *rows as f64;
                self.rows += rows;
                let channels =
                    mean.iter().zip(variance).map(|(&m, &v)| (f64::from(m), f64::from(v)));
                for ((sum, square), (m, v)) in
                    self.sums.iter_mut().zip(&mut self.squares).zip(channels)
                {
                    *sum += rows * m;
                    *square += rows * (v + m * m);
                }
            }
        }
    }

    fn put(&self, state: &mut LayerState) {
        if self.rows > 0.0 {
            let unbiased = self.rows / (self.rows - 1.0).max(1.0);
            let means: Vec<f64> = self.sums.iter().map(|sum| sum / self.rows).collect();
            let variance = |(square, mean): (&f64, &f64)| {
                ((square / self.rows - mean * mean).max(0.0) * unbiased) as f32
            };
            state.variance = self.squares.iter().zip(&means).map(variance).collect();
            state.mean = means.iter().map(|&mean| mean as f32).collect();
        }
        if !self.scales.is_empty() {
            let sum: f64 = self.scales.iter().map(|&scale| f64::from(scale)).sum();
            state.scale = Some((sum / self.scales.len() as f64) as f32);
        }
    }
}
