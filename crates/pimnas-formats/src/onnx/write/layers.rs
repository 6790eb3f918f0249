//! Layer by layer.

use pimnas_network::{Convolution, Operation, Pooling, PoolingMode, Shape};

use super::builder::{float, int, ints};
use super::error::Refusal;
use super::windows::{self, Padded};
use super::{Writer, sides};

/// What batch normalisation adds to a variance.
const EPSILON: f32 = 1e-5;

impl Writer<'_> {
    /// Writes a layer; gives the value that it has.
    pub fn layer(&mut self, index: usize, input: &str) -> Result<String, Refusal> {
        let inputs = self.inputs(index, input);
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let first = inputs.first().copied().unwrap_or_default();
        let (from, to) = (self.shaped.input_of(index), self.shaped.output_of(index));
        let name = self.name(index);
        let plain = |operator: &str, writer: &mut Self| {
            writer.builder.node(operator, &name, (&inputs, Vec::new()))
        };
        let value = match self.description(index).operation {
            Operation::Convolution(conv) => self.convolution(index, first, &conv)?,
            Operation::FullyConnected { in_features, out_features } => {
                let outputs = (out_features, 1);
                let values = self.parameters.weights(index, outputs, &[in_features])?;
                let weights = self.weights(index, &[out_features, in_features], &values)?;
                self.builder.node("Gemm", &name, (&[first, &weights], vec![int("transB", 1)]))
            }
            Operation::BatchNorm { features } => self.norm(index, first, features)?,
            Operation::Relu => plain("Relu", self),
            Operation::HardTanh => {
                let low = self.builder.floats(&format!("{name}.lowest"), &[], &[-1.0]);
                let high = self.builder.floats(&format!("{name}.highest"), &[], &[1.0]);
                self.builder.node("Clip", &name, (&[first, &low, &high], Vec::new()))
            }
            Operation::View | Operation::Flatten { .. } => match (from, to) {
                (Shape::Map { .. }, Shape::Vector { .. }) => {
                    self.builder.node("Flatten", &name, (&[first], vec![int("axis", 1)]))
                }
                (Shape::Map { .. }, Shape::Map { .. }) | (Shape::Vector { .. }, _) => {
                    first.to_owned()
                }
            },
            Operation::Dropout => first.to_owned(),
            Operation::Pooling(pooling) => self.pooling(&name, first, &pooling),
            Operation::AdaptiveAveragePooling { .. } | Operation::Downsample => {
                self.mean(&name, first, (sides(from), sides(to)))
            }
            Operation::ElementSum => plain(if inputs.len() == 2 { "Add" } else { "Sum" }, self),
            Operation::Expand { max_channels } => {
                let own = match from {
                    Shape::Map { channels, .. } => channels,
                    Shape::Vector { features } => features,
                };
                let more = i64::try_from(max_channels.saturating_sub(own)).unwrap_or(i64::MAX);
                let pads = [0, 0, 0, 0, 0, more, 0, 0];
                let pads = self.builder.integers(&format!("{name}.pads"), &pads);
                self.builder.node("Pad", &name, (&[first, &pads], Vec::new()))
            }
        };
        self.output(index, value)
    }

    fn convolution(
        &mut self,
        index: usize,
        input: &str,
        conv: &Convolution,
    ) -> Result<String, Refusal> {
        let Convolution { in_channels, out_channels, kernel_size, stride, groups, .. } = *conv;
        let inner = [in_channels / groups.max(1), kernel_size, kernel_size];
        let values = self.parameters.weights(index, (out_channels, groups), &inner)?;
        let edges = if conv.drops_even_edge() {
            self.parameters.edges(index, in_channels, groups)?
        } else {
            Vec::new()
        };
        let shapes = (self.shaped.input_of(index), self.shaped.output_of(index));
        let sides = (sides(shapes.0), sides(shapes.1));
        let Padded { weights, kernel, pads } = windows::padded(conv, (values, &edges), sides);
        let dims = [out_channels, inner[0], kernel, kernel];
        let weights = self.weights(index, &dims, &weights)?;
        let mut with = vec![
            ints("kernel_shape", &[kernel, kernel]),
            ints("strides", &[stride, stride]),
            ints("pads", &pads),
        ];
        if groups > 1 {
            with.push(int("group", groups));
        }
        let name = self.name(index);
        Ok(self.builder.node("Conv", &name, (&[input, &weights], with)))
    }

    fn norm(&mut self, index: usize, input: &str, features: usize) -> Result<String, Refusal> {
        let norm = self.parameters.norm(index, features)?;
        let name = self.name(index);
        let mut vector = |what: &str, values: &[f32]| {
            self.builder.floats(&format!("{name}.{what}"), &[features], values)
        };
        let weight = vector("weight", &norm.weight);
        let bias = vector("bias", &norm.bias);
        let mean = vector("running_mean", &norm.mean);
        let variance = vector("running_var", &norm.variance);
        let inputs = [input, &weight, &bias, &mean, &variance];
        let with = vec![float("epsilon", EPSILON)];
        Ok(self.builder.node("BatchNormalization", &name, (&inputs, with)))
    }

    fn pooling(&mut self, name: &str, input: &str, pooling: &Pooling) -> String {
        let &Pooling { mode, kernel_size, stride, padding } = pooling;
        let mut with = vec![
            ints("kernel_shape", &[kernel_size; 2]),
            ints("strides", &[stride; 2]),
            ints("pads", &[padding; 4]),
        ];
        let operator = match mode {
            PoolingMode::Max => "MaxPool",
            PoolingMode::Average => {
                with.push(int("count_include_pad", 1));
                "AveragePool"
            }
        };
        self.builder.node(operator, name, (&[input], with))
    }

    /// Means over windows that give an output of these sides.
    fn mean(
        &mut self,
        name: &str,
        input: &str,
        (from, to): (windows::Sides, windows::Sides),
    ) -> String {
        if to == (1, 1) {
            return self.builder.node("GlobalAveragePool", name, (&[input], Vec::new()));
        }
        let rows = windows::even_windows(from.0, to.0);
        let columns = windows::even_windows(from.1, to.1);
        if let Some((rows, columns)) = rows.zip(columns) {
            let with = vec![
                ints("kernel_shape", &[rows.0, columns.0]),
                ints("strides", &[rows.1, columns.1]),
            ];
            return self.builder.node("AveragePool", name, (&[input], with));
        }
        // Windows of unequal size: a product with a matrix from each side.
        let builder = &mut self.builder;
        let across = windows::transposed(&windows::means(from.1, to.1), from.1);
        let across = builder.floats(&format!("{name}.columns"), &[from.1, to.1], &across);
        let narrowed = format!("{name}/columns");
        let narrowed = builder.node("MatMul", &narrowed, (&[input, &across], Vec::new()));
        let down = windows::means(from.0, to.0);
        let down = builder.floats(&format!("{name}.rows"), &[to.0, from.0], &down);
        builder.node("MatMul", name, (&[&down, &narrowed], Vec::new()))
    }
}
