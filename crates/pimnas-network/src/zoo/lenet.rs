//! LeNet-5 for colour images: three convolutions, two fully connected layers.

use super::ZooOptions;
use super::builder::{Builder, Window};

pub(super) fn layers(net: &mut Builder, options: ZooOptions) {
    for channels in [6, 16] {
        net.conv_relu(channels, Window::valid(5));
        net.max_pool();
    }
    net.conv_relu(120, Window::valid(5));
    net.view();
    net.hidden(84);
    net.fc(options.classes);
}
