//! Quantisation after training: scales from what a network of floats computes for sample inputs.
//!
//! The network runs in floats on the samples, and each layer's outputs are observed. A layer
//! with weights, a batch normalisation, a sum and a mean get a full range of their own; whatever
//! only moves, bounds or selects values keeps that of its input. Where all readers of a batch
//! normalisation, sum or mean bound its values, the range is that of the bounded values: what
//! lies outside of it is cut off by them anyway.

mod ranges;

pub use ranges::{BadPercentile, Percentile, RangeRule};

use pimnas_network::{
    CandidateScales, Layer, Network, Operation, PoolingMode, Quantisation, ShapedNetwork, Source,
};

use crate::bind::{Bound, BoundLayer, Need, bind};
use crate::compiled::CompiledNetwork;
use crate::error::InferError;
use crate::options::{Fusion, InferenceOptions, Mode};
use crate::parameters::Parameters;
use crate::quantise::{max_code, quantise};
use crate::tensor::Tensor;
use ranges::{Histogram, Range};

/// How full ranges follow from values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationRules {
    /// Those of activations; that of the network's input is always its largest magnitude.
    pub activations: RangeRule,
    /// Those of weights.
    pub weights: RangeRule,
}

/// A network with scales, and its weights as they are stored.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// The network; every layer states its scales.
    pub network: Network,
    /// Its parameters with quantised weights, named as those of a candidate.
    pub parameters: Parameters,
}

/// Gives a network scales.
///
/// `samples` are batches of inputs; `options` say which kernels run (mode and fusion are those
/// of the observation).
///
/// # Errors
/// [`InferError::NoSamples`] without samples; whatever is wrong with the network's parameters;
/// outputs that are not finite.
pub fn calibrate(
    shaped: &ShapedNetwork<'_>,
    parameters: &Parameters,
    samples: &[Tensor],
    (rules, options): (CalibrationRules, &InferenceOptions),
) -> Result<Calibrated, InferError> {
    let options = InferenceOptions { mode: Mode::Float, fusion: Fusion::Separate, ..*options };
    let floats = CompiledNetwork::new(shaped, parameters, &options)?;
    let scales = observe(shaped, &floats, samples, rules.activations)?;
    let bound = bind(shaped, parameters, Need::NoScales)?;
    let mut network = shaped.network.clone();
    network.input.step = scales.input / f64::from(max_code(network.input.bits));
    let mut stored = Parameters::new();
    let described = shaped.network.layers.iter().zip(&bound);
    for (index, (layer, bound)) in described.enumerate() {
        let weight = store(&mut stored, (index, layer, bound), (shaped, rules.weights))?;
        let of = |&source: &Source| match source {
            Source::Input => Quantisation { bits: network.input.bits, scale: scales.input },
            Source::Layer(from) => Quantisation {
                bits: shaped.network.layers.get(from).map_or(0, |layer| layer.activation_bits),
                scale: scales.layers.get(from).copied().unwrap_or(1.0),
            },
        };
        let scale = scales.layers.get(index).copied().unwrap_or(1.0);
        let output = Quantisation { bits: layer.activation_bits, scale };
        let inputs = layer.inputs.iter().map(of).collect();
        if let Some(layer) = network.layers.get_mut(index) {
            layer.scales = Some(CandidateScales { inputs, weight, output });
        }
    }
    Ok(Calibrated { network, parameters: stored })
}

/// Full ranges of activations.
struct Scales {
    input: f64,
    layers: Vec<f64>,
}

fn observe(
    shaped: &ShapedNetwork<'_>,
    floats: &CompiledNetwork,
    samples: &[Tensor],
    rule: RangeRule,
) -> Result<Scales, InferError> {
    if samples.iter().all(|sample| sample.data().is_empty()) {
        return Err(InferError::NoSamples);
    }
    let count = shaped.network.layers.len();
    let mut input = Range::default();
    let mut ranges = vec![Range::default(); count];
    for sample in samples {
        input.add(sample.data());
        floats.run_observed(sample, &mut |seen| {
            if let Some(range) = ranges.get_mut(seen.layer) {
                range.add(seen.output.data());
            }
        })?;
    }
    let what = "the largest magnitude of its output for the samples";
    for (layer, range) in ranges.iter().enumerate() {
        if !range.largest().is_finite() {
            let (value, why) = (range.largest(), "but must be finite");
            return Err(InferError::BadParameter { layer, what, value, why });
        }
    }
    let scales: Vec<f64> = match rule {
        RangeRule::Max => ranges.iter().map(Range::largest).collect(),
        RangeRule::ThreeDeviations => ranges.iter().map(Range::three_deviations).collect(),
        RangeRule::Percentile(percentile) => {
            let new = |range: &Range| Histogram::new(range.largest());
            let mut histograms: Vec<Histogram> = ranges.iter().map(new).collect();
            for sample in samples {
                floats.run_observed(sample, &mut |seen| {
                    if let Some(histogram) = histograms.get_mut(seen.layer) {
                        histogram.add(seen.output.data());
                    }
                })?;
            }
            histograms.iter().map(|histogram| histogram.at(percentile)).collect()
        }
    };
    let usable = |scale: f64| if (scale as f32).is_normal() { scale } else { 1.0 };
    let mut layers: Vec<f64> = Vec::with_capacity(count);
    for (index, layer) in shaped.network.layers.iter().enumerate() {
        let scale = if has_own_range(&layer.operation) {
            let seen = seen_by_readers(shaped.network, index);
            let own = |place: usize| scales.get(place).copied().unwrap_or(1.0);
            usable(seen.into_iter().map(own).fold(0.0, f64::max))
        } else {
            match layer.inputs.first() {
                Some(&Source::Layer(from)) => layers.get(from).copied().unwrap_or(1.0),
                Some(Source::Input) | None => usable(input.largest()),
            }
        };
        layers.push(scale);
    }
    Ok(Scales { input: usable(input.largest()), layers })
}

