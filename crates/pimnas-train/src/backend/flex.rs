//! The operations on the CPU.

use std::sync::Arc;

use burn_flex::Flex;
use burn_flex::FlexTensor;
use burn_tensor::{Shape, TensorData};
use rayon::prelude::*;

use super::recycle::buffer;
use super::{Map, Tail, Targets, TrainBackend, Use};
use crate::kernel::conv::{self, ConvGeometry, ConvOptions, MapShape};
use crate::kernel::element::{
    self, Activation, Apply, ApplyInPlace, Dropout, Pointwise, Quantiser, Sum,
};
use crate::kernel::linear::{Matrix, product};
use crate::kernel::norm::{self, Affine, Moments, Then};
use crate::kernel::pool;
use crate::kernel::simd::fastest;

/// A tensor of these values.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// The tensor with its values in a row.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The values of a contiguous tensor; none of any other type, which this crate never makes.
pub(super) fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or_default()
}

/// The values of a tensor that is needed no more, without a copy where nobody else holds it.
pub(super) fn into_floats(tensor: FlexTensor) -> Vec<f32> {
    if let (false, Some(values)) = (tensor.is_unique(), tensor.as_slice::<f32>()) {
        let mut copy = buffer(values.len());
        copy.par_chunks_mut(element::CHUNK)
            .zip(values.par_chunks(element::CHUNK))
            .for_each(|(to, from)| to.copy_from_slice(from));
        return copy;
    }
    let data = contiguous(tensor).into_data();
    data.try_into_vec::<f32>().unwrap_or_default()
}

/// The shape of a tensor as a map; a vector has one position.
pub(super) fn map_shape(tensor: &FlexTensor) -> MapShape {
    match *tensor.layout().shape().as_slice() {
        [items, height, width, channels] => MapShape { items, height, width, channels },
        [items, channels] => MapShape { items, height: 1, width: 1, channels },
        ref other => {
            let items = other.first().copied().unwrap_or(1);
            let rest = other.iter().skip(1).product();
            MapShape { items, height: 1, width: 1, channels: rest }
        }
    }
}

/// The dimensions of a map where the input had as many as `like`.
pub(super) fn dims(shape: MapShape, like: &FlexTensor) -> Vec<usize> {
    let MapShape { items, height, width, channels } = shape;
    if like.layout().shape().as_slice().len() == 2 {
        vec![items, channels]
    } else {
        vec![items, height, width, channels]
    }
}

/// The geometry of a convolution of these tensors.
pub(super) fn geometry(
    input: &FlexTensor,
    weight: &FlexTensor,
    options: ConvOptions,
) -> ConvGeometry {
    let (outputs, kernel) = match *weight.layout().shape().as_slice() {
        [outputs, kernel, ..] => (outputs, kernel),
        _ => (0, 1),
    };
    ConvGeometry::new(map_shape(input), (outputs, kernel), options)
}

/// The output of a convolution of contiguous tensors.
pub(super) fn conv2d(
    geometry: &ConvGeometry,
    input: &FlexTensor,
    weight: &FlexTensor,
) -> FlexTensor {
    let mut output = buffer(geometry.output.elements());
    conv::forward(fastest(), geometry, floats(input), floats(weight), &mut output);
    tensor(output, dims(geometry.output, input))
}

/// Rows and columns of a matrix.
pub(super) fn matrix(tensor: &FlexTensor) -> Matrix<'_> {
    let shape = map_shape(tensor);
    Matrix::new(floats(tensor), shape.items, shape.item())
}

/// The output of a fully connected layer of contiguous tensors.
pub(super) fn linear(input: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
    let (items, outputs) = (map_shape(input).items, map_shape(weight).items);
    tensor(product(matrix(input), matrix(weight).transposed()), [items, outputs])
}

fn apply_pointwise<P: Pointwise>(point: P, input: &FlexTensor, other: &[f32]) -> FlexTensor {
    let values = floats(input);
    let mut output = buffer(values.len());
    element::pointwise(fastest(), point, &mut output, [values, other]);
    tensor(output, input.layout().shape().clone())
}

/// The output of a map of a contiguous tensor.
pub(super) fn map(input: &FlexTensor, map: &Map) -> FlexTensor {
    let from = map_shape(input);
    let to = map.output(from);
    if let Some((spans, mode)) = map.windows(&from, &to) {
        let mut output = buffer(to.elements());
        pool::forward((&spans, mode), (&from, &to), floats(input), &mut output);
        return tensor(output, dims(to, input));
    }
    match map {
        Map::Activation(activation) => {
            let point = Apply { quantiser: None, activation: *activation };
            apply_pointwise(point, input, &[])
        }
        Map::Quantise(quantiser) => {
            let point = Apply { quantiser: Some(*quantiser), activation: Activation::Identity };
            apply_pointwise(point, input, &[])
        }
        Map::Dropout { seed } => apply_pointwise(Dropout(*seed), input, &[]),
        Map::Affine { factor, offset, activation, quantiser } => {
            let affine = Affine { factor: factor.to_vec(), offset: offset.to_vec() };
            let then = Then { quantiser: *quantiser, activation: *activation };
            let mut output = buffer(from.elements());
            norm::apply(fastest(), &affine, then, floats(input), &mut output);
            tensor(output, input.layout().shape().clone())
        }
        Map::Expand { channels } => {
            let mut output = buffer(to.elements());
            pool::channels(floats(input), from.channels, (*channels, &mut output));
            tensor(output, dims(to, input))
        }
        Map::Pool(_) | Map::AdaptiveMean { .. } => input.clone(),
    }
}

