//! Shape inference against known values.
#![allow(clippy::unwrap_used, clippy::panic)]

use pimnas_network::{
    Convolution, DEFAULT_BITS, Layer, Network, NetworkErrorCode as Code, NetworkInput, Operation,
    Pooling, PoolingMode, Shape, ShapedNetwork, Source, zoo,
};
use rstest::rstest;

fn map(channels: usize, height: usize, width: usize) -> Shape {
    Shape::Map { channels, height, width }
}

fn vector(features: usize) -> Shape {
    Shape::Vector { features }
}

fn network(shape: Shape, layers: Vec<Layer>) -> Network {
    let input = NetworkInput { shape, bits: DEFAULT_BITS, step: 0.01 };
    Network { name: "test".to_owned(), input, layers }
}

fn output(input: Shape, operation: Operation) -> Shape {
    let network = network(input, vec![Layer::new(operation, vec![Source::Input])]);
    ShapedNetwork::new(&network).unwrap().output()
}

#[rstest]
#[case::valid((5, 1, 0), (28, 28))]
#[case::same((3, 1, 1), (32, 32))]
#[case::strided((3, 2, 1), (16, 16))]
#[case::strided_rounds_down((3, 3, 0), (10, 10))]
#[case::point((1, 1, 0), (32, 32))]
#[case::point_strided((1, 2, 0), (16, 16))]
#[case::whole((32, 1, 0), (1, 1))]
#[case::much_padding((3, 1, 3), (36, 36))]
#[case::even_unpadded((4, 1, 0), (29, 29))]
#[case::even_below_half((4, 1, 1), (31, 31))]
#[case::even_keeps_the_size((4, 1, 2), (32, 32))]
#[case::even_two((2, 1, 1), (32, 32))]
#[case::even_strided((4, 2, 2), (16, 16))]
#[case::even_beyond_half((2, 1, 2), (34, 34))]
fn convolutions(#[case] window: (usize, usize, usize), #[case] size: (usize, usize)) {
    let (kernel_size, stride, padding) = window;
    for groups in [1, 2, 4] {
        let (in_channels, out_channels) = (4, 8);
        let conv = Convolution { in_channels, out_channels, kernel_size, stride, padding, groups };
        let shape = output(map(4, 32, 32), Operation::Convolution(conv));
        assert_eq!(shape, map(8, size.0, size.1));
    }
}

#[rstest]
#[case((2, 2, 0), (15, 10))]
#[case((3, 2, 1), (16, 11))]
#[case((3, 1, 0), (29, 19))]
#[case((2, 1, 1), (32, 22))]
#[case((21, 5, 0), (3, 1))]
fn poolings(#[case] window: (usize, usize, usize), #[case] size: (usize, usize)) {
    let (kernel_size, stride, padding) = window;
    for mode in [PoolingMode::Max, PoolingMode::Average] {
        let pool = Pooling { mode, kernel_size, stride, padding };
        let shape = output(map(3, 31, 21), Operation::Pooling(pool));
        assert_eq!(shape, map(3, size.0, size.1));
    }
}

#[rstest]
#[case(Operation::Relu, map(3, 7, 5), map(3, 7, 5))]
#[case(Operation::HardTanh, vector(3), vector(3))]
#[case(Operation::Dropout, vector(3), vector(3))]
#[case(Operation::BatchNorm { features: 3 }, map(3, 7, 5), map(3, 7, 5))]
#[case(Operation::View, map(3, 7, 5), vector(105))]
#[case(Operation::View, vector(105), vector(105))]
#[case(Operation::Flatten { start_dim: 1, end_dim: -1 }, map(3, 7, 5), vector(105))]
#[case(Operation::Flatten { start_dim: -3, end_dim: 3 }, map(3, 7, 5), vector(105))]
#[case(Operation::Flatten { start_dim: 2, end_dim: 2 }, map(3, 7, 5), map(3, 7, 5))]
#[case(Operation::Flatten { start_dim: 0, end_dim: -4 }, map(3, 7, 5), map(3, 7, 5))]
#[case(Operation::Flatten { start_dim: 1, end_dim: -1 }, vector(9), vector(9))]
#[case(Operation::Expand { max_channels: 3 }, map(3, 7, 5), map(3, 7, 5))]
#[case(Operation::Expand { max_channels: 8 }, map(3, 7, 5), map(8, 7, 5))]
#[case(Operation::Downsample, map(3, 7, 4), map(3, 3, 2))]
#[case(Operation::AdaptiveAveragePooling { output_size: (1, 2) }, map(3, 7, 5), map(3, 1, 2))]
#[case(Operation::AdaptiveAveragePooling { output_size: (9, 9) }, map(3, 7, 5), map(3, 9, 9))]
#[case(Operation::FullyConnected { in_features: 3, out_features: 9 }, vector(3), vector(9))]
fn other_operations(#[case] operation: Operation, #[case] input: Shape, #[case] shape: Shape) {
    assert_eq!(output(input, operation), shape);
}

