//! Counting, listing and drawing, against going through every assignment.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};

use num_bigint::BigUint;
use pimnas_search::rollout::VaryError;
use pimnas_search::{Crossing, Decisions, Genotype, Mutation, Purpose, Rollout, Streams};
use proptest::prelude::*;
use rstest::rstest;

/// Every assignment of all decisions, made canonical; those that violate nothing.
fn by_hand(decisions: &Decisions) -> HashSet<Rollout> {
    let sizes: Vec<usize> = decisions.list().iter().map(|d| d.choices.len()).collect();
    let total: usize = sizes.iter().product();
    (0..total)
        .map(|mut index| {
            let choices: Vec<usize> = sizes
                .iter()
                .map(|size| {
                    let choice = index % size;
                    index /= size;
                    choice
                })
                .collect();
            decisions.assign(|decision| choices[decision])
        })
        .filter(|assignment| assignment.is_allowed())
        .map(|assignment| assignment.rollout)
        .collect()
}

fn check_against_listing(decisions: &Decisions) {
    let expected = by_hand(decisions);
    assert_eq!(decisions.size().unwrap(), BigUint::from(expected.len()));
    let listed: Vec<Rollout> = decisions.rollouts().unwrap().collect();
    assert_eq!(listed.len(), expected.len());
    assert_eq!(listed.into_iter().collect::<HashSet<_>>(), expected);
    assert_eq!(decisions.rollout_at(&BigUint::from(expected.len())).unwrap(), None);
}

/// Depth and what lies beyond it, a shared decision, a requirement over a chain.
fn nested() -> Decisions {
    let mut builder = Decisions::builder();
    // The condition needs decisions and values that come later in the description.
    builder.decision_when("b1.kernel", [1, 3, 5], "blocks >= 2 and op != 'skip'");
    builder.decision_when("b2.kernel", [1, 3], "blocks >= 3");
    builder.decision("blocks", [1, 2, 3]);
    builder.decision("op", ["skip", "conv"]);
    builder.decision_when("b2.wide", [0, 1], "b2.kernel == 3");
    builder.derived("cost", "sum(b1.kernel, b2.kernel * 2, b2.wide)");
    builder.require("not active(cost) or cost <= 9", "the budget is 9");
    builder.build().unwrap()
}

#[test]
fn a_space_with_conditions_and_requirements_is_counted_exactly() {
    let decisions = nested();
    check_against_listing(&decisions);
    assert_eq!(decisions.raw_size(), BigUint::from(72_u32));
    // One block: 2. Two: 1 (skip) + 3. Three, with costs of b2 of 2, 6 and 7: 3 (skip) and, for
    // kernels of 1, 3 and 5 with at most 9: 3 + 2 + 1 (the 5 with 2), as 3 + 6 = 9.
    assert_eq!(decisions.size().unwrap(), BigUint::from(2_u32 + 4 + 3 + 6));
}

#[test]
fn a_chain_of_sums_is_counted_beyond_what_can_be_listed() {
    let mut builder = Decisions::builder();
    builder.decision("x0", 0..10_i64);
    builder.derived("sum0", "x0");
    for i in 1..60 {
        builder.decision(&format!("x{i}"), 0..10_i64);
        builder.derived(&format!("sum{i}"), &format!("sum{} + x{i}", i - 1));
    }
    builder.require("sum59 == 270", "the middle");
    let decisions = builder.build().unwrap();
    // Coefficients of (1 + x + … + x⁹)⁶⁰, by repeated multiplication.
    let mut ways = vec![BigUint::from(1_u32)];
    for _ in 0..60 {
        let mut next = vec![BigUint::ZERO; ways.len() + 9];
        for (sum, count) in ways.iter().enumerate() {
            next[sum..sum + 10].iter_mut().for_each(|place| *place += count);
        }
        ways = next;
    }
    assert_eq!(decisions.size().unwrap(), ways[270]);
    let mut stream = Streams::new(1).stream(0, Purpose::Sample);
    let rollout = decisions.sample_distinct(&mut stream).unwrap();
    assert!(decisions.values(&rollout).is_allowed());
}