/// The output of a map of a contiguous tensor that is needed no more: in place where the map only
/// changes values and nobody else holds them.
pub(super) fn map_owned(mut input: FlexTensor, what: &Map) -> FlexTensor {
    let apply = match what {
        Map::Activation(activation) => Apply { quantiser: None, activation: *activation },
        Map::Quantise(quantiser) => {
            Apply { quantiser: Some(*quantiser), activation: Activation::Identity }
        }
        Map::Pool(_)
        | Map::AdaptiveMean { .. }
        | Map::Expand { .. }
        | Map::Affine { .. }
        | Map::Dropout { .. } => return map(&input, what),
    };
    let whole = input.layout().contiguous_offsets();
    match (whole, input.try_storage_mut::<f32>()) {
        (Some((start, end)), Some(values)) => {
            element::pointwise(fastest(), ApplyInPlace(apply), &mut values[start..end], [&[], &[]]);
            input
        }
        (None, _) | (_, None) => map(&input, what),
    }
}

/// activation(left + right) of contiguous tensors.
pub(super) fn add(left: &FlexTensor, right: &FlexTensor, activation: Activation) -> FlexTensor {
    apply_pointwise(Sum(activation), left, floats(right))
}

/// A normalised batch, its moments, and the full range of its quantiser (0 without one).
pub(super) fn normalised(
    input: &FlexTensor,
    (gamma, beta): (&FlexTensor, &FlexTensor),
    tail: Tail,
) -> (FlexTensor, Arc<Moments>, f32) {
    let channels = map_shape(input).channels;
    let values = floats(input);
    let moments = norm::moments(fastest(), values, channels);
    let affine = Affine::new(floats(gamma), floats(beta), &moments);
    let rows = values.len() / channels.max(1);
    let scale = match tail.bits {
        Some(_) => affine.range(&moments, rows).scale(),
        None => 0.0,
    };
    let quantiser = tail.bits.map(|bits| Quantiser::new(bits, scale));
    let mut output = buffer(values.len());
    norm::apply(
        fastest(),
        &affine,
        Then { quantiser, activation: tail.activation },
        values,
        &mut output,
    );
    (tensor(output, input.layout().shape().clone()), Arc::new(moments), scale)
}

/// Moments and range as one vector.
pub(super) fn stated(moments: &Moments, scale: f32) -> FlexTensor {
    let mut values: Vec<f32> = moments.mean.iter().map(|&value| value as f32).collect();
    values.extend(moments.variance.iter().map(|&value| value as f32));
    values.extend_from_slice(&moments.least);
    values.extend_from_slice(&moments.most);
    values.push(scale);
    let length = values.len();
    tensor(values, [length])
}

/// The range of a contiguous tensor as a vector.
pub(super) fn range(input: &FlexTensor) -> FlexTensor {
    let range = element::range(fastest(), floats(input));
    tensor(vec![range.largest, range.mean as f32, range.deviation as f32], [3])
}

impl TrainBackend for Flex {
    fn train_conv2d(input: FlexTensor, weight: FlexTensor, options: ConvOptions) -> FlexTensor {
        let (input, weight) = (contiguous(input), contiguous(weight));
        conv2d(&geometry(&input, &weight, options), &input, &weight)
    }

    fn train_linear(input: FlexTensor, weight: FlexTensor) -> FlexTensor {
        linear(&contiguous(input), &contiguous(weight))
    }

    fn train_map(input: FlexTensor, what: Map) -> FlexTensor {
        map_owned(contiguous(input), &what)
    }

    fn train_use(input: FlexTensor, _: Use) -> FlexTensor {
        input
    }

    fn train_add(left: FlexTensor, right: FlexTensor, activation: Activation) -> FlexTensor {
        add(&contiguous(left), &contiguous(right), activation)
    }

    fn train_norm(
        input: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        tail: Tail,
    ) -> (FlexTensor, FlexTensor) {
        let (gamma, beta) = (contiguous(gamma), contiguous(beta));
        let (output, moments, scale) = normalised(&contiguous(input), (&gamma, &beta), tail);
        (output, stated(&moments, scale))
    }

    fn train_loss(logits: FlexTensor, targets: Targets) -> FlexTensor {
        let logits = contiguous(logits);
        let (loss, _) =
            crate::kernel::loss::cross_entropy(floats(&logits), &targets.labels, targets.smoothing);
        tensor(vec![loss], [1])
    }

    fn train_range(input: FlexTensor) -> FlexTensor {
        range(&contiguous(input))
    }
}
