//! Training by PyTorch and by pimnas in turn, on the same networks; gradients checked.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pimnas::data::{Dataset, ImageShape, Normalisation, Pixels};
use pimnas::network::{Convolution, Layer, NetworkInput, Operation, Shape, Source};
use pimnas::train::gradcheck::{Checked, convolutions, others};
use pimnas::train::{Loader, Model, Precision, Schedule, Trainer, TrainingOptions};
use pimnas::{Network, zoo};
use serde_json::Value;

use crate::median::median;

/// What to time.
#[derive(clap::Args)]
pub struct Args {
    /// Python with PyTorch
    #[arg(long)]
    python: PathBuf,
    /// Rounds
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Steps of a round
    #[arg(long, default_value_t = 4)]
    steps: usize,
    /// Threads of both
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only subjects whose name has this in it
    #[arg(long, default_value = "")]
    only: String,
}

/// A training to time.
struct Subject {
    name: &'static str,
    network: Network,
    batch: usize,
}

/// Gradients of every layer: largest relative errors.
pub fn gradients() {
    let line = |Checked { name, finite, composed }: &Checked| {
        println!("{name:56} finite differences {finite:8.1e}, composed {composed:8.1e}");
    };
    let all: Vec<Checked> = convolutions().into_iter().chain(others()).collect();
    all.iter().for_each(line);
    let most = |value: fn(&Checked) -> f64| all.iter().map(value).fold(0.0, f64::max);
    let (finite, composed) = (most(|c| c.finite), most(|c| c.composed));
    println!("{} layers: largest {finite:.1e} and {composed:.1e}", all.len());
}

/// Times every subject in each round, by both programs.
pub fn run(args: &Args) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads).build()?;
    let vgg8 = zoo::build("vgg8", zoo::ZooOptions::default())?;
    let subjects = [
        Subject { name: "ResNet-20, batch 64", network: resnet20(), batch: 64 },
        Subject { name: "VGG-8, batch 16", network: vgg8, batch: 16 },
    ];
    for subject in subjects.iter().filter(|subject| subject.name.contains(&args.only)) {
        let mut theirs = Peer::start(args, subject)?;
        let (mut floats, mut quantised) =
            (Own::new(subject, Precision::Float)?, Own::new(subject, Precision::Quantised)?);
        let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=args.rounds {
            let theirs = theirs.run(args.steps)?;
            let own = pool.install(|| floats.run(args.steps))?;
            let with = pool.install(|| quantised.run(args.steps))?;
            // The first round warms up.
            if round > 0 {
                a.push(theirs);
                b.push(own);
                c.push(with);
            }
        }
        let images = (args.steps * subject.batch) as f64;
        let ratios = |own: &[f64]| {
            let pairs = a.iter().zip(own);
            median(&pairs.map(|(theirs, own)| theirs / own).collect::<Vec<f64>>())
        };
        println!(
            "{}: PyTorch {:.0} images/s; pimnas {:.0} (ratio {:.2}); quantised {:.0} ({:.2})",
            subject.name,
            images / median(&a),
            images / median(&b),
            ratios(&b),
            images / median(&c),
            ratios(&c),
        );
    }
    Ok(())
}

/// A residual network of 20 layers with 16, 32 and 64 channels, for 32×32 images in colour.
fn resnet20() -> Network {
    let mut net = Layers::default();
    let mut last = net.conv((3, 16, 3, 1), Source::Input);
    last = net.norm(16, last);
    last = net.add(Operation::Relu, vec![last]);
    let mut width = 16;
    for channels in [16, 32, 64] {
        for block in 0..3 {
            let stride = if channels > 16 && block == 0 { 2 } else { 1 };
            let from = last;
            let mut inner = net.conv((width, channels, 3, stride), from);
            inner = net.norm(channels, inner);
            inner = net.add(Operation::Relu, vec![inner]);
            inner = net.conv((channels, channels, 3, 1), inner);
            inner = net.norm(channels, inner);
            let mut beside = from;
            if stride > 1 {
                beside = net.conv((width, channels, 1, stride), from);
                beside = net.norm(channels, beside);
            }
            last = net.add(Operation::ElementSum, vec![inner, beside]);
            last = net.add(Operation::Relu, vec![last]);
            width = channels;
        }
    }
    last = net.add(Operation::AdaptiveAveragePooling { output_size: (1, 1) }, vec![last]);
    last = net.add(Operation::Flatten { start_dim: 1, end_dim: 3 }, vec![last]);
    net.add(Operation::FullyConnected { in_features: 64, out_features: 10 }, vec![last]);
    Network {
        name: "resnet20".to_owned(),
        input: NetworkInput {
            shape: Shape::Map { channels: 3, height: 32, width: 32 },
            bits: 9,
            step: 1.0 / 255.0,
        },
        layers: net.0,
    }
}

