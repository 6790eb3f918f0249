//! A sweep gives the same rows at any number of threads.
#![allow(clippy::unwrap_used)]

use pimnas_config::RawConfig;
use pimnas_explore::{Points, Task, sweep};
use pimnas_network::zoo;
use pimnas_simulate::Options;
use rayon::ThreadPoolBuilder;

#[test]
fn rows_do_not_depend_on_the_number_of_threads() {
    let base = RawConfig::reference_default();
    let networks =
        ["lenet", "resnet18"].map(|name| zoo::build(name, zoo::ZooOptions::default()).unwrap());
    // The last point of the first axis is no crossbar: errors keep their place, too.
    let points = Points::grid(&[
        "Crossbar level/Xbar_Size=64,64;256,128;0,0",
        "Interface level/ADC_Choice=1;3;7",
        "Architecture level/Tile_Connection=0;3",
    ])
    .unwrap();
    let options = Options::default();
    let task = Task { base: &base, networks: &networks, points: &points, options: &options };
    let rows = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| sweep(task, 0..task.len(), |_| ()))
    };
    let alone = rows(1);
    assert_eq!(alone.len(), 36);
    assert!(alone.iter().any(|row| row.result.is_ok()));
    assert!(alone.iter().any(|row| row.result.is_err()));
    for threads in [2, 3, 8] {
        assert_eq!(rows(threads), alone);
    }
    // A part of the range is that part of the rows.
    assert_eq!(sweep(task, 7..19, |_| ()), alone[7..19]);
}
