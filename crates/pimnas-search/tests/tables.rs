//! Tables: what is read, and what is refused.

use pimnas_search::Space;
use pimnas_search::benchmark::{Ground, Plan, Summary, Volume};
use pimnas_search::controllers;
use pimnas_search::search::{Goals, Objective};
use pimnas_search::spaces;
use pimnas_search::table::Table;

/// A table of every rollout of the cells with operations on the last two edges, made here.
fn csv() -> String {
    let operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let edges = ["0_1", "0_2", "1_2", "0_3", "1_3", "2_3"];
    let head: Vec<String> = edges.iter().map(|edge| format!("cell.edge_{edge}")).collect();
    let mut text = format!("{},max score,min cost\n", head.join(","));
    for code in 0..15_625_usize {
        let digits: Vec<usize> = (0..6).map(|at| code / 5_usize.pow(at) % 5).collect();
        let names: Vec<&str> = digits.iter().map(|&digit| operations[digit]).collect();
        let score: usize = digits.iter().map(|&digit| digit * digit).sum();
        let cost: usize = digits.iter().filter(|&&digit| digit > 1).count();
        text += &format!("{},{score},{cost}\n", names.join(","));
    }
    text
}

#[test]
fn a_table_is_read_and_searched() {
    let space = spaces::build("nasbench201").unwrap();
    let table = Table::from_csv(&csv(), &space).unwrap();
    assert_eq!((table.len(), table.optimum(0), table.optimum(1)), (15_625, Some(96.0), Some(0.0)));
    let goals = Goals::new(table.metrics(), &[Objective::new("score")], &[]).unwrap();
    let ground = Ground { space: &space, table: &table, goals: &goals };
    let ground = ground.measured(Volume::Front).unwrap();
    let plan = Plan { evaluations: 150, batch: 1, first_seed: 0, seeds: 8 };
    let make = || controllers::by_name("local-search").unwrap();
    let curves = ground.curves(&make, plan).unwrap();
    let best = ground.best();
    assert_eq!(best, 96.0);
    let summary = Summary::after(&curves, 150, best);
    // Every decision improves the score by itself, so climbing finds the top.
    assert_eq!((summary.runs, summary.mean, summary.found), (8, 96.0, 1.0));
    let both = [Objective::new("score"), Objective::new("cost")];
    let goals = Goals::new(table.metrics(), &both, &["cost <= 4".parse().unwrap()]).unwrap();
    let ground = Ground { space: &space, table: &table, goals: &goals };
    let make = || controllers::by_name("nsga2").unwrap();
    for volume in [Volume::Front, Volume::Worst] {
        let ground = ground.measured(volume).unwrap();
        for curve in ground.curves(&make, plan).unwrap() {
            let pairs = curve.quality.windows(2);
            let sound = pairs.map(|p| (p[0], p[1])).all(|(a, b)| a.is_nan() || a <= b);
            let last = *curve.quality.last().unwrap();
            assert!(sound && last > 0.3 && last <= 1.0 + 1e-12, "{volume:?}: {last}");
        }
    }
}

#[test]
fn what_is_no_table_is_refused_with_its_line() {
    let space = spaces::build("nasbench201").unwrap();
    let wrong = [
        ("", "it is empty"),
        ("cell.edge_0_1,max a\n", ""),
        ("cell.edge_9_9,max a\n", "line 1"),
        ("cell.edge_0_1\n", "line 1: there is no metric"),
        ("cell.edge_0_1,max a\nnone\n", "line 2: 1 fields under 2 titles"),
        ("cell.edge_0_1,max a\nnone,1\n", "line 2"),
    ];
    for (text, said) in wrong {
        match Table::from_csv(text, &space) {
            Ok(table) => assert!(said.is_empty() && table.is_empty()),
            Err(error) => assert!(error.to_string().contains(said), "{text}: {error}"),
        }
    }
    let pickles: [&[u8]; 4] = [b"", b"\x80\x04.", b"cos\nsystem\n(S'id'\ntR.", b"}."];
    for pickle in pickles {
        let read = Table::from_analog_nasbench(pickle, &space);
        assert!(read.is_err() || read.is_ok_and(|table| table.is_empty()));
    }
    assert_eq!(space.name(), "nasbench201");
}
