//! Accuracy of rollouts at every stage that a search asks for.

use std::ops::Range;
use std::sync::Arc;

use pimnas_config::Hardware;
use pimnas_data::{Dataset, Normalisation};
use pimnas_device::{Draw, NonIdealities, Seed};
use pimnas_formats::NamedTensors;
use pimnas_infer::accuracy::{Images, Score};
use pimnas_infer::{AdcRange, Mode, Parameters, Tensor};
use pimnas_interface::{CandidateNet, HardwareInterface, InterfaceOptions};
use pimnas_search::{HardwareChoice, Rollout};
use pimnas_train::{Changes, Loader, Precision, TrainBatch};

use crate::assemble::Assembled;
use crate::error::SupernetError;
use crate::settings::CalibrationSettings;
use crate::supernet::SuperNet;
use crate::trainer::{Calibration, SupernetTrainer, right};

/// Images of a forward pass in training's arithmetic.
const BATCH: usize = 100;

/// The images of an evaluator.
#[derive(Clone, Copy, Debug)]
pub struct EvaluatorImages<'a> {
    /// On which candidates are calibrated: those of the training.
    pub training: &'a Dataset,
    /// On which they are judged: none of the training.
    pub held_out: &'a Dataset,
    /// How pixels become inputs, as in the training.
    pub normalisation: &'a Normalisation,
}

/// Judges rollouts with the weights of a trained super net. A copy shares all of it, and many
/// threads may ask the same one: an answer follows from the rollout alone, bit for bit.
#[derive(Clone)]
pub struct SupernetEvaluator {
    net: Arc<SuperNet>,
    precision: Precision,
    calibration: Arc<Calibration>,
    held_out: Arc<HeldOut>,
}

/// The same images as training and as inference take them.
struct HeldOut {
    batches: Vec<TrainBatch>,
    images: Images,
}

impl SupernetEvaluator {
    /// An evaluator with the weights that the training has.
    ///
    /// # Errors
    /// Images that the space's networks do not take, or of other classes.
    pub fn new(
        trainer: &SupernetTrainer,
        images: EvaluatorImages<'_>,
        calibration: CalibrationSettings,
    ) -> Result<Self, SupernetError> {
        trainer.check(images.training)?;
        trainer.check(images.held_out)?;
        let loader = trainer.loader(images.training, images.normalisation);
        let calibrated = Loader { batch: calibration.images.max(2), ..loader.clone() };
        let held_out = Loader { dataset: images.held_out, changes: Changes::default(), ..loader };
        Ok(Self {
            net: Arc::new(trainer.net.clone()),
            precision: trainer.options.precision,
            calibration: Arc::new(Calibration::new(&calibrated, calibration.batches)),
            held_out: Arc::new(HeldOut::new(&held_out)?),
        })
    }

    /// The super net.
    #[must_use]
    pub fn net(&self) -> &SuperNet {
        &self.net
    }

    /// Number of images on which candidates are judged.
    #[must_use]
    pub fn images(&self) -> usize {
        self.held_out.images.len()
    }

    /// The candidate of a rollout, calibrated.
    ///
    /// # Errors
    /// A rollout that does not decode.
    pub fn candidate(&self, rollout: &Rollout) -> Result<JudgedCandidate, SupernetError> {
        let mut assembled = match self.net.assemble_candidate(rollout) {
            // The space has larger networks than its edges showed.
            Err(SupernetError::TooLarge { .. }) => {
                let mut grown = SuperNet::clone(&self.net);
                grown.grow(rollout)?;
                grown.assemble_candidate(rollout)?
            }
            found => found?,
        };
        assembled.calibrate(&self.calibration.batches, self.precision)?;
        let (network, tensors) = match self.precision {
            Precision::Quantised => assembled.graph_and_parameters()?,
            Precision::Float => assembled.model.float_candidate()?,
        };
        let net = CandidateNet::new(network, parameters(&tensors)?);
        Ok(JudgedCandidate { assembled, net, of: self.clone() })
    }
}

impl HeldOut {
    fn new(loader: &Loader<'_>) -> Result<Self, SupernetError> {
        let count = loader.dataset.len();
        let batches: Vec<TrainBatch> = (0..count)
            .step_by(BATCH)
            .map(|start| loader.plain(start..(start + BATCH).min(count)))
            .collect();
        let (mut planes, mut labels, mut shape) = (Vec::new(), Vec::new(), [0; 4]);
        for batch in &batches {
            let [_, height, width, channels] = batch.dims;
            shape = [count, channels, height, width];
            for item in batch.images.chunks((height * width * channels).max(1)) {
                for channel in 0..channels {
                    planes.extend(item.iter().skip(channel).step_by(channels));
                }
            }
            labels.extend_from_slice(&batch.labels);
        }
        let images = Images::new(&Tensor::new(shape, planes)?, &labels)?;
        Ok(Self { batches, images })
    }
}

