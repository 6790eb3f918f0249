//! Networks and hardware on which quirks show.

use anyhow::{Context, Result};
use pimnas::network::Operation;
use pimnas::{InnerPipeline, Network, Quirk, zoo};
use serde_json::{Value, json};

/// A network on a hardware.
pub struct Subject {
    /// In words.
    pub name: String,
    /// The network.
    pub network: Network,
    /// Changes of the default hardware.
    pub settings: &'static [(&'static str, &'static str)],
    /// Whether layers overlap.
    pub inner_pipeline: InnerPipeline,
    /// Copies of each hardware layer.
    pub replication: Vec<u32>,
}

impl Subject {
    fn new(name: &str, network: Network) -> Self {
        Self {
            name: name.to_owned(),
            network,
            settings: &[],
            inner_pipeline: InnerPipeline::Enabled,
            replication: Vec::new(),
        }
    }

    fn with(self, settings: &'static [(&'static str, &'static str)]) -> Self {
        let written: Vec<String> = settings
            .iter()
            .map(|(path, value)| {
                format!("`{}={value}`", path.rsplit_once('/').map_or(*path, |(_, key)| key))
            })
            .collect();
        Self { name: format!("{}, {}", self.name, written.join(" ")), settings, ..self }
    }

    fn without_pipeline(self) -> Self {
        let name = format!("{}, no inner pipeline", self.name);
        Self { name, inner_pipeline: InnerPipeline::Disabled, ..self }
    }

    /// Two copies of every convolution.
    fn in_two_copies(self) -> Self {
        let copies = self.network.layers.iter().filter_map(|layer| match layer.operation {
            Operation::Convolution(_) => Some(2),
            Operation::FullyConnected { .. } | Operation::Pooling(_) | Operation::ElementSum => {
                Some(1)
            }
            Operation::BatchNorm { .. }
            | Operation::Relu
            | Operation::HardTanh
            | Operation::View
            | Operation::Flatten { .. }
            | Operation::Dropout
            | Operation::AdaptiveAveragePooling { .. }
            | Operation::Expand { .. }
            | Operation::Downsample => None,
        });
        let replication = copies.collect();
        Self { name: format!("{}, convolutions twice", self.name), replication, ..self }
    }
}

fn of_zoo(title: &str, name: &str) -> Result<Subject> {
    Ok(Subject::new(title, zoo::build(name, zoo::ZooOptions::default())?))
}

fn vgg8() -> Result<Subject> {
    of_zoo("VGG-8", "vgg8")
}

fn resnet18() -> Result<Subject> {
    of_zoo("ResNet-18", "resnet18")
}

/// VGG-8 and ResNet-18 on the default hardware.
pub fn default_subjects() -> Result<Vec<Subject>> {
    Ok(vec![vgg8()?, resnet18()?])
}

/// What shows a quirk that the default subjects do not, or shows it best.
pub fn own_subject(quirk: Quirk) -> Result<Option<Subject>> {
    Ok(match quirk {
        Quirk::AddersOutsideEnergy
        | Quirk::AccumulatorOutsideTotals
        | Quirk::AccumulatorEnergyOnce
        | Quirk::ConstantBufferCycle
        | Quirk::OneBitCellsInMapping
        | Quirk::SumDistanceToFirstTile => None,
        Quirk::UnreportedMergeWithoutPipeline | Quirk::EagerSumWithoutPipeline => {
            Some(resnet18()?.without_pipeline())
        }
        Quirk::Dac8BitInWatts => Some(vgg8()?.with(&[("Interface level/DAC_Choice", "6")])),
        Quirk::GroupsMappedDense => Some(grouped(vgg8()?)),
        Quirk::InputBitsFromOutput => Some(alternating_bits(vgg8()?)),
        Quirk::FreePoolingOffTable => Some(vgg8()?.with(&[("Tile level/Pooling_shape", "2,2")])),
        Quirk::WrittenFiguresIgnored => {
            Some(vgg8()?.with(&[("Interface level/ADC_Power", "0.002")]))
        }
        Quirk::AccumulatorTakesLocalBufferSize => {
            Some(resnet18()?.with(&[("Process element level/PE_inBuf_Size", "64")]))
        }
        Quirk::LexicographicTotalLatency => Some(beside_a_long_layer()?),
        Quirk::DistanceCap => Some(vgg8()?.with(&[
            ("Crossbar level/Xbar_Size", "64,64"),
            ("Tile level/PE_Num", "1,1"),
            ("Architecture level/Tile_Num", "1,9999"),
        ])),
        Quirk::SingleLayerUnplaced => Some(one_layer()?),
        Quirk::FirstLayerTimedAsConvolution => Some(pooled_first()?),
        Quirk::ResizeKeepsPositions => Some(resized()?),
        Quirk::ReplicaWaitFromOneWidth | Quirk::CopiesMultiplyEnergy => {
            Some(vgg8()?.in_two_copies())
        }
        Quirk::CopiesIdleWithoutPipeline => Some(vgg8()?.in_two_copies().without_pipeline()),
    })
}

