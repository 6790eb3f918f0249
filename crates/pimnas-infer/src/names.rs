//! The two ways in which weights files name a layer's parameters.
//!
//! A trained layer list has `layer_list.<layer>.…`, its convolution weights in parts along the
//! input channels (`layer_list.<layer>.layer_list.<part>.weight`, for groups
//! `layer_list.<layer>.group_conv.<group>.layer_list.<part>.weight`); a candidate has
//! `<layer>.<name>`, unsplit.

use crate::bind::{Edge, Edges, Norm, Scales, Step};
use crate::error::InferError;
use crate::parameters::Parameters;
use crate::tensor::Tensor;

/// How the names start that a trained layer list gives.
const LIST: &str = "layer_list.";
/// What an even kernel's output loses: 0 its first, 1 its last row and column.
const FLAG: &str = "padding_flag";
/// Largest relative difference of scales that count as the same.
const SAME: f32 = 1e-5;

/// A layer's parameters by their short names.
pub(crate) struct Names<'a> {
    parameters: &'a Parameters,
    layer: usize,
    kind: &'static str,
    listed: bool,
}

impl<'a> Names<'a> {
    pub fn new(parameters: &'a Parameters, layer: usize, kind: &'static str) -> Self {
        let listed = parameters.names().any(|name| name.starts_with(LIST));
        Self { parameters, layer, kind, listed }
    }

    /// Where the parts of a group are.
    fn group(&self, group: usize, groups: usize) -> String {
        let layer = self.layer;
        match (self.listed, groups) {
            (false, _) => format!("{layer}."),
            (true, 1) => format!("{LIST}{layer}."),
            (true, _) => format!("{LIST}{layer}.group_conv.{group}."),
        }
    }

    fn required(&self, key: String) -> Result<(String, &'a Tensor), InferError> {
        let Some(tensor) = self.parameters.get(&key) else {
            return Err(InferError::MissingParameter { layer: self.layer, kind: self.kind, key });
        };
        for (position, &value) in tensor.data().iter().enumerate() {
            if !value.is_finite() {
                return Err(InferError::NotFinite { layer: self.layer, key, position, value });
            }
        }
        Ok((key, tensor))
    }

    fn shape_error(&self, key: String, expected: Vec<usize>, found: &Tensor) -> InferError {
        let found = found.dims().to_vec();
        InferError::ParameterShape { layer: self.layer, key, expected, found }
    }

    /// The weights, groups one after another, parts joined along the inputs. `inner` is the shape
    /// of one output's weights.
    pub fn weights(
        &self,
        outputs: usize,
        groups: usize,
        inner: &[usize],
    ) -> Result<Vec<f32>, InferError> {
        let mut values = Vec::new();
        if !self.listed {
            let (key, tensor) = self.required(format!("{}.weight", self.layer))?;
            let expected = [&[outputs], inner].concat();
            if tensor.dims() != expected {
                return Err(self.shape_error(key, expected, tensor));
            }
            return Ok(tensor.data().to_vec());
        }
        InferError::all((0..groups).map(|group| {
            self.joined(&self.group(group, groups), (outputs / groups, inner), &mut values)
        }))?;
        Ok(values)
    }

    /// The weights of one group, its parts joined.
    fn joined(
        &self,
        place: &str,
        (outputs, inner): (usize, &[usize]),
        values: &mut Vec<f32>,
    ) -> Result<(), InferError> {
        let (inputs, window) = inner.split_first().unwrap_or((&1, &[]));
        let cells: usize = window.iter().product();
        let mut parts = Vec::new();
        let mut found = 0;
        while found < *inputs {
            let (key, tensor) =
                self.required(format!("{place}layer_list.{}.weight", parts.len()))?;
            let part = match *tensor.dims() {
                [first, part, ref rest @ ..] if first == outputs && rest == window => part,
                _ => 0,
            };
            if part == 0 || part > inputs - found {
                let expected = [&[outputs, inputs - found], window].concat();
                return Err(self.shape_error(key, expected, tensor));
            }
            found += part;
            parts.push((tensor.data(), part * cells));
        }
        for output in 0..outputs {
            for (data, size) in &parts {
                values.extend_from_slice(&data[output * size..(output + 1) * size]);
            }
        }
        Ok(())
    }

