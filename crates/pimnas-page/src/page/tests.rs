//! The page's structure, from runs of all kinds.

use super::*;
use crate::figures::sample::tests::run_of;
use crate::member::MemberDetail;
use crate::model::{
    AccuracyStage, Direction, Hypervolume, HypervolumePoint, Member, Metric, Outcome, RunHead,
    funnel_of,
};

const CURIOUS: &str = "</script><b>&\"'";

/// A run with two objectives and every part, with a member that is really simulated.
fn whole_run() -> RunReport {
    let values = [3.0, 1.0, 2.0, 5.0, 4.0, 9.0];
    let choices = [Some(0), Some(1), Some(0), Some(1), None, Some(1)];
    let mut run = run_of(&std::array::from_fn::<_, 6, _>(|i| (choices[i], values[i])));
    run.metrics.push(Metric::new("accuracy_percent", "%", Direction::Maximise));
    run.objectives.push(1);
    for (trial, accuracy) in run.trials.iter_mut().zip([92.0, 88.0, 90.0, 89.0, 91.0, 80.0]) {
        trial.metrics.push(Some(accuracy));
        trial.stages = 2;
    }
    run.trials[5].outcome = Outcome::Infeasible;
    run.trials[5].stages = 1;
    run.front = vec![0, 1, 2];
    run.decisions[0].path = CURIOUS.to_owned();
    run.head = RunHead {
        title: CURIOUS.to_owned(),
        constraints: vec!["latency_ms <= 8".to_owned()],
        seed: 7,
        seconds: Some(61.0),
        ..RunHead::default()
    };
    let point = |evaluations, volume| HypervolumePoint { evaluations, seconds: None, volume };
    run.hypervolume = Some(Hypervolume {
        reference: vec![10.0, 50.0],
        curve: vec![point(1, 10.0), point(3, 96.0), point(6, 100.0)],
    });
    let stages = [("hardware".to_owned(), Some(0.5)), ("accuracy".to_owned(), Some(60.0))];
    run.funnel = funnel_of(&run.trials, &stages);
    let config = pimnas_config::RawConfig::reference_default();
    let hardware = pimnas_config::resolve(&config).unwrap();
    let lenet = pimnas_network::zoo::build("lenet", Default::default()).unwrap();
    let detail = MemberDetail::new(&lenet, &hardware, &Default::default()).unwrap();
    run.members = vec![Member {
        trial: 1,
        detail: Some(detail),
        accuracy: vec![AccuracyStage {
            name: "on crossbars".to_owned(),
            percent: 88.0,
            interval: Some((86.0, 90.0)),
            note: String::new(),
        }],
        command: "pimnas show <RUN>".to_owned(),
    }];
    run
}

fn count(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

#[test]
fn everything_has_its_section_and_its_marks() {
    let page = render(&whole_run());
    let sections =
        ["front", "pairs", "parallel", "hypervolume", "common", "importance", "funnel", "trial-1"];
    for id in sections {
        assert_eq!(count(&page, &format!(" id=\"{id}\">")), 1, "{id}");
    }
    // One pair of two objectives, three members on it, one of which has a section to go to.
    assert_eq!(count(&page, "<svg class=\"scatter\""), 1);
    assert_eq!(count(&page, "<circle data-trial="), 3);
    assert_eq!(count(&page, "<a href=\"#trial-1\" tabindex=\"-1\">"), 1);
    // An axis for each objective and the decision; a lane for each layer of LeNet with circuits.
    assert_eq!(count(&page, "class=\"axis\""), 3);
    assert_eq!(count(&page, "class=\"lane\""), 7);
    let texts =
        ["pimnas show &lt;RUN&gt;", "1\u{a0}min 1\u{a0}s", "conv 5×5", "88.0 (86.0 to 90.0)"];
    for text in texts {
        assert!(page.contains(text), "{text}");
    }
    // 95 % of the hypervolume of 100 was there after three trials.
    assert!(page.contains("95 % of which was there after 3 candidates"));
    assert!(page.contains("6 → 5"), "the funnel counts");
}

#[test]
fn no_id_is_there_twice() {
    let page = render(&whole_run());
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    assert!(ids.len() > 10);
}

#[test]
fn text_is_escaped_and_nothing_is_loaded() {
    let page = render(&whole_run());
    assert!(!page.contains(CURIOUS));
    assert_eq!(count(&page, "<b>&"), 0);
    assert_eq!(count(&page, "</script>"), 2);
    for loads in ["http://", "https://", " src=", "@import", "url("] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_same_run_gives_the_same_page_also_by_way_of_json() {
    let run = whole_run();
    let text = serde_json::to_string(&run).unwrap();
    let back: RunReport = serde_json::from_str(&text).unwrap();
    assert_eq!(back, run);
    assert_eq!(render(&back), render(&run));
}

#[test]
fn broken_runs_give_a_page_without_broken_numbers() {
    let mut missing = whole_run();
    missing.trials.truncate(2);
    missing.front = vec![0, 77];
    missing.members[0].trial = 99;
    missing.objectives = vec![0, 1, 8];
    missing.decisions[0].choices.truncate(1);
    let mut values = whole_run();
    for (trial, value) in values.trials.iter_mut().zip([f64::NAN, f64::INFINITY, 1e308, -1e308]) {
        trial.metrics = vec![Some(value), Some(0.0)];
    }
    values.trials[4].metrics.clear();
    values.hypervolume = Some(Hypervolume {
        reference: vec![f64::NAN],
        curve: vec![HypervolumePoint { evaluations: 0, seconds: Some(f64::NAN), volume: f64::NAN }],
    });
    let mut same = whole_run();
    for trial in &mut same.trials {
        trial.metrics = vec![Some(0.0), Some(0.0)];
    }
    for run in [RunReport::default(), missing, values, same] {
        let page = render(&run);
        let body = page.split("<script>").next().unwrap_or_default();
        let pictures = body.split("<svg").skip(1).filter_map(|svg| svg.split("</svg>").next());
        for picture in pictures {
            assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        }
        assert!(page.ends_with("</html>"));
    }
}

#[test]
fn many_trials_are_thinned_and_the_page_says_so() {
    let trials: Vec<_> = (0..5000).map(|i| (Some(u16::from(i % 2 == 0)), f64::from(i))).collect();
    let mut run = run_of(&trials);
    run.metrics.push(Metric::new("energy_mJ", "mJ", Direction::Minimise));
    run.objectives.push(1);
    for (index, trial) in run.trials.iter_mut().enumerate() {
        trial.metrics.push(Some((5000 - index) as f64));
    }
    run.front = vec![17];
    let page = render(&run);
    assert!(page.contains("3,001 of 5,000 drawn"));
    assert!(page.contains("<b>5,000</b> candidates"));
}

#[test]
fn a_run_without_a_front_says_why() {
    let mut run = whole_run();
    run.front.clear();
    run.members.clear();
    let page = render(&run);
    assert!(page.contains("No candidate keeps every constraint; 1 break one."));
    assert!(page.contains("None is on a front."));
}
