//! VGG-8: seven 3×3 convolutions, one fully connected layer.

use super::ZooOptions;
use super::builder::{Builder, Window};

pub(super) fn layers(net: &mut Builder, options: ZooOptions) {
    for channels in [128, 256, 512] {
        net.conv_relu(channels, Window::SAME);
        net.conv_relu(channels, Window::SAME);
        net.max_pool();
    }
    net.conv_relu(1024, Window::valid(3));
    net.max_pool();
    net.view();
    net.fc(options.classes);
}
