//! From a network and a hardware to what is drawn.

use pimnas_config::Hardware;
use pimnas_network::{Network, ShapedNetwork};
use pimnas_report::breakdown;
use pimnas_simulate::{HardwareLayer, Options, SimReport, SimulationError, simulate};

use super::{
    FloorPlan, LayerFigures, MemberDetail, ModuleFigures, NetworkDrawing, Totals, network,
};

impl MemberDetail {
    /// Simulates a network on a hardware and keeps what is drawn.
    ///
    /// # Errors
    /// What [`simulate`] refuses.
    ///
    /// ```
    /// use pimnas_page::MemberDetail;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hardware = pimnas_config::resolve(&pimnas_config::RawConfig::reference_default())?;
    /// let network = pimnas_network::zoo::build("lenet", Default::default())?;
    /// let detail = MemberDetail::new(&network, &hardware, &Default::default())?;
    /// assert_eq!(detail.layers.len(), 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(
        network: &Network,
        hardware: &Hardware,
        options: &Options,
    ) -> Result<Self, SimulationError> {
        let report = simulate(hardware, network, options)?;
        let shaped = ShapedNetwork::new(network)?;
        Ok(Self::from_report(&shaped, hardware, &report))
    }

    /// Keeps what is drawn of a simulation of that network on that hardware.
    #[must_use]
    pub fn from_report(
        network: &ShapedNetwork<'_>,
        hardware: &Hardware,
        report: &SimReport,
    ) -> Self {
        Self {
            hardware: facts(hardware),
            network: NetworkDrawing::new(network, report),
            layers: layers(network, report),
            floor: FloorPlan::new(hardware, report),
            modules: modules(report),
            totals: Totals {
                latency_ns: report.timeline.total.value(),
                energy_nj: report.energy.total.value(),
                area_um2: report.area.total.value(),
                power_w: report.power.total.value(),
                cells_used: report.area.utilisation.crossbar,
                tops_per_watt: report.tops_per_watt(),
            },
        }
    }
}

fn facts(hardware: &Hardware) -> Vec<(String, String)> {
    let pair = |(rows, columns): (u32, u32)| format!("{rows} × {columns}");
    let facts = [
        ("crossbar", pair((hardware.crossbar.rows, hardware.crossbar.columns))),
        ("bits a cell", hardware.device.bits_per_cell().to_string()),
        ("PEs a tile", pair(hardware.tile.pe_grid)),
        ("mesh of tiles", pair(hardware.architecture.tile_grid)),
        ("device technology", format!("{} nm", hardware.device.tech_nm)),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn layers(network: &ShapedNetwork<'_>, report: &SimReport) -> Vec<LayerFigures> {
    let figures = |(index, layer): (usize, &HardwareLayer)| {
        let timing = &report.timeline.layers[index];
        let partition = &report.mapping.partitions[index];
        let used = report.area.utilisation.crossbar_layers[index];
        LayerFigures {
            name: network::name_of(network, layer.network_layer),
            kind: layer.reference().kind.to_owned(),
            tiles: partition.tiles,
            pes: partition.pes,
            cells_used: layer.kind.has_weights().then_some(used),
            begin_ns: timing.begin.value(),
            first_finish_ns: timing.first_finish.value(),
            finish_ns: timing.finish.value(),
            occupancy: timing.occupancy,
            energy_nj: report.energy.layers[index].total.value(),
            area_um2: report.area.layers[index].value(),
        }
    };
    report.graph.layers.iter().enumerate().map(figures).collect()
}

fn modules(report: &SimReport) -> Vec<ModuleFigures> {
    let figures = |row: breakdown::ModuleRow| ModuleFigures {
        name: row.name.to_owned(),
        time_ns: row.time_ns,
        energy_nj: row.energy_nj,
        area_um2: row.area_um2,
    };
    breakdown::modules(report).into_iter().map(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_simulation() {
        let config = pimnas_config::RawConfig::reference_default();
        let hardware = pimnas_config::resolve(&config).unwrap();
        let network = pimnas_network::zoo::build("resnet18", Default::default()).unwrap();
        let options = Options::default();
        let report = simulate(&hardware, &network, &options).unwrap();
        let detail = MemberDetail::new(&network, &hardware, &options).unwrap();
        let energy: f64 = detail.layers.iter().map(|layer| layer.energy_nj).sum();
        assert!((energy / detail.totals.energy_nj - 1.0).abs() < 1e-9);
        let last = detail.layers.iter().map(|layer| layer.finish_ns).fold(0.0, f64::max);
        assert_eq!(last, detail.totals.latency_ns);
        let drawn: u64 = detail.floor.runs.iter().map(|run| u64::from(run.length)).sum();
        assert_eq!(drawn, report.mapping.used_tiles);
        for (index, layer) in detail.layers.iter().enumerate() {
            let runs = detail.floor.runs.iter().filter(|run| run.layer == index);
            assert_eq!(runs.map(|run| u64::from(run.length)).sum::<u64>(), layer.tiles);
        }
        let with_circuits = detail.network.nodes.iter().filter_map(|node| node.circuit);
        assert_eq!(with_circuits.collect::<Vec<_>>(), (0..detail.layers.len()).collect::<Vec<_>>());
    }
}
