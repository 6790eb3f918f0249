//! Operators with windows: convolutions and pooling.

use super::error::OnnxError;
use super::operators::Form;
use crate::graph::{Op, Padding, PlaceOrder, Reduction, Rounding, Window};

pub(super) fn convolution(form: &Form<'_>) -> Result<Op, OnnxError> {
    let window = window(form)?;
    let groups = match form.attributes.int("group")?.map(usize::try_from) {
        None => 1,
        Some(Ok(groups)) if groups > 0 => groups,
        Some(_) => return Err(form.attributes.form("has a group that is not positive")),
    };
    Ok(Op::Conv { window, groups })
}

pub(super) fn max_pool(form: &Form<'_>) -> Result<Op, OnnxError> {
    let window = rounded(form)?;
    let columns_first = form.attributes.flag("storage_order", 0)?;
    if !form.further {
        return Ok(Op::Pool { window, reduction: Reduction::Max });
    }
    let order = if columns_first { PlaceOrder::ColumnMajor } else { PlaceOrder::RowMajor };
    Ok(Op::MaxPoolIndices { window, order })
}

pub(super) fn average_pool(form: &Form<'_>) -> Result<Op, OnnxError> {
    let window = rounded(form)?;
    let padded = form.attributes.flag("count_include_pad", 0)?;
    let reduction = if padded { Reduction::MeanPadded } else { Reduction::MeanInside };
    Ok(Op::Pool { window, reduction })
}

fn rounded(form: &Form<'_>) -> Result<Window, OnnxError> {
    let mut window = window(form)?;
    if window.kernel.is_empty() {
        return Err(form.attributes.form("lacks its attribute kernel_shape"));
    }
    if form.attributes.flag("ceil_mode", 0)? {
        window.rounding = Rounding::Ceil;
    }
    Ok(window)
}

fn window(form: &Form<'_>) -> Result<Window, OnnxError> {
    let attributes = &form.attributes;
    let pads = attributes.sizes("pads")?;
    let padding = match attributes.text("auto_pad")?.as_deref() {
        None | Some("NOTSET" | "") => Padding::Explicit(pads),
        Some("VALID") => Padding::Explicit(Vec::new()),
        Some("SAME_UPPER") => Padding::SameUpper,
        Some("SAME_LOWER") => Padding::SameLower,
        Some(other) => {
            let other = crate::text::shown(other);
            return Err(attributes.form(format!("has auto_pad={other}, which is not known")));
        }
    };
    Ok(Window {
        kernel: attributes.sizes("kernel_shape")?,
        strides: attributes.sizes("strides")?,
        dilations: attributes.sizes("dilations")?,
        padding,
        rounding: Rounding::Floor,
    })
}