#[test]
fn what_depends_on_too_much_at_once_is_refused() {
    let mut builder = Decisions::builder();
    let names: Vec<String> = (0..12).map(|i| format!("x{i}")).collect();
    for name in &names {
        builder.decision(name, 0..10_i64);
    }
    builder.require(&format!("gcd({}) == 1", names.join(", ")), "coprime");
    let decisions = builder.build().unwrap();
    assert!(decisions.size().unwrap_err().to_string().contains("states"));
    // It can still be drawn from.
    let mut stream = Streams::new(1).stream(0, Purpose::Sample);
    assert!(decisions.sample(&mut stream).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn random_spaces_are_counted_exactly(
        sizes in prop::collection::vec(1_usize..4, 2..7),
        conditions in prop::collection::vec((0_usize..7, 0_i64..3, 0_usize..4), 7),
        bound in 0_i64..12,
    ) {
        let mut builder = Decisions::builder();
        for (index, &size) in sizes.iter().enumerate() {
            let path = format!("d{index}");
            let (on, value, kind) = conditions[index];
            let choices = 0..size as i64;
            // Conditions read decisions behind this one, so that circles cannot come about.
            let other = index + 1 + on % 3;
            if other >= sizes.len() || kind == 3 {
                builder.decision(&path, choices);
            } else {
                let comparison = ["==", ">=", "!="][kind];
                builder.decision_when(&path, choices, &format!("d{other} {comparison} {value}"));
            }
        }
        let all: Vec<String> = (0..sizes.len()).map(|index| format!("d{index}")).collect();
        builder.derived("total", &format!("sum({}, 0)", all.join(", ")));
        builder.derived("most", &format!("max({}, 0) * 2", all.join(", ")));
        builder.require(&format!("total + most <= {bound}"), "bound");
        check_against_listing(&builder.build().unwrap());
    }

    #[test]
    fn whatever_is_done_gives_canonical_rollouts_that_are_allowed(seed in any::<u64>()) {
        let decisions = nested();
        let all = by_hand(&decisions);
        let streams = Streams::new(seed);
        let one = decisions.sample(&mut streams.stream(0, Purpose::Sample)).unwrap();
        let other = decisions.sample(&mut streams.stream(1, Purpose::Sample)).unwrap();
        prop_assert!(all.contains(&one) && all.contains(&other));
        for crossing in [Crossing::Uniform, Crossing::Parts] {
            let mut stream = streams.stream(2, Purpose::Crossover);
            prop_assert!(all.contains(&decisions.cross((&one, &other), crossing, &mut stream).unwrap()));
        }
        for changes in 1..4 {
            let mut stream = streams.stream(3, Purpose::Mutation);
            let mutation = Mutation { changes, weights: None };
            let child = decisions.mutate(&one, mutation, &mut stream).unwrap();
            prop_assert!(all.contains(&child) && child != one);
        }
        let genotype = Genotype::new("nested", &decisions, &one);
        let read: Genotype = genotype.to_json().parse().unwrap();
        prop_assert_eq!(read.rollout("nested", &decisions).unwrap(), one);
    }
}

#[test]
fn drawing_is_uniform_over_choices_or_over_rollouts() {
    let mut builder = Decisions::builder();
    builder.decision("deep", [0, 1]);
    builder.decision_when("kernel", [1, 3, 5], "deep == 1");
    let decisions = builder.build().unwrap();
    let shallow = |distinct: bool| {
        let mut stream = Streams::new(5).stream(0, Purpose::Sample);
        (0..4000)
            .filter(|_| {
                let drawn = if distinct {
                    decisions.sample_distinct(&mut stream)
                } else {
                    decisions.sample(&mut stream)
                };
                drawn.unwrap().choice(0) == Some(0)
            })
            .count()
    };
    // Half of the choices, a quarter of the rollouts; standard deviations are 32 and 27.
    assert!((1870..2130).contains(&shallow(false)), "{}", shallow(false));
    assert!((890..1110).contains(&shallow(true)), "{}", shallow(true));
}

#[test]
fn mutation_follows_its_weights() {
    let mut builder = Decisions::builder();
    builder.decision("a", [0, 1, 2]).decision("b", [0, 1, 2]).decision("fixed", [7]);
    let decisions = builder.build().unwrap();
    let parent = decisions.assign(|_| 1).rollout;
    let mut stream = Streams::new(9).stream(0, Purpose::Mutation);
    let weights = [1.0, 3.0, 5.0];
    let mutation = Mutation { changes: 1, weights: Some(&weights) };
    let mut counts: HashMap<(Option<usize>, Option<usize>), usize> = HashMap::new();
    for _ in 0..4000 {
        let child = decisions.mutate(&parent, mutation, &mut stream).unwrap();
        *counts.entry((child.choice(0), child.choice(1))).or_default() += 1;
    }
    // A quarter changes a, to 0 or 2 as likely; standard deviations are 21 and 31.
    assert_eq!(counts.len(), 4);
    for a in [0, 2] {
        assert!((410..590).contains(&counts[&(Some(a), Some(1))]), "{counts:?}");
        assert!((1375..1625).contains(&counts[&(Some(1), Some(a))]), "{counts:?}");
    }
    let wrong = Mutation { changes: 1, weights: Some(&weights[..2]) };
    let error = decisions.mutate(&parent, wrong, &mut stream).unwrap_err();
    assert_eq!(error, VaryError::Weights { weights: 2, decisions: 3 });
    let nothing = Mutation { changes: 1, weights: Some(&[0.0, 0.0, 1.0]) };
    let error = decisions.mutate(&parent, nothing, &mut stream).unwrap_err();
    assert_eq!(error, VaryError::NothingToChange);
}

#[test]
fn crossing_by_parts_keeps_parts_together() {
    let mut builder = Decisions::builder();
    for part in ["stage0", "stage1"] {
        for name in ["a", "b", "c"] {
            builder.decision(&format!("{part}.{name}"), [0, 1]);
        }
    }
    let decisions = builder.build().unwrap();
    let (zeros, ones) = (decisions.assign(|_| 0).rollout, decisions.assign(|_| 1).rollout);
    let mut stream = Streams::new(2).stream(0, Purpose::Crossover);
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let child = decisions.cross((&zeros, &ones), Crossing::Parts, &mut stream).unwrap();
        let part = |range: std::ops::Range<usize>| {
            let choices: HashSet<_> = range.map(|index| child.choice(index)).collect();
            assert_eq!(choices.len(), 1);
            choices.into_iter().next().flatten().unwrap()
        };
        seen.insert((part(0..3), part(3..6)));
    }
    assert_eq!(seen.len(), 4);
}

