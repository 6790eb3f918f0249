//! Gradients of every layer.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use pimnas_train::gradcheck::{Checked, convolutions, others};

fn print(checked: &[Checked]) {
    for Checked { name, finite, composed } in checked {
        println!("{name:56} finite differences {finite:8.1e}, composed {composed:8.1e}");
    }
}

#[test]
fn convolutions_of_every_kernel_have_their_gradients() {
    let checked = convolutions();
    print(&checked);
    for Checked { name, finite, composed } in checked {
        assert!(finite < 2e-5, "{name}: {finite} from finite differences");
        assert!(composed < 2e-6, "{name}: {composed} from composed");
    }
}

#[test]
fn other_layers_have_their_gradients() {
    let checked = others();
    print(&checked);
    for Checked { name, finite, composed } in checked {
        assert!(finite < 2e-3, "{name}: {finite} from finite differences");
        assert!(composed < 5e-6, "{name}: {composed} from composed");
    }
}