    /// What an even kernel's output loses: the flag of the part that holds each input channel.
    ///
    /// A tensor of flags has one value, or one for each channel of its part.
    pub fn edges(&self, groups: usize, channels: usize) -> Result<Edges, InferError> {
        let mut edges = Vec::with_capacity(groups * channels);
        if !self.listed {
            let key = format!("{}.{FLAG}", self.layer);
            self.part_edges((key, groups * channels), &mut edges)?;
            return Ok(Edges(edges));
        }
        InferError::all((0..groups).map(|group| {
            let place = self.group(group, groups);
            let end = (group + 1) * channels;
            for part in 0.. {
                let missing = end - edges.len();
                if missing == 0 {
                    break;
                }
                let place = format!("{place}layer_list.{part}.");
                // Missing and misshapen weights are reported where the weights are read.
                let weight = self.parameters.get(&format!("{place}weight"));
                let held = weight.and_then(|weight| weight.dims().get(1)).copied();
                let held = held.filter(|held| (1..=missing).contains(held)).unwrap_or(missing);
                self.part_edges((format!("{place}{FLAG}"), held), &mut edges)?;
            }
            Ok(())
        }))?;
        Ok(Edges(edges))
    }

    /// Adds the edges of one part's channels.
    fn part_edges(
        &self,
        (key, channels): (String, usize),
        edges: &mut Vec<Edge>,
    ) -> Result<(), InferError> {
        let (key, tensor) = self.required(key)?;
        let edge = |&value: &f32| match value {
            0.0 => Ok(Edge::First),
            1.0 => Ok(Edge::Last),
            value => {
                let (layer, value) = (self.layer, f64::from(value));
                Err(InferError::BadParameter { layer, what: FLAG, value, why: "but is a flag" })
            }
        };
        match tensor.data() {
            [flag] => edges.extend(std::iter::repeat_n(edge(flag)?, channels)),
            flags if flags.len() == channels => {
                for flag in flags {
                    edges.push(edge(flag)?);
                }
            }
            _ => return Err(self.shape_error(key, vec![1], tensor)),
        }
        Ok(())
    }

    /// The only value of a tensor.
    fn single(&self, key: String) -> Result<f32, InferError> {
        let (key, tensor) = self.required(key)?;
        match *tensor.data() {
            [value] => Ok(value),
            _ => Err(self.shape_error(key, vec![1], tensor)),
        }
    }

    /// The scales of a layer with weights, the same in all groups.
    pub fn scales(&self, groups: usize) -> Result<Scales, InferError> {
        let mut scales: Option<Scales> = None;
        for group in 0..groups {
            let place = self.group(group, groups);
            let stated = self.required(place.clone() + "bit_scale_list");
            let ((key, tensor), output) =
                InferError::both(stated, self.single(place + "last_value"))?;
            let &[input_bits, input_step, _, weight_step, _, _] = tensor.data() else {
                return Err(self.shape_error(key, vec![3, 2], tensor));
            };
            let input = Step { bits: input_bits as u32, step: input_step };
            let of_group = Scales { input, weight_step, output };
            match &scales {
                Some(first) if !same(first, &of_group) => {
                    let what = "bit_scale_list or last_value";
                    return Err(InferError::PartsDiffer { layer: self.layer, what });
                }
                Some(_) => {}
                None => scales = Some(of_group),
            }
        }
        scales.ok_or_else(|| InferError::MissingParameter {
            layer: self.layer,
            kind: self.kind,
            key: "bit_scale_list".to_owned(),
        })
    }

    /// The full range of a layer's output.
    pub fn output_scale(&self, groups: usize) -> Result<f32, InferError> {
        self.single(self.group(0, groups) + "last_value")
    }

    /// The parameters of a batch normalisation.
    pub fn norm(&self, features: usize) -> Result<Norm, InferError> {
        let place = if self.listed {
            format!("{LIST}{}.layer.", self.layer)
        } else {
            format!("{}.", self.layer)
        };
        let vector = |name: &str| -> Result<Vec<f32>, InferError> {
            let (key, tensor) = self.required(format!("{place}{name}"))?;
            if tensor.dims() != [features] {
                return Err(self.shape_error(key, vec![features], tensor));
            }
            Ok(tensor.data().to_vec())
        };
        let affine = InferError::both(vector("weight"), vector("bias"));
        let moments = InferError::both(vector("running_mean"), vector("running_var"));
        let ((weight, bias), (mean, variance)) = InferError::both(affine, moments)?;
        let norm = Norm { weight, bias, mean, variance };
        if let Some(&value) = norm.variance.iter().find(|&&value| value < 0.0) {
            let (layer, what, why) = (self.layer, "running_var", "but a variance is positive");
            return Err(InferError::BadParameter { layer, what, value: f64::from(value), why });
        }
        Ok(norm)
    }
}

fn same(left: &Scales, right: &Scales) -> bool {
    let close = |a: f32, b: f32| (a - b).abs() <= SAME * b.abs();
    left.input.bits == right.input.bits
        && close(left.input.step, right.input.step)
        && close(left.weight_step, right.weight_step)
        && close(left.output, right.output)
}
