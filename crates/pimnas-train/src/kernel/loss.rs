//! Cross-entropy of softmax, with smoothed labels.

/// The mean loss of a batch and its gradient.
///
/// The target of a class is (1 - smoothing) for the label, plus smoothing / classes for all.
pub(crate) fn cross_entropy(logits: &[f32], labels: &[u32], smoothing: f32) -> (f32, Vec<f32>) {
    let items = labels.len().max(1);
    let classes = logits.len() / items;
    let mut gradient = vec![0.0; logits.len()];
    let mut total = 0.0;
    let even = f64::from(smoothing) / classes.max(1) as f64;
    let places = gradient.chunks_exact_mut(classes.max(1));
    for ((logits, to), &label) in logits.chunks_exact(classes.max(1)).zip(places).zip(labels) {
        let most = logits.iter().fold(f32::NEG_INFINITY, |most, &value| most.max(value));
        let shifted = |value: f32| f64::from(value - most);
        let sum: f64 = logits.iter().map(|&value| shifted(value).exp()).sum();
        let logarithm = sum.ln();
        for (class, (&value, to)) in logits.iter().zip(to).enumerate() {
            let one = if class == label as usize { 1.0 - f64::from(smoothing) } else { 0.0 };
            let target = one + even;
            total -= target * (shifted(value) - logarithm);
            *to = ((shifted(value).exp() / sum - target) / items as f64) as f32;
        }
    }
    ((total / items as f64) as f32, gradient)
}
