//! A layer with random weights, inputs and hardware, and its outputs by plain loops.

mod equations;
mod random;

use pimnas_infer::{CrossbarHardware, Parameters, Tensor};
use pimnas_network::Network;
use serde_json::{Value, json};

pub use random::problem;

/// Kind of the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Convolution,
    FullyConnected,
}

/// A layer behind a ReLU or behind the input, with everything that its outputs depend on.
#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: Kind,
    pub relu: bool,
    pub items: usize,
    /// Channels of a group, rows and columns of the input.
    pub channels: usize,
    pub sides: (usize, usize),
    pub groups: usize,
    /// Output channels of a group.
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Channels of each part of the stored weights, of each group.
    pub parts: Vec<usize>,
    /// Flag of each part of each group.
    pub flags: Vec<Vec<u8>>,
    pub weight_bits: u32,
    pub input_bits: u32,
    pub steps: Steps,
    pub point_shift: i32,
    pub hardware: CrossbarHardware,
    /// Codes: output of all groups × channel × kernel; some beyond the range of their bits.
    pub weights: Vec<i32>,
    /// Codes: item × channel of all groups × row × column.
    pub inputs: Vec<i32>,
}

/// Steps of inputs and weights, full range of the output.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    pub input: f32,
    pub weight: f32,
    pub output: f32,
}

impl Problem {
    pub fn window(&self) -> usize {
        self.kernel * self.kernel
    }

    pub fn drops_edge(&self) -> bool {
        self.kernel.is_multiple_of(2) && self.padding >= self.kernel / 2
    }

    /// Rows and columns of the output; 0 where the kernel does not fit.
    pub fn output_sides(&self) -> (usize, usize) {
        let side = |side: usize| match (side + 2 * self.padding).checked_sub(self.kernel) {
            Some(rest) => (rest / self.stride + 1).saturating_sub(usize::from(self.drops_edge())),
            None => 0,
        };
        (side(self.sides.0), side(self.sides.1))
    }

    /// The flag of each channel of a group.
    pub fn flags_of(&self, group: usize) -> Vec<u8> {
        let parts = self.parts.iter().zip(&self.flags[group]);
        parts.flat_map(|(&channels, &flag)| std::iter::repeat_n(flag, channels)).collect()
    }

    pub fn network(&self) -> Network {
        let channels = self.channels * self.groups;
        let mut layers: Vec<Value> = Vec::new();
        let rest = json!({
            "weight_bit": self.weight_bits, "activation_bit": self.input_bits,
            "point_shift": self.point_shift, "input_index": [-1],
        });
        let mut add = |mut layer: Value| {
            for (key, value) in rest.as_object().unwrap() {
                layer[key] = value.clone();
            }
            layers.push(layer);
        };
        if self.relu {
            add(json!({"type": "relu"}));
        }
        let outputs = self.outputs * self.groups;
        match self.kind {
            Kind::FullyConnected => {
                add(json!({"type": "view"}));
                add(json!({"type": "fc", "in_features": channels, "out_features": outputs}));
            }
            Kind::Convolution => {
                let kind = if self.groups > 1 { "group_conv" } else { "conv" };
                let mut layer = json!({
                    "type": kind, "in_channels": channels, "out_channels": outputs,
                    "kernel_size": self.kernel, "stride": self.stride, "padding": self.padding,
                });
                if self.groups > 1 {
                    layer["groups"] = json!(self.groups);
                }
                add(layer);
            }
        }
        let json = json!({
            "input_shape": [1, channels, self.sides.0, self.sides.1],
            "input": {"activation_scale": self.steps.input, "activation_bit": self.input_bits},
            "layers": layers,
        });
        Network::from_layer_list_json(json.to_string()).unwrap()
    }

    /// Index of the layer with weights.
    fn layer(&self) -> usize {
        usize::from(self.relu) + usize::from(self.kind == Kind::FullyConnected)
    }

    pub fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::new();
        let place = format!("layer_list.{}.", self.layer());
        let scales = vec![
            self.input_bits as f32,
            self.steps.input,
            self.weight_bits as f32,
            self.steps.weight,
            self.input_bits as f32,
            1.0,
        ];
        let row = self.channels * self.window();
        for group in 0..self.groups {
            let place = match self.groups {
                1 => place.clone(),
                _ => format!("{place}group_conv.{group}."),
            };
            let mut put = |name: String, dims: Vec<usize>, data: Vec<f32>| {
                parameters.insert(place.clone() + &name, Tensor::new(dims, data).unwrap());
            };
            put("bit_scale_list".to_owned(), vec![3, 2], scales.clone());
            put("last_value".to_owned(), vec![1], vec![self.steps.output]);
            let weights = &self.weights[group * self.outputs * row..][..self.outputs * row];
            let mut first = 0;
            for (part, &channels) in self.parts.iter().enumerate() {
                let rows = first * self.window()..(first + channels) * self.window();
                first += channels;
                let values: Vec<f32> = weights
                    .chunks_exact(row)
                    .flat_map(|codes| &codes[rows.clone()])
                    .map(|&code| code as f32 * self.steps.weight)
                    .collect();
                let dims = match self.kind {
                    Kind::Convolution => vec![self.outputs, channels, self.kernel, self.kernel],
                    Kind::FullyConnected => vec![self.outputs, channels],
                };
                put(format!("layer_list.{part}.weight"), dims, values);
                if self.kind == Kind::Convolution {
                    let flag = vec![f32::from(self.flags[group][part])];
                    put(format!("layer_list.{part}.padding_flag"), vec![1], flag);
                }
            }
        }
        parameters
    }

    pub fn input_tensor(&self) -> Tensor {
        let dims = vec![self.items, self.channels * self.groups, self.sides.0, self.sides.1];
        let values = self.inputs.iter().map(|&code| code as f32 * self.steps.input).collect();
        Tensor::new(dims, values).unwrap()
    }
}
