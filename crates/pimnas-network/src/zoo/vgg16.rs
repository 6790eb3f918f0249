//! VGG-16 with one fully connected layer and no pooling behind the last convolutions.

use super::ZooOptions;
use super::builder::{Builder, Window};

pub(super) fn layers(net: &mut Builder, options: ZooOptions) {
    for (channels, depth) in [(64, 2), (128, 2), (256, 3), (512, 3)] {
        for _ in 0..depth {
            net.conv_relu(channels, Window::SAME);
        }
        net.max_pool();
    }
    for _ in 0..3 {
        net.conv_relu(512, Window::SAME);
    }
    net.view();
    net.fc(options.classes);
}