/// Whether a layer's values are new ones.
fn has_own_range(operation: &Operation) -> bool {
    match operation {
        Operation::Convolution(_)
        | Operation::FullyConnected { .. }
        | Operation::BatchNorm { .. }
        | Operation::AdaptiveAveragePooling { .. }
        | Operation::ElementSum
        | Operation::Downsample => true,
        Operation::Pooling(pooling) => match pooling.mode {
            PoolingMode::Average => true,
            PoolingMode::Max => false,
        },
        Operation::Relu
        | Operation::HardTanh
        | Operation::View
        | Operation::Flatten { .. }
        | Operation::Dropout
        | Operation::Expand { .. } => false,
    }
}

/// The layers whose outputs show which of a layer's values matter: its readers if all of them
/// bound values, itself otherwise. Partial sums of layers with weights go through ADCs, whose
/// range must cover all of them.
fn seen_by_readers(network: &Network, index: usize) -> Vec<usize> {
    let weighted = network.layers.get(index).is_some_and(|layer| {
        matches!(layer.operation, Operation::Convolution(_) | Operation::FullyConnected { .. })
    });
    let reads = |layer: &Layer| layer.inputs.contains(&Source::Layer(index));
    let bounds = |layer: &Layer| matches!(layer.operation, Operation::Relu | Operation::HardTanh);
    let readers: Vec<usize> = (0..)
        .zip(&network.layers)
        .filter(|(_, layer)| reads(layer))
        .map(|(place, _)| place)
        .collect();
    let all_bound = readers.iter().all(|&place| network.layers.get(place).is_some_and(bounds));
    if weighted || readers.is_empty() || !all_bound { vec![index] } else { readers }
}

/// Stores a layer's parameters under the names of candidates; gives the scale of its weights.
fn store(
    stored: &mut Parameters,
    (index, layer, bound): (usize, &Layer, &BoundLayer),
    (shaped, rule): (&ShapedNetwork<'_>, RangeRule),
) -> Result<Option<Quantisation>, InferError> {
    let mut put = |name: &str, dims: Vec<usize>, values: Vec<f32>| -> Result<(), InferError> {
        stored.insert(format!("{index}.{name}"), Tensor::new(dims, values)?);
        Ok(())
    };
    let weights = match &bound.parameters {
        Bound::Nothing => return Ok(None),
        Bound::Norm(norm) => {
            let vectors = [
                ("weight", &norm.weight),
                ("bias", &norm.bias),
                ("running_mean", &norm.mean),
                ("running_var", &norm.variance),
            ];
            for (name, values) in vectors {
                put(name, vec![values.len()], values.clone())?;
            }
            return Ok(None);
        }
        Bound::Weights(weights) => weights,
    };
    let mut values = weights.values.clone();
    let scale = rule.of(&values);
    let scale = if (scale as f32).is_normal() { scale } else { 1.0 };
    let bits = layer.weight_bits.unwrap_or(layer.activation_bits);
    quantise(&mut values, bits, scale as f32);
    let dims = match layer.operation {
        Operation::Convolution(conv) => {
            let of_group = conv.in_channels / conv.groups.max(1);
            vec![conv.out_channels, of_group, conv.kernel_size, conv.kernel_size]
        }
        _ => vec![shaped.output_of(index).elements(), shaped.input_of(index).elements()],
    };
    put("weight", dims, values)?;
    let flags = weights.edges.flags();
    if !flags.is_empty() {
        put("padding_flag", vec![flags.len()], flags)?;
    }
    Ok(Some(Quantisation { bits, scale }))
}