#[derive(Default)]
struct Layers(Vec<Layer>);

impl Layers {
    fn add(&mut self, operation: Operation, inputs: Vec<Source>) -> Source {
        self.0.push(Layer::new(operation, inputs));
        Source::Layer(self.0.len() - 1)
    }

    /// Input channels, output channels, kernel, stride.
    fn conv(&mut self, shape: (usize, usize, usize, usize), from: Source) -> Source {
        let (in_channels, out_channels, kernel_size, stride) = shape;
        let padding = kernel_size / 2;
        let conv =
            Convolution { in_channels, out_channels, kernel_size, stride, padding, groups: 1 };
        self.add(Operation::Convolution(conv), vec![from])
    }

    fn norm(&mut self, features: usize, from: Source) -> Source {
        self.add(Operation::BatchNorm { features }, vec![from])
    }
}

/// PyTorch in a process of its own; it ends when this value is dropped.
struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    _description: tempfile::NamedTempFile,
}

impl Peer {
    fn start(args: &Args, subject: &Subject) -> Result<Self> {
        let mut description = tempfile::NamedTempFile::new()?;
        description.write_all(subject.network.to_layer_list_json().as_bytes())?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/train_speed.py");
        let mut child = Command::new(&args.python)
            .arg(script)
            .arg(description.path())
            .arg(subject.batch.to_string())
            .arg(args.threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", args.python.display()))?;
        let requests = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self { child, requests, answers, _description: description })
    }

    fn run(&mut self, steps: usize) -> Result<f64> {
        writeln!(self.requests, "{{\"steps\": {steps}}}")?;
        self.requests.flush()?;
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "PyTorch ended; its messages are above");
        let answer: Value = serde_json::from_str(&line)?;
        ensure!(answer["loss"].as_f64().is_some(), "PyTorch's loss is no number");
        answer["seconds"].as_f64().context("no time in the answer")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A training by pimnas, batches from random pixels.
struct Own {
    trainer: Trainer,
    dataset: Dataset,
}

impl Own {
    fn new(subject: &Subject, precision: Precision) -> Result<Self> {
        let Shape::Map { channels, height, width } = subject.network.input.shape else {
            anyhow::bail!("a network of images");
        };
        let shape = ImageShape { channels, height, width };
        let count = subject.batch * 4;
        let pixels = (0..count * channels * height * width).map(|i| (i * 7919 % 251) as u8);
        let labels = (0..count).map(|i| (i % 10) as u32).collect();
        let dataset = Dataset::new(shape, Pixels::U8(pixels.collect()), labels, 10)?;
        let options = TrainingOptions {
            batch: subject.batch,
            rate: 0.01,
            schedule: Schedule::Constant,
            precision,
            epochs: u32::MAX,
            ..TrainingOptions::default()
        };
        Ok(Self { trainer: Trainer::new(Model::new(&subject.network, 1)?, options)?, dataset })
    }

    fn run(&mut self, steps: usize) -> Result<f64> {
        let normalisation = Normalisation::unit();
        let loader: Loader<'_> = self.trainer.loader(&self.dataset, &normalisation);
        let begin = Instant::now();
        for _ in 0..steps {
            self.trainer.next(&loader)?;
        }
        Ok(begin.elapsed().as_secs_f64())
    }
}
