//! Networks to try things with, in the form that they are usually run on crossbars:
//! batch normalisation behind every convolution, 9-bit weights and activations.
//!
//! The layers are sized for 32×32 images of three channels. For another input the layers stay
//! and the first fully connected layer takes as many features as the map before it has: no
//! layer is added that would shrink the map first.

mod alexnet;
mod builder;
mod lenet;
mod resnet18;
mod vgg16;
mod vgg8;

use builder::Builder;

use crate::error::{NetworkError, NetworkErrorCode, NetworkErrors};
use crate::layer::Network;
use pimnas_suggest as suggest;

/// What the networks are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZooOptions {
    /// Classes, the features of the output: 10 for CIFAR-10, 100 for CIFAR-100.
    pub classes: usize,
    /// Side of the square input of three channels: 32 for CIFAR, 224 for ImageNet.
    pub input: usize,
}

impl Default for ZooOptions {
    /// CIFAR-10: 10 classes, 32×32.
    fn default() -> Self {
        Self { classes: 10, input: 32 }
    }
}

/// Adds the layers of a network.
type Recipe = fn(&mut Builder, ZooOptions);

const RECIPES: [(&str, Recipe); 5] = [
    ("lenet", lenet::layers),
    ("vgg8", vgg8::layers),
    ("vgg16", vgg16::layers),
    ("alexnet", alexnet::layers),
    ("resnet18", resnet18::layers),
];

/// The names that [`build`] knows.
pub const NAMES: [&str; 5] = [RECIPES[0].0, RECIPES[1].0, RECIPES[2].0, RECIPES[3].0, RECIPES[4].0];

/// Builds the network of that name.
///
/// # Errors
/// A name that is not in [`NAMES`]; an input too small for the network's strides and pools, or
/// beyond the limits of [`Network::validate`].
///
/// ```
/// use pimnas_network::{Shape, ShapedNetwork, zoo};
///
/// let options = zoo::ZooOptions { classes: 1000, input: 224 };
/// let resnet = zoo::build("resnet18", options)?;
/// assert_eq!(ShapedNetwork::new(&resnet)?.output(), Shape::Vector { features: 1000 });
/// assert_eq!(zoo::build("resnet", options).unwrap_err().hint(), Some("did you mean `resnet18`?"));
/// # Ok::<(), pimnas_network::NetworkErrors>(())
/// ```
pub fn build(name: &str, options: ZooOptions) -> Result<Network, NetworkErrors> {
    let Some(&(name, recipe)) = RECIPES.iter().find(|(known, _)| *known == name) else {
        let message = format!("there is no network `{}` in the zoo", suggest::shown(name));
        let error = NetworkError::new(NetworkErrorCode::UnknownNetwork, message);
        return Err(error.with_hint(suggest::hint(name, NAMES)).into());
    };
    let mut builder = Builder::new(options.input);
    recipe(&mut builder, options);
    let network = builder.finish(name);
    network.validate()?;
    Ok(network)
}
