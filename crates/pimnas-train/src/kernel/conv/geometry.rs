//! Where a convolution reads and writes.

use pimnas_network::Convolution;

/// Which row and column of its raw output an even kernel loses.
///
/// Only even kernels that pad by at least half their size do; the reference calls it
/// `padding_flag`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EvenEdge {
    /// The first (flag 0).
    First,
    /// The last (flag 1).
    #[default]
    Last,
}

impl EvenEdge {
    /// The flag as weights files have it.
    #[must_use]
    pub fn flag(self) -> f32 {
        match self {
            Self::First => 0.0,
            Self::Last => 1.0,
        }
    }
}

/// How a convolution moves over a map; all but the sizes of the map and the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvOptions {
    /// Step of the window in both directions.
    pub stride: usize,
    /// Zeros on all four sides.
    pub padding: usize,
    /// Groups of channels, each convolved on its own.
    pub groups: usize,
    /// What an even kernel's output loses.
    pub edge: EvenEdge,
}

impl ConvOptions {
    /// Those of a layer.
    #[must_use]
    pub fn of(layer: &Convolution, edge: EvenEdge) -> Self {
        Self { stride: layer.stride, padding: layer.padding, groups: layer.groups, edge }
    }
}

/// A batch of maps: items × rows × columns × channels, channels innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MapShape {
    /// Items of the batch.
    pub items: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl MapShape {
    /// Values of an item.
    #[must_use]
    pub fn item(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Values of the batch.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.items * self.item()
    }

    /// Positions of the batch.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.items * self.height * self.width
    }
}

/// A convolution of maps of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    /// The input.
    pub input: MapShape,
    /// The output.
    pub output: MapShape,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step of the window.
    pub stride: usize,
    /// Groups.
    pub groups: usize,
    /// Row and column of the input at which the first window begins; negative in the padding.
    pub origin: isize,
}

impl ConvGeometry {
    /// The geometry for an input, a square kernel of that side and that many output channels.
    /// Sizes that do not fit (checked by shape inference before) give an empty output.
    #[must_use]
    pub fn new(input: MapShape, (outputs, kernel): (usize, usize), options: ConvOptions) -> Self {
        let ConvOptions { stride, padding, groups, edge } = options;
        let stride = stride.max(1);
        let drops = kernel.is_multiple_of(2) && padding >= kernel / 2;
        let positions = |side: usize| {
            let raw = (side + 2 * padding).checked_sub(kernel).map_or(0, |room| room / stride + 1);
            raw.saturating_sub(usize::from(drops))
        };
        let output = MapShape {
            items: input.items,
            height: positions(input.height),
            width: positions(input.width),
            channels: outputs,
        };
        let skipped = match edge {
            EvenEdge::First if drops => stride as isize,
            EvenEdge::First | EvenEdge::Last => 0,
        };
        let origin = skipped - padding as isize;
        Self { input, output, kernel, stride, groups: groups.max(1), origin }
    }

    /// Input channels of a group.
    #[must_use]
    pub fn group_inputs(&self) -> usize {
        self.input.channels / self.groups
    }

    /// Output channels of a group.
    #[must_use]
    pub fn group_outputs(&self) -> usize {
        self.output.channels / self.groups
    }

    /// Weights of an output channel: kernel rows × kernel columns × input channels of a group.
    #[must_use]
    pub fn row(&self) -> usize {
        self.kernel * self.kernel * self.group_inputs()
    }

    /// Number of weights.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.output.channels * self.row()
    }
}
