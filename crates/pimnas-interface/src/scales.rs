//! Candidates that state their layers twice.

use serde_json::Value;

/// Types of layers with weights.
const WEIGHTED: [&str; 3] = ["conv", "group_conv", "fc"];
/// What states a layer's precision.
const KEYS: [&str; 3] = ["input", "output", "weight_info"];

/// A candidate's layer list with the scales of another list of the same layers.
///
/// A super net gives its layers once for their structure and once with the scales that the weights
/// were trained with. As in the reference's interface, layers with weights compute with the latter;
/// a layer without weights is quantised where the former states another scale behind it than before
/// it, with the latter's. Lists of different layers are not merged: the first is returned.
#[must_use]
pub fn with_scales(mut structure: Value, scales: &Value) -> Value {
    let (Some(layers), Some(scaled)) = (structure.as_array_mut(), scales.as_array()) else {
        return structure;
    };
    if layers.len() != scaled.len() {
        return structure;
    }
    for (layer, scaled) in layers.iter_mut().zip(scaled) {
        let kind = layer.get("_type").and_then(Value::as_str).unwrap_or_default();
        if !WEIGHTED.contains(&kind) && !is_quantised(layer) {
            continue;
        }
        let Some(layer) = layer.as_object_mut() else { continue };
        for key in KEYS {
            if let Some(value) = scaled.get(key) {
                layer.insert(key.to_owned(), value.clone());
            }
        }
    }
    structure
}

/// Whether a layer states another scale behind it than before it.
fn is_quantised(layer: &Value) -> bool {
    let scales = |key: &str| {
        let entries = layer.get(key).and_then(Value::as_array);
        entries.into_iter().flatten().filter_map(|entry| entry.get(1)).collect::<Vec<_>>()
    };
    match scales("output").first() {
        Some(output) => scales("input").iter().any(|input| input != output),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layer(kind: &str, (input, output): (f64, f64)) -> Value {
        json!({"_type": kind, "input": [[9, input, [4]]], "output": [[9, output, [4]]]})
    }

    #[test]
    fn layers_with_weights_and_quantised_ones_take_the_other_scales() {
        let structure =
            json!([layer("fc", (1.0, 1.0)), layer("relu", (1.0, 1.0)), layer("bn", (1.0, 2.0))]);
        let scales =
            json!([layer("fc", (3.0, 4.0)), layer("relu", (4.0, 5.0)), layer("bn", (5.0, 6.0))]);
        let merged = with_scales(structure.clone(), &scales);
        assert_eq!(merged[0], scales[0]);
        assert_eq!(merged[1], structure[1]);
        assert_eq!(merged[2], scales[2]);
    }

    #[test]
    fn other_layers_are_not_merged() {
        let structure = json!([layer("fc", (1.0, 1.0))]);
        assert_eq!(with_scales(structure.clone(), &json!([])), structure);
        assert_eq!(with_scales(structure.clone(), &json!(3)), structure);
    }
}
