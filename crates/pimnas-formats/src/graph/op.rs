//! What nodes compute.

/// An operation on one value at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// max(x, 0).
    Relu,
    /// x where it is positive, x · slope otherwise.
    LeakyRelu {
        /// Slope on the negative side.
        slope: f32,
    },
    /// 1 / (1 + e^−x).
    Sigmoid,
    /// tanh(x).
    Tanh,
    /// min(max(alpha · x + beta, 0), 1).
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
}

/// An operation on values of several tensors that are repeated to one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a · b.
    Mul,
    /// a / b; of integers, towards zero.
    Div,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

/// Zeros around a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Those in front of each spatial dimension, then those behind each; none where empty.
    Explicit(Vec<usize>),
    /// As many as give ceil(size / stride) outputs, an odd one behind.
    SameUpper,
    /// The same, an odd one in front.
    SameLower,
}

/// How the number of outputs is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Windows that reach outside are left out.
    Floor,
    /// The last window may reach outside.
    Ceil,
}

/// A window that slides over the spatial dimensions. Empty lists stand for ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Sizes; of a convolution they follow from its weights where empty.
    pub kernel: Vec<usize>,
    /// Steps.
    pub strides: Vec<usize>,
    /// Distances of neighbouring elements.
    pub dilations: Vec<usize>,
    /// Padding.
    pub padding: Padding,
    /// Rounding of the number of outputs.
    pub rounding: Rounding,
}

/// How a window is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Largest value; padding never is.
    Max,
    /// Mean of the values inside the map.
    MeanInside,
    /// Mean with the padding as zeros.
    MeanPadded,
}

/// Order in which the places of a map are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceOrder {
    /// Along its last dimension first.
    RowMajor,
    /// Along its first dimension first.
    ColumnMajor,
}

/// Values around a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A constant.
    Constant,
    /// The outermost value again and again.
    Repeat,
    /// The values mirrored at the outermost one, which is not repeated.
    Reflect,
}

/// Number type of a `Cast`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastTo {
    /// 32-bit floats.
    F32,
    /// 16-bit floats: rounded to them, kept as 32-bit ones.
    F16,
    /// The other 16-bit floats (bfloat16), the same way.
    Bf16,
    /// 64-bit floats.
    F64,
    /// 64-bit integers.
    I64,
    /// 32-bit integers.
    I32,
    /// 8-bit integers.
    I8,
    /// Unsigned 8-bit integers.
    U8,
    /// Truth values.
    Bool,
}

/// Rounding of a quantiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantRounding {
    /// To the nearest, halves to the even one.
    Even,
    /// Up.
    Ceil,
    /// Down.
    Floor,
    /// Towards zero.
    Zero,
}

/// Dimensions that a node states itself or takes as an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Stated.
    Stated(Vec<i64>),
    /// The node's second input, all dimensions (squeeze, mean) where it lacks one.
    Input,
}

/// What a node computes. Inputs and outputs are those of the ONNX operator of that name.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Value by value.
    Unary(Unary),
    /// min(max(x, low), high); bounds are stated or the second and third input.
    Clip {
        /// Lower bound.
        low: Option<f32>,
        /// Upper bound.
        high: Option<f32>,
    },
    /// Value by value with repetition; one or more inputs.
    Binary {
        /// What is done.
        binary: Binary,
        /// Old form: the second input's dimensions begin at that one of the first.
        axis: Option<i64>,
    },
    /// Convolution: data, weights, perhaps a bias.
    Conv {
        /// Window.
        window: Window,
        /// Groups of channels.
        groups: usize,
    },
    /// Pooling.
    Pool {
        /// Window.
        window: Window,
        /// Reduction.
        reduction: Reduction,
    },
    /// The largest values of windows, and as a second output their places in the data.
    MaxPoolIndices {
        /// The window.
        window: Window,
        /// Order in which places are counted.
        order: PlaceOrder,
    },
    /// Pooling over the whole map.
    GlobalPool(Reduction),
    /// alpha · A · B + beta · C.
    Gemm {
        /// Factor of the product.
        alpha: f32,
        /// Factor of C.
        beta: f32,
        /// Whether A is transposed.
        transpose_a: bool,
        /// Whether B is transposed.
        transpose_b: bool,
    },
    /// Matrix product of the last two dimensions.
    MatMul,
    /// Batch normalisation: data, scale, shift, mean, variance.
    BatchNorm {
        /// What is added to the variance.
        epsilon: f32,
    },
    /// Normalisation by the squares of neighbouring channels.
    LocalResponse {
        /// Factor of the sum.
        alpha: f32,
        /// Exponent.
        beta: f32,
        /// What is added.
        bias: f32,
        /// Channels in the sum.
        size: usize,
    },
    /// Softmax over a dimension, or in the older form over all from it on.
    Softmax {
        /// The dimension.
        axis: i64,
        /// Whether all dimensions from it on are one.
        flattened: bool,
    },
    /// Mean over dimensions.
    Mean {
        /// Which.
        axes: Axes,
        /// Whether they stay as ones.
        keep: bool,
    },
    /// Quantisation to a grid: data, scale, zero point, bits.
    Quant {
        /// Whether codes may be negative.
        signed: bool,
        /// Whether the lowest code is left out.
        narrow: bool,
        /// Rounding.
        rounding: QuantRounding,
    },
    /// Integer codes of a scale: data, scale, perhaps a zero point, whose type is that of the codes.
    Quantise {
        /// The dimension of scales and zero points where there are several.
        axis: i64,
    },
    /// The numbers that codes stand for: codes, scale, perhaps a zero point.
    Dequantise {
        /// The dimension of scales and zero points where there are several.
        axis: i64,
    },
    /// Nothing.
    Identity,
    /// Nothing at inference; a second output is all true.
    Dropout,
    /// Everything before a dimension in one, everything from it on in another.
    Flatten {
        /// The dimension.
        axis: i64,
    },
    /// Other dimensions: data, dimensions.
    Reshape {
        /// Whether 0 means zero and not the input's own.
        zero_is_zero: bool,
    },
    /// Dimensions in another order, reversed where none is stated.
    Transpose {
        /// The order.
        order: Vec<usize>,
    },
    /// Without dimensions of one.
    Squeeze(Axes),
    /// With dimensions of one.
    Unsqueeze(Axes),
    /// One behind the other along a dimension.
    Concat {
        /// The dimension.
        axis: i64,
    },
    /// A part; the bounds are stated (starts, ends, axes) or inputs.
    Slice {
        /// Starts, ends and axes where they are stated.
        stated: Option<(Vec<i64>, Vec<i64>, Vec<i64>)>,
    },
    /// Entries by index: data, indices.
    Gather {
        /// The dimension.
        axis: i64,
    },
    /// The dimensions as a vector.
    Shape {
        /// First that is given.
        start: i64,
        /// First that is not given again.
        end: Option<i64>,
    },
    /// Numbers of another type.
    Cast(CastTo),
    /// A constant.
    Constant {
        /// It.
        value: crate::tensor::Tensor,
    },
    /// A constant in dimensions that are the input.
    ConstantOfShape {
        /// The constant: one value.
        value: crate::tensor::Tensor,
    },
    /// Values around a tensor: stated pads and value, or inputs.
    Pad {
        /// Which values.
        edge: Edge,
        /// Pads and value where they are stated.
        stated: Option<(Vec<i64>, f32)>,
    },
}
