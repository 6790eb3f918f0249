//! What a search asks of a candidate on a hardware: outputs on crossbars and in fixed point,
//! latency, energy, area and power.
//!
//! A [`CandidateNet`] is a network with its weights; a [`HardwareInterface`] puts it on a hardware
//! and answers. Nothing here reads files.
//!
//! ```
//! use pimnas_config::RawConfig;
//! use pimnas_infer::{Parameters, Tensor};
//! use pimnas_interface::{CandidateNet, HardwareInterface, InnerPipeline};
//! use pimnas_network::Network;
//!
//! let layers = r#"[{"_type": "fc", "in_features": 4, "out_features": 2, "from": [0], "to": [1],
//!     "input": [[9, 1.0, [4]]], "output": [[9, 1.0, [2]]],
//!     "weight_info": {"bit": 9, "scale": 1.0}}]"#;
//! let mut weights = Parameters::new();
//! weights.insert("0.weight", Tensor::new([2, 4], vec![0.5; 8])?);
//! let candidate = CandidateNet::new(Network::from_candidate_json(layers)?, weights);
//! let hardware = pimnas_config::resolve(&RawConfig::reference_default())?;
//!
//! let interface = HardwareInterface::new(&candidate, &hardware);
//! let outputs = interface.hardware_evaluate(&Tensor::new([1, 4], vec![0.25; 4])?)?;
//! assert_eq!(outputs.dims(), [1, 2]);
//! assert!(interface.latency_evaluate(InnerPipeline::Enabled)? > 0.0);
//! assert!(interface.energy_evaluate(InnerPipeline::Enabled)? > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidate;
mod costs;
mod error;
mod interface;
mod model;
mod scales;
mod study;

pub use candidate::CandidateNet;
pub use error::InterfaceError;
pub use interface::{CrossbarOverride, HardwareInterface, InterfaceOptions};
pub use model::{Calibration, Model, ModelQuirks};
pub use pimnas_simulate::InnerPipeline;
pub use scales::with_scales;
pub use study::{EffectStages, Stage, Study};
