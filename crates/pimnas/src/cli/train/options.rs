//! How to train: options of the command.

use crate::train::{
    AdcNoise, Changes, Flip, Nesterov, Optimiser, Precision, Schedule, TrainingOptions,
};
use clap::{Args, ValueEnum};

use super::failed;
use crate::cli::failure::Failure;

/// A recipe.
#[derive(Args, Clone, Debug)]
pub struct RecipeArgs {
    /// Times that all images are gone through
    #[arg(long, value_name = "N", default_value_t = 10)]
    epochs: u32,
    /// Images of a batch
    #[arg(long, value_name = "N", default_value_t = 64)]
    batch: usize,
    /// Optimiser
    #[arg(long, value_enum, default_value_t = OptimiserArg::Sgd)]
    optimiser: OptimiserArg,
    /// Share of the velocity that stays, of the optimisers sgd and nesterov
    #[arg(long, value_name = "X", default_value_t = 0.9)]
    momentum: f32,
    /// First learning rate; without it 0.1 of sgd and nesterov, 0.001 of adam
    #[arg(long, value_name = "X")]
    rate: Option<f32>,
    /// How the learning rate changes
    #[arg(long, value_enum, default_value_t = ScheduleArg::Cosine)]
    schedule: ScheduleArg,
    /// Epochs after which the rate is multiplied, of the schedule steps
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    milestones: Vec<u32>,
    /// By what, of the schedule steps
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    factor: f32,
    /// Epochs to the first restart; each further one takes twice as many, of the schedule restarts
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    period: f32,
    /// Steps in which the learning rate grows from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    warm_up: u32,
    /// How much weights are pulled to 0
    #[arg(long, value_name = "X", default_value_t = 5e-4)]
    decay: f32,
    /// Shorten gradients to this length
    #[arg(long, value_name = "X")]
    clip: Option<f32>,
    /// Share of the target that all classes get alike
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    smoothing: f32,
    /// Mirror images left to right with probability 1/2
    #[arg(long)]
    flip: bool,
    /// Move images by up to so many pixels; zeros come in
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    pad_crop: usize,
    /// Set a random square of that side to zero
    #[arg(long, value_name = "PIXELS", default_value_t = 0)]
    cutout: usize,
    /// Whether weights and activations are quantised
    #[arg(long, value_enum, default_value_t = PrecisionArg::Quantised)]
    precision: PrecisionArg,
    /// Vary weights anew in every step: standard deviation relative to a layer's largest weight
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    variation: f32,
    /// Round partial sums to codes of an ADC of so many bits
    #[arg(long, value_name = "BITS")]
    adc_bits: Option<u32>,
    /// Rows of a crossbar, whose sums the ADC converts
    #[arg(long, value_name = "N", default_value_t = 256)]
    adc_rows: usize,
    /// Seed of everything random; without it 1, or that of the run
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// Optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OptimiserArg {
    /// Gradient descent with momentum
    Sgd,
    /// The same, looking ahead
    Nesterov,
    /// Adam
    Adam,
}

/// Schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ScheduleArg {
    /// It does not change
    Constant,
    /// Half a cosine, to 0 at the end
    Cosine,
    /// Half cosines, each twice as long as the one before
    Restarts,
    /// Multiplied at milestones
    Steps,
}

/// Precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PrecisionArg {
    /// As the crossbars will have them
    Quantised,
    /// 32-bit floats
    Float,
}

impl RecipeArgs {
    /// The options of the library; with that seed where none is given.
    pub fn options(&self, seed: u64) -> Result<TrainingOptions, Failure> {
        let sgd = |nesterov| Optimiser::Sgd { momentum: self.momentum, nesterov };
        let (optimiser, rate) = match self.optimiser {
            OptimiserArg::Sgd => (sgd(Nesterov::Plain), 0.1),
            OptimiserArg::Nesterov => (sgd(Nesterov::LookAhead), 0.1),
            OptimiserArg::Adam => (Optimiser::adam(), 0.001),
        };
        let schedule = match self.schedule {
            ScheduleArg::Constant => Schedule::Constant,
            ScheduleArg::Cosine => Schedule::Cosine { least: 0.0 },
            ScheduleArg::Restarts => {
                Schedule::CosineRestarts { period: self.period, stretch: 2.0, least: 0.0 }
            }
            ScheduleArg::Steps => {
                Schedule::MultiStep { milestones: self.milestones.clone(), factor: self.factor }
            }
        };
        let options = TrainingOptions {
            epochs: self.epochs,
            batch: self.batch,
            optimiser,
            rate: self.rate.unwrap_or(rate),
            schedule,
            warm_up: self.warm_up,
            decay: self.decay,
            clip: self.clip,
            smoothing: self.smoothing,
            changes: Changes {
                flip: if self.flip { Flip::Half } else { Flip::Never },
                pad_crop: self.pad_crop,
                cutout: self.cutout,
            },
            precision: match self.precision {
                PrecisionArg::Quantised => Precision::Quantised,
                PrecisionArg::Float => Precision::Float,
            },
            variation: self.variation,
            adc: self.adc_bits.map(|bits| AdcNoise { bits, rows: self.adc_rows }),
            seed: self.seed.unwrap_or(seed),
        };
        options.check().map_err(|error| failed(&error))?;
        Ok(options)
    }
}
