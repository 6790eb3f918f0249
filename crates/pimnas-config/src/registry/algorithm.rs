//! `[Algorithm Configuration]`.

use super::key::{Bounds, Key};

/// Section of the simulation settings.
pub(crate) const ALGORITHM: &str = "Algorithm Configuration";

pub(crate) static WEIGHT_POLARITY: Key = Key::integer(ALGORITHM, "Weight_Polarity")
    .bounds(Bounds::between(1.0, 2.0))
    .default("1")
    .about("not read: Xbar_Polarity says how signed weights are held")
    .unused();
pub(crate) static SIMULATION_LEVEL: Key = Key::with_choices(
    ALGORITHM,
    "Simulation_Level",
    &[(0, "behaviour: a mean cell"), (1, "estimation: a full crossbar of mean resistance")],
)
.default("0")
.about("how the read power of a crossbar is estimated");
pub(crate) static NOC_ENABLE: Key = Key::with_choices(
    ALGORITHM,
    "NoC_enable",
    &[
        (0, "transfers between tiles from their distance and bandwidth"),
        (1, "a cycle-accurate network-on-chip simulator, which is not modelled"),
    ],
)
.default("0")
.about("how transfers between tiles are timed; only 0 is modelled");
