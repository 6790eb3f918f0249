//! Stacking layers.

use crate::layer::{
    Convolution, DEFAULT_BITS, DEFAULT_INPUT_STEP, Layer, Network, NetworkInput, Operation,
    Pooling, PoolingMode, Shape, Source,
};
use crate::shape::output_shape;

/// Channels of the input: red, green, blue.
const IMAGE_CHANNELS: usize = 3;

/// Where a layer is, for layers that take its output.
pub(super) type At = Source;

/// A network in the making.
pub(super) struct Builder {
    input: Shape,
    layers: Vec<Layer>,
    /// Shape of what the last layer gives; of the layer before, where it does not fit, so that
    /// building goes on and the finished network is rejected with a message.
    shape: Shape,
}

/// Kernel, stride and padding of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Window {
    /// 3×3, keeping the size.
    pub(super) const SAME: Self = Self { kernel: 3, stride: 1, padding: 1 };
    /// 3×3, halving the size.
    pub(super) const HALF: Self = Self { kernel: 3, stride: 2, padding: 1 };
    /// Without padding.
    pub(super) const fn valid(kernel: usize) -> Self {
        Self { kernel, stride: 1, padding: 0 }
    }
}

impl Builder {
    pub(super) fn new(side: usize) -> Self {
        let input = Shape::Map { channels: IMAGE_CHANNELS, height: side, width: side };
        Self { input, layers: Vec::new(), shape: input }
    }

    pub(super) fn finish(self, name: &str) -> Network {
        let input =
            NetworkInput { shape: self.input, bits: DEFAULT_BITS, step: DEFAULT_INPUT_STEP };
        Network { name: name.to_owned(), input, layers: self.layers }
    }

    /// The last layer.
    pub(super) fn here(&self) -> At {
        self.layers.len().checked_sub(1).map_or(Source::Input, Source::Layer)
    }

    fn push(&mut self, operation: Operation) {
        let inputs = vec![self.here()];
        self.layers.push(Layer::new(operation, inputs));
        self.shape = output_shape(&operation, self.shape).unwrap_or(self.shape);
    }

    /// A convolution of what is there, and its batch normalisation.
    pub(super) fn conv(&mut self, out_channels: usize, window: Window) {
        let in_channels = match self.shape {
            Shape::Map { channels, .. } => channels,
            Shape::Vector { features } => features,
        };
        self.push(Operation::Convolution(Convolution {
            in_channels,
            out_channels,
            kernel_size: window.kernel,
            stride: window.stride,
            padding: window.padding,
            groups: 1,
        }));
        self.push(Operation::BatchNorm { features: out_channels });
    }

    /// The same from another layer than the last, whose output has that many channels.
    pub(super) fn conv_from(&mut self, (from, shape): (At, Shape), conv: (usize, Window)) {
        self.shape = shape;
        let position = self.layers.len();
        self.conv(conv.0, conv.1);
        if let Some(layer) = self.layers.get_mut(position) {
            layer.inputs = vec![from];
        }
    }

    pub(super) fn relu(&mut self) {
        self.push(Operation::Relu);
    }

    pub(super) fn conv_relu(&mut self, out_channels: usize, window: Window) {
        self.conv(out_channels, window);
        self.relu();
    }

    /// The largest of every 2×2 window.
    pub(super) fn max_pool(&mut self) {
        let mode = PoolingMode::Max;
        self.push(Operation::Pooling(Pooling { mode, kernel_size: 2, stride: 2, padding: 0 }));
    }

    /// The last layer's output plus that of another.
    pub(super) fn add(&mut self, other: At) {
        let inputs = vec![self.here(), other];
        self.layers.push(Layer::new(Operation::ElementSum, inputs));
    }

    /// The last layer's position and shape.
    pub(super) fn mark(&self) -> (At, Shape) {
        (self.here(), self.shape)
    }

    pub(super) fn view(&mut self) {
        self.push(Operation::View);
    }

    /// A fully connected layer of all features that are there.
    pub(super) fn fc(&mut self, out_features: usize) {
        let in_features = self.shape.elements();
        self.push(Operation::FullyConnected { in_features, out_features });
    }

    /// A hidden fully connected layer.
    pub(super) fn hidden(&mut self, out_features: usize) {
        self.fc(out_features);
        self.push(Operation::Dropout);
        self.relu();
    }
}
