//! Every controller keeps what all of them keep.

use pimnas_search::controllers::conformance::check;
use pimnas_search::controllers::{self, Controller};
use rstest::rstest;

#[rstest]
#[case("random")]
#[case("regularised-evolution")]
fn it_conforms(#[case] name: &str) {
    let make = || -> Box<dyn Controller> { controllers::by_name(name).unwrap() };
    check(&make).unwrap();
}
