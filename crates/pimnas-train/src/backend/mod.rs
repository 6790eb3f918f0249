//! The operations that Burn's back ends are extended by.
//!
//! On the CPU (`Flex`) they run on this crate's kernels. The functions of [`crate::ops`] call
//! them there, and compose the same from Burn's own operations on any other device.

mod autodiff;
mod flex;
mod map;
mod recycle;
mod shared;

use burn_backend::Backend;
use burn_backend::tensor::FloatTensor;
use burn_backend_extension::backend_extension;

/// The paths that the macro below writes. The crate `burn` has them, too, with modules and
/// regular expressions that nothing here needs and every build would wait for.
mod burn {
    pub mod backend {
        pub use burn_backend::*;
        pub use burn_dispatch::{backend::*, backends::*, device::*, tensor::*};
    }
}

pub use map::{Map, Tail, Targets};
pub use shared::Use;

use crate::kernel::conv::ConvOptions;
use crate::kernel::element::Activation;

/// Operations of layers. Maps are items × rows × columns × channels, vectors items × features,
/// all of 32-bit floats.
#[backend_extension(Autodiff, Flex)]
pub trait TrainBackend: Backend {
    /// Convolution of a map with weights of output × kernel × kernel × input of a group.
    fn train_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvOptions,
    ) -> FloatTensor<Self>;

    /// Vectors times the transposed weights, which are output × input.
    fn train_linear(input: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// An operation without parameters.
    fn train_map(input: FloatTensor<Self>, map: Map) -> FloatTensor<Self>;

    /// The same value, for one of the layers that read it.
    fn train_use(input: FloatTensor<Self>, place: Use) -> FloatTensor<Self>;

    /// activation(left + right)
    fn train_add(
        left: FloatTensor<Self>,
        right: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// Batch normalisation with the moments of this batch, and what follows. The second tensor
    /// has no gradient: mean, biased variance, least and largest value of each channel, and the
    /// full range of the quantiser.
    fn train_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        tail: Tail,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The mean cross-entropy of softmax, one value.
    fn train_loss(logits: FloatTensor<Self>, targets: Targets) -> FloatTensor<Self>;

    /// Largest magnitude, mean and standard deviation of the values; without gradient.
    fn train_range(input: FloatTensor<Self>) -> FloatTensor<Self>;
}