/// The tensors of a candidate as inference takes them.
fn parameters(tensors: &NamedTensors) -> Result<Parameters, SupernetError> {
    let mut parameters = Parameters::new();
    for (name, tensor) in tensors.iter() {
        parameters.insert(name, Tensor::new(tensor.dims(), tensor.to_f32())?);
    }
    Ok(parameters)
}

/// A calibrated candidate and the images on which it is judged.
#[derive(Clone)]
pub struct JudgedCandidate {
    assembled: Assembled,
    net: CandidateNet,
    of: SupernetEvaluator,
}

impl JudgedCandidate {
    /// The candidate with its training-side model.
    #[must_use]
    pub fn assembled(&self) -> &Assembled {
        &self.assembled
    }

    /// The network with scales and quantised weights, as the interface takes it; without scales
    /// where the super net was trained in floats.
    #[must_use]
    pub fn net(&self) -> &CandidateNet {
        &self.net
    }

    /// What the rollout decides of the hardware; [`HardwareChoice::apply`] realises it.
    #[must_use]
    pub fn hardware(&self) -> &HardwareChoice {
        &self.assembled.hardware
    }

    /// One-shot accuracy: training's forward pass with the calibrated statistics.
    ///
    /// # Errors
    /// What a forward pass may say.
    pub fn one_shot(&self) -> Result<Score, SupernetError> {
        let mut score = Score { right: 0, images: 0 };
        for batch in &self.of.held_out.batches {
            let logits = self.assembled.logits(batch, self.of.precision)?;
            score.right += right(&logits, &batch.labels);
            score.images += batch.labels.len();
        }
        Ok(score)
    }

    /// The candidate on a hardware. Nothing is computed yet.
    #[must_use]
    pub fn on(&self, hardware: &Hardware, options: InterfaceOptions) -> JudgedOnHardware {
        let interface = HardwareInterface::with_options(&self.net, hardware, options);
        JudgedOnHardware { interface, held_out: Arc::clone(&self.of.held_out) }
    }
}

/// A calibrated candidate on a hardware. What is computed is kept: a stage that is asked for again
/// binds nothing anew. Many threads may ask the same one.
pub struct JudgedOnHardware {
    interface: HardwareInterface,
    held_out: Arc<HeldOut>,
}

impl JudgedOnHardware {
    /// The interface: latency, energy, area, power, and outputs of any images.
    #[must_use]
    pub fn interface(&self) -> &HardwareInterface {
        &self.interface
    }

    /// Accuracy in fixed point.
    ///
    /// # Errors
    /// A super net that was trained in floats: its candidates have no scales.
    pub fn fixed_point(&self) -> Result<Score, SupernetError> {
        self.score(Mode::FixedPoint)
    }

    /// Accuracy on crossbars with ideal cells and converters.
    ///
    /// # Errors
    /// As [`Self::fixed_point`]; kernels and precisions that the crossbars do not take.
    pub fn on_crossbars(&self, range: AdcRange) -> Result<Score, SupernetError> {
        self.score(Mode::Crossbar(range))
    }

    /// Accuracy on crossbars for each of the draws of non-ideal cells and converters. A draw
    /// belongs to the seed and its number alone.
    ///
    /// # Errors
    /// As [`Self::on_crossbars`]; figures of the non-idealities that are out of their range.
    pub fn drawn(
        &self,
        range: AdcRange,
        (effects, seed): (&NonIdealities, Seed),
        draws: Range<u32>,
    ) -> Result<Vec<Score>, SupernetError> {
        let ideal = self.interface.compiled(Mode::Crossbar(range))?;
        draws
            .map(|draw| self.held_out.score(&ideal.with_draw(effects, seed, Draw(draw))?))
            .collect()
    }

    fn score(&self, mode: Mode) -> Result<Score, SupernetError> {
        self.held_out.score(self.interface.compiled(mode)?)
    }
}

impl HeldOut {
    fn score(&self, network: &pimnas_infer::CompiledNetwork) -> Result<Score, SupernetError> {
        Ok(self.images.score(network, &mut |_| std::ops::ControlFlow::Continue(()))?)
    }
}