#[test]
fn genotypes_and_their_hashes_are_frozen() {
    let decisions = nested();
    let rollout = decisions.rollout_at(&BigUint::from(9_u32)).unwrap().unwrap();
    let genotype = Genotype::new("nested", &decisions, &rollout);
    let json = r#"{"genotype":1,"space":"nested","decisions":{"b1.kernel":5,"b2.kernel":1,"blocks":3,"op":"conv"}}"#;
    assert_eq!(genotype.to_json(), json);
    // As the XXH3 reference implementation gives it.
    assert_eq!(genotype.hash().to_string(), "01a131ec4e4fe07b7fa27607ada035cf");
    // Layout, the order of keys and what is inactive do not count.
    let loose = r#"{"decisions": {"op": "conv", "b2.wide": 1, "blocks": 3, "b2.kernel": 1,
        "b1.kernel": 5}, "space": "nested", "genotype": 1}"#;
    let read: Genotype = loose.parse().unwrap();
    assert_eq!(read.rollout("nested", &decisions).unwrap(), rollout);
}

#[rstest]
#[case("{", "not JSON")]
#[case(r#"{"genotype": 2, "space": "nested", "decisions": {}}"#, "known version")]
#[case(r#"{"genotype": 1, "space": "nested"}"#, "missing")]
#[case(r#"{"genotype": 1, "space": "nested", "decisions": {"op": 1.5}}"#, "neither")]
#[case(r#"{"genotype": 1, "space": "other", "decisions": {"op": "skip", "blocks": 1}}"#, "other")]
fn bad_genotypes(#[case] text: &str, #[case] message: &str) {
    let result = text.parse::<Genotype>().and_then(|read| read.rollout("nested", &nested()));
    let error = result.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn every_problem_of_a_genotype_is_said_at_once() {
    let text = r#"{"genotype": 1, "space": "nested", "decisions":
        {"op": "conf", "block": 2, "b2.kernel": 7}}"#;
    let genotype: Genotype = text.parse().unwrap();
    let error = genotype.rollout("nested", &nested()).unwrap_err();
    let said: Vec<&str> = error.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        said,
        ["b2.kernel is 7", "there is no decision `block`", "op is conf", "blocks has no value"]
    );
    assert_eq!(error.problems[1].hint, "did you mean `blocks`?");
    let text = r#"{"genotype": 1, "space": "nested", "decisions":
        {"op": "conv", "blocks": 3, "b1.kernel": 5, "b2.kernel": 3, "b2.wide": 0}}"#;
    let genotype: Genotype = text.parse().unwrap();
    let error = genotype.rollout("nested", &nested()).unwrap_err();
    assert!(error.to_string().contains("the budget is 9"), "{error}");
}

#[test]
fn every_problem_of_decisions_is_found() {
    let mut builder = Decisions::builder();
    builder.decision("a b", [1]);
    builder.decision("twice", [1, 2]).decision("twice", [1, 2]);
    builder.decision("none", Vec::<i64>::new());
    builder.decision("same", [1, 1]);
    builder.decision_when("c", [1, 2], "twise == 1");
    let error = builder.build().unwrap_err();
    assert_eq!(error.count(), 5, "{error}");
    let mut builder = Decisions::builder();
    builder.derived("x", "y + 1").derived("y", "x + 1");
    let error = builder.build().unwrap_err().to_string();
    assert!(error.contains("circle: x, y"), "{error}");
    let mut builder = Decisions::builder();
    builder.decision("op", ["p", "q"]);
    builder.derived("bad", "op + 1").derived("worse", "op == 1");
    builder.derived("mixed", "select(op, 'p': 1, else: 'z')");
    builder.require("op", "a word");
    let error = builder.build().unwrap_err();
    assert_eq!(error.count(), 4, "{error}");
}
