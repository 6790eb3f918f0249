//! ResNet-18: eight residual blocks of two 3×3 convolutions, 3×3 shortcuts where the size
//! changes, two fully connected layers and no average pooling before them.

use super::ZooOptions;
use super::builder::{Builder, Window};

pub(super) fn layers(net: &mut Builder, options: ZooOptions) {
    net.conv_relu(64, Window::SAME);
    net.max_pool();
    for channels in [64, 128, 256, 512] {
        if channels == 64 {
            same(net, channels);
        } else {
            halving(net, channels);
        }
        same(net, channels);
    }
    net.view();
    net.hidden(512);
    net.fc(options.classes);
}

/// A block that adds its input.
fn same(net: &mut Builder, channels: usize) {
    let (shortcut, _) = net.mark();
    net.conv_relu(channels, Window::SAME);
    net.conv(channels, Window::SAME);
    net.add(shortcut);
    net.relu();
}

/// A block that halves the size and convolves its shortcut, too.
fn halving(net: &mut Builder, channels: usize) {
    let before = net.mark();
    net.conv_relu(channels, Window::HALF);
    net.conv(channels, Window::SAME);
    let body = net.here();
    net.conv_from(before, (channels, Window::HALF));
    net.add(body);
    net.relu();
}
