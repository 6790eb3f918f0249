//! What makes a network impossible to run on a hardware.

use pimnas_hardware::HardwareError;
use pimnas_network::NetworkErrors;
use thiserror::Error;

use crate::graph::MAX_POSITIONS;
use crate::mapping::MAX_TILES;

/// Where in a network something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRef {
    /// Index in the network's layer list.
    pub index: usize,
    /// Kind of the layer, as layer lists name it.
    pub kind: &'static str,
}

impl std::fmt::Display for LayerRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "layer {} ({})", self.index, self.kind)
    }
}

/// Why a network cannot be simulated on a hardware.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SimulationError {
    /// The network itself is not sound.
    #[error(transparent)]
    Network(#[from] NetworkErrors),
    /// A component cannot be built.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// No layer that sits in crossbars, pools or sums.
    #[error("the network has no convolution, fully connected, pooling or sum layer")]
    NothingToRun,
    /// A kernel does not fit the rows of a crossbar.
    #[error(
        "{layer}: one input channel of its {kernel}×{kernel} kernel takes {needed} rows, \
         but a crossbar has {rows}"
    )]
    KernelTooLarge {
        /// The layer.
        layer: LayerRef,
        /// Kernel side.
        kernel: usize,
        /// Rows that one channel takes.
        needed: u64,
        /// Rows of a crossbar.
        rows: u32,
    },
    /// Weights of too few bits.
    #[error("{layer}: weights of {bits} bit leave none to store beside the sign")]
    NoWeightBits {
        /// The layer.
        layer: LayerRef,
        /// Bits of a weight.
        bits: u32,
    },
    /// A layer with weights does not say how many bits they have.
    #[error("{layer}: no weight precision")]
    UnknownWeightBits {
        /// The layer.
        layer: LayerRef,
    },
    /// More tiles are needed than the mesh has.
    #[error("the network needs {needed} tiles, but the mesh of {rows}×{columns} has {available}")]
    TooFewTiles {
        /// Tiles needed.
        needed: u64,
        /// Tiles of the mesh.
        available: u64,
        /// Rows of the mesh.
        rows: u32,
        /// Columns of the mesh.
        columns: u32,
    },
    /// More output positions than are worth a finish time each.
    #[error(
        "{layer}: with it, the network has {total} output positions, more than {MAX_POSITIONS}"
    )]
    TooManyPositions {
        /// The layer that exceeds the limit.
        layer: LayerRef,
        /// Positions of the layers up to this one.
        total: usize,
    },
    /// More tiles in use than are worth a place each.
    #[error("the network takes {needed} tiles, more than {MAX_TILES}")]
    TooManyTiles {
        /// Tiles needed.
        needed: u64,
    },
    /// Replication of a layer that cannot be replicated, or for a wrong number of layers.
    #[error("{0}")]
    Replication(String),
    /// A number left the range in which the models mean something.
    #[error("{what} is out of range: {value}")]
    OutOfRange {
        /// What.
        what: String,
        /// Its value.
        value: f64,
    },
}

impl SimulationError {
    /// A stable name of its kind, such as `mapping-too-few-tiles`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Network(errors) => errors.first().code.as_str(),
            Self::Hardware(_) => "hardware-component",
            Self::NothingToRun => "mapping-nothing-to-run",
            Self::KernelTooLarge { .. } => "mapping-kernel-too-large",
            Self::NoWeightBits { .. } => "mapping-no-weight-bits",
            Self::UnknownWeightBits { .. } => "mapping-unknown-weight-bits",
            Self::TooFewTiles { .. } => "mapping-too-few-tiles",
            Self::TooManyPositions { .. } => "mapping-too-many-positions",
            Self::TooManyTiles { .. } => "mapping-too-many-tiles",
            Self::Replication(_) => "mapping-replication",
            Self::OutOfRange { .. } => "mapping-out-of-range",
        }
    }

    /// What to do about it, if there is something to say beyond the message.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Network(_) => None,
            Self::Hardware(error) => Some(error.hint().to_owned()),
            Self::NothingToRun => {
                Some("add a layer that has a circuit: conv, fc, pooling or element_sum".to_owned())
            }
            Self::KernelTooLarge { needed, .. } => Some(format!(
                "use a smaller kernel, or set Crossbar level/Xbar_Size to at least {needed} rows"
            )),
            Self::NoWeightBits { .. } => Some("use weights of 2 bits or more".to_owned()),
            Self::UnknownWeightBits { .. } => {
                Some("give the layer a weight_bit (or weight_info) entry".to_owned())
            }
            Self::TooFewTiles { needed, .. } => {
                let side = (*needed as f64).sqrt().ceil();
                Some(format!(
                    "set Architecture level/Tile_Num to at least {side},{side}, or use larger \
                     crossbars or more PEs a tile"
                ))
            }
            Self::TooManyPositions { .. } => {
                Some("use smaller feature maps, or check the shape of the input".to_owned())
            }
            Self::TooManyTiles { .. } => {
                Some("use larger crossbars or more PEs a tile, or a smaller network".to_owned())
            }
            Self::Replication(_) => Some(
                "give one number for each hardware layer, above 1 for convolutions only".into(),
            ),
            Self::OutOfRange { .. } => Some("check the units of the configuration".to_owned()),
        }
    }
}