fn grouped(subject: Subject) -> Subject {
    let mut network = subject.network;
    for layer in &mut network.layers {
        if let Operation::Convolution(conv) = &mut layer.operation
            && conv.in_channels % 4 == 0
        {
            conv.groups = 4;
        }
    }
    Subject::new("VGG-8 with 4 groups a convolution", network)
}

fn alternating_bits(subject: Subject) -> Subject {
    let mut network = subject.network;
    let mut bits = [9, 4].into_iter().cycle();
    for layer in &mut network.layers {
        if let (Operation::Convolution(_), Some(bits)) = (layer.operation, bits.next()) {
            layer.activation_bits = bits;
        }
    }
    Subject::new("VGG-8 with 9 and 4 bit activations", network)
}

fn layer(kind: &str, fields: Value, input: i64) -> Value {
    let mut layer =
        json!({"type": kind, "weight_bit": 9, "activation_bit": 9, "input_index": [input]});
    if let (Some(layer), Some(fields)) = (layer.as_object_mut(), fields.as_object()) {
        layer.extend(fields.clone());
    }
    layer
}

fn conv(channels: (usize, usize), (kernel, stride): (usize, usize), input: i64) -> Value {
    let (inputs, outputs) = channels;
    let fields = json!({
        "in_channels": inputs, "out_channels": outputs, "kernel_size": kernel, "stride": stride,
        "padding": (kernel - 1) / 2,
    });
    layer("conv", fields, input)
}

fn fc(inputs: usize, outputs: usize) -> Value {
    layer("fc", json!({"in_features": inputs, "out_features": outputs}), -1)
}

fn subject(name: &str, channels: usize, layers: &[Value]) -> Result<Subject> {
    let json = json!({
        "input_shape": [1, channels, 32, 32],
        "input": {"activation_scale": 1.0 / 255.0, "activation_bit": 9},
        "layers": layers,
    });
    let network = Network::from_json(json.to_string().as_bytes()).context(name.to_owned())?;
    Ok(Subject::new(name, network))
}

fn beside_a_long_layer() -> Result<Subject> {
    let layers = [
        conv((3, 16), (3, 1), -1),
        conv((3, 4), (7, 8), -2),
        layer("view", json!({}), -1),
        fc(64, 10),
    ];
    subject("a short path beside a long layer that nothing reads", 3, &layers)
}

fn one_layer() -> Result<Subject> {
    let layers = [layer("view", json!({}), -1), fc(16_384, 1000)];
    subject("a fully connected layer of 16384 × 1000 alone", 16, &layers)
}

fn pooled_first() -> Result<Subject> {
    let pool = layer("pooling", json!({"mode": "MAX", "kernel_size": 2, "stride": 2}), -1);
    subject("pooling before a convolution", 3, &[pool, conv((3, 64), (3, 1), -1)])
}

fn resized() -> Result<Subject> {
    let layers =
        [conv((3, 64), (3, 1), -1), layer("downsample", json!({}), -1), conv((64, 16), (3, 1), -1)];
    subject("a convolution at half size behind another", 3, &layers)
}
