//! Every controller keeps what all of them keep.

use pimnas_search::controllers::conformance::check;
use pimnas_search::controllers::{self, Controller};
use rstest::rstest;

#[rstest]
#[case("random")]
#[case("regularised-evolution")]
#[case("nsga2")]
#[case("nsga3")]
#[case("local-search")]
#[case("simulated-annealing")]
#[case("esapp")]
#[case("predictor-forest")]
#[case("predictor-ranking")]
#[case("reinforce")]
#[case("differentiable")]
fn it_conforms(#[case] name: &str) {
    let make = || -> Box<dyn Controller> { controllers::by_name(name).unwrap() };
    check(&make).unwrap();
}