#[test]
fn sums_of_two_and_more_keep_the_shape() {
    let relu = |source| Layer::new(Operation::Relu, vec![source]);
    let sources = vec![Source::Layer(0), Source::Input, Source::Layer(1)];
    let layers = vec![
        relu(Source::Input),
        relu(Source::Layer(0)),
        Layer::new(Operation::ElementSum, sources),
    ];
    let network = network(map(3, 4, 5), layers);
    let shaped = ShapedNetwork::new(&network).unwrap();
    assert_eq!(shaped.output_of(2), map(3, 4, 5));
    assert_eq!(shaped.input_of(2), map(3, 4, 5));
}

#[test]
fn shapes_are_looked_up_without_panics() {
    let net = network(map(3, 4, 5), vec![Layer::new(Operation::View, vec![Source::Input])]);
    let shaped = ShapedNetwork::new(&net).unwrap();
    assert_eq!(shaped.input_of(0), map(3, 4, 5));
    assert_eq!(shaped.output_of(0), vector(60));
    assert_eq!((shaped.input_of(7), shaped.output_of(7)), (vector(60), vector(60)));
}

#[rstest]
#[case(Source::Layer(0))]
#[case(Source::Layer(1))]
#[case(Source::Layer(usize::MAX))]
fn a_layer_takes_only_what_comes_before_it(#[case] source: Source) {
    let net = network(map(3, 4, 5), vec![Layer::new(Operation::Relu, vec![source])]);
    let errors = net.shapes().unwrap_err();
    assert_eq!(errors.first().code, Code::Source, "{errors}");
}

#[test]
fn zero_groups_and_single_bits_are_rejected() {
    let mut conv = Convolution {
        in_channels: 3,
        out_channels: 3,
        kernel_size: 1,
        stride: 1,
        padding: 0,
        groups: 0,
    };
    let layer = Layer::new(Operation::Convolution(conv), vec![Source::Input]);
    let mut net = network(map(3, 4, 5), vec![layer]);
    assert_eq!(net.shapes().unwrap_err().first().code, Code::BadValue);

    conv.groups = 3;
    net.layers[0].operation = Operation::Convolution(conv);
    net.layers[0].activation_bits = 1;
    net.input.step = f64::NAN;
    assert!(net.shapes().is_ok());
    let errors = net.validate().unwrap_err();
    let layers: Vec<_> = errors.iter().map(|error| error.layer).collect();
    assert_eq!(layers, [None, Some(0)], "{errors}");
}

#[rstest]
#[case("lenet", 288_120)]
#[case("vgg8", 173_056)]
#[case("vgg16", 100_352)]
#[case("alexnet", 50_176)]
#[case("resnet18", 100_352)]
fn the_zoo_fits_imagenet(#[case] name: &str, #[case] features: usize) {
    let net = zoo::build(name, zoo::ZooOptions { classes: 1000, input: 224 }).unwrap();
    let shaped = ShapedNetwork::new(&net).unwrap();
    assert_eq!(shaped.output(), vector(1000));
    let small = zoo::build(name, zoo::ZooOptions { classes: 100, input: 32 }).unwrap();
    assert_eq!(ShapedNetwork::new(&small).unwrap().output(), vector(100));
    let first = net.layers.iter().find_map(|layer| match layer.operation {
        Operation::FullyConnected { in_features, .. } => Some(in_features),
        _ => None,
    });
    assert_eq!(first, Some(features));
    assert_eq!(net.layers.len(), small.layers.len());
}
