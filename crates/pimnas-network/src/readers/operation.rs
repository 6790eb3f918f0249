//! The operations of both forms of layers.

use serde_json::Value;

use super::fields::Fields;
use crate::error::NetworkErrorCode;
use crate::layer::{Convolution, Operation, Pooling, PoolingMode};

/// Layer types, as files name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Conv,
    GroupConv,
    Fc,
    Bn,
    Relu,
    HardTanh,
    View,
    Flatten,
    Dropout,
    Pooling,
    ElementSum,
    AdaptiveAverage,
    Expand,
    Downsample,
    /// A pooling whose window follows from its sizes.
    SizedPooling,
    /// A candidate's quantisation layer, which is not taken.
    Quantize,
}

/// The names of types in one form.
pub(super) type Names = &'static [(&'static str, Kind)];

/// Types of layer lists.
pub(super) const LAYER_LIST: Names = &[
    ("conv", Kind::Conv),
    ("group_conv", Kind::GroupConv),
    ("fc", Kind::Fc),
    ("bn", Kind::Bn),
    ("relu", Kind::Relu),
    ("hard_tanh", Kind::HardTanh),
    ("view", Kind::View),
    ("flatten", Kind::Flatten),
    ("dropout", Kind::Dropout),
    ("pooling", Kind::Pooling),
    ("element_sum", Kind::ElementSum),
    ("AdaptiveAvgPool2d", Kind::AdaptiveAverage),
    ("expand", Kind::Expand),
    ("downsample", Kind::Downsample),
];

/// Types of candidates.
pub(super) const CANDIDATE: Names = &[
    ("conv", Kind::Conv),
    ("group_conv", Kind::GroupConv),
    ("fc", Kind::Fc),
    ("bn", Kind::Bn),
    ("relu", Kind::Relu),
    ("hard_tanh", Kind::HardTanh),
    ("flatten", Kind::Flatten),
    ("element_sum", Kind::ElementSum),
    ("adaptive_pooling", Kind::SizedPooling),
    ("AdaptiveAvgPool2d", Kind::SizedPooling),
    ("expand", Kind::Expand),
    ("downsample", Kind::Downsample),
    ("quantize", Kind::Quantize),
];

/// The type of that name.
pub(super) fn kind_of(name: &str, names: Names) -> Option<Kind> {
    names.iter().find(|(known, _)| *known == name).map(|&(_, kind)| kind)
}

/// Reads the keys of an operation, reporting what is wrong.
pub(super) fn read(kind: Kind, fields: &mut Fields<'_, '_>) -> Option<Operation> {
    match kind {
        Kind::Conv | Kind::GroupConv => convolution(kind, fields).map(Operation::Convolution),
        Kind::Fc => {
            let (in_features, out_features) =
                (fields.size("in_features"), fields.size("out_features"));
            Some(Operation::FullyConnected {
                in_features: in_features?,
                out_features: out_features?,
            })
        }
        Kind::Bn => fields.size("features").map(|features| Operation::BatchNorm { features }),
        Kind::Relu => Some(Operation::Relu),
        Kind::HardTanh => Some(Operation::HardTanh),
        Kind::View => Some(Operation::View),
        Kind::Flatten => {
            let (start_dim, end_dim) = (fields.integer("start_dim"), fields.integer("end_dim"));
            Some(Operation::Flatten { start_dim: start_dim?, end_dim: end_dim? })
        }
        Kind::Dropout => Some(Operation::Dropout),
        Kind::Pooling => pooling(fields).map(Operation::Pooling),
        Kind::ElementSum => Some(Operation::ElementSum),
        Kind::AdaptiveAverage => fields
            .sides("output_size")
            .map(|output_size| Operation::AdaptiveAveragePooling { output_size }),
        Kind::Expand => {
            fields.size("max_channels").map(|max_channels| Operation::Expand { max_channels })
        }
        Kind::Downsample => Some(Operation::Downsample),
        Kind::SizedPooling => sized_pooling(fields).map(Operation::Pooling),
        Kind::Quantize => {
            fields.report(
                NetworkErrorCode::Unsupported,
                "a quantisation layer has no place on the crossbars",
                "state the precision in the input and output of the layers around it",
            );
            None
        }
    }
}

fn convolution(kind: Kind, fields: &mut Fields<'_, '_>) -> Option<Convolution> {
    let in_channels = fields.size("in_channels");
    let out_channels = fields.size("out_channels");
    let kernel_size = fields.size("kernel_size");
    let stride = fields.size_or("stride", 1);
    let padding = fields.size_or("padding", 0);
    let groups = if kind == Kind::GroupConv { groups(fields) } else { Some(1) };
    Some(Convolution {
        in_channels: in_channels?,
        out_channels: out_channels?,
        kernel_size: kernel_size?,
        stride: stride?,
        padding: padding?,
        groups: groups?,
    })
}

fn groups(fields: &mut Fields<'_, '_>) -> Option<usize> {
    let groups = fields.size("groups")?;
    if groups < 2 {
        let why = format!("groups is {groups}, but a grouped convolution has 2 or more");
        fields.report(NetworkErrorCode::BadValue, &why, "use the type conv for a dense one");
        return None;
    }
    Some(groups)
}

fn pooling(fields: &mut Fields<'_, '_>) -> Option<Pooling> {
    let mode = fields.required("mode");
    let mode = mode.and_then(|mode| pooling_mode(fields, mode));
    let kernel_size = fields.size("kernel_size");
    let stride = fields.size("stride");
    let padding = fields.size_or("padding", 0);
    Some(Pooling { mode: mode?, kernel_size: kernel_size?, stride: stride?, padding: padding? })
}

fn pooling_mode(fields: &mut Fields<'_, '_>, value: &Value) -> Option<PoolingMode> {
    match value.as_str() {
        Some("MAX") => Some(PoolingMode::Max),
        Some("AVE") => Some(PoolingMode::Average),
        Some(_) | None => {
            fields.bad("mode", value, "\"MAX\" or \"AVE\"");
            None
        }
    }
}

/// A candidate's adaptive pooling: the window is the input's size over the output's.
fn sized_pooling(fields: &mut Fields<'_, '_>) -> Option<Pooling> {
    let mode = match fields.optional("mode") {
        Some(mode) => pooling_mode(fields, mode),
        None => Some(PoolingMode::Average),
    };
    let (input, output) = (fields.sides("input_size"), fields.sides("output_size"));
    let (mode, input, output) = (mode?, input?, output?);
    let window = |input: usize, output: usize| {
        (input.checked_rem(output) == Some(0)).then(|| input.checked_div(output)).flatten()
    };
    let window = match (window(input.0, output.0), window(input.1, output.1)) {
        (Some(rows), Some(columns)) if rows == columns => rows,
        (Some(_) | None, Some(_) | None) => {
            let why = format!(
                "its input of {}×{} does not divide into an output of {}×{} by one square window",
                input.0, input.1, output.0, output.1
            );
            let hint = "let input_size be the same multiple of output_size in both directions";
            fields.report(NetworkErrorCode::BadValue, &why, hint);
            return None;
        }
    };
    Some(Pooling { mode, kernel_size: window, stride: window, padding: 0 })
}
