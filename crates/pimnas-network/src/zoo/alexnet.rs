//! AlexNet with 3×3 kernels: five convolutions, two fully connected layers.

use super::ZooOptions;
use super::builder::{Builder, Window};

pub(super) fn layers(net: &mut Builder, options: ZooOptions) {
    net.conv_relu(64, Window::HALF);
    net.max_pool();
    net.conv_relu(192, Window::SAME);
    net.max_pool();
    for channels in [384, 256, 256] {
        net.conv_relu(channels, Window::SAME);
    }
    net.max_pool();
    net.view();
    net.hidden(512);
    net.fc(options.classes);
}
