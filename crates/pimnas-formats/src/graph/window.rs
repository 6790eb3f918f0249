//! Where windows lie along the spatial dimensions.

use super::op::{Padding, Rounding, Window};
use super::trouble::{Trouble, shape};

/// A window along one dimension of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Elements of the map.
    pub size: usize,
    /// Elements of the window.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Distance of neighbouring elements of the window.
    pub dilation: usize,
    /// Zeros in front.
    pub before: usize,
    /// Zeros behind.
    pub after: usize,
    /// Number of windows.
    pub outputs: usize,
}

impl Placed {
    /// Elements from a window's first to its last, both included.
    pub fn reach(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// The map's element under an element of a window, if it is inside.
    pub fn inside(&self, output: usize, element: usize) -> Option<usize> {
        let padded = output * self.stride + element * self.dilation;
        padded.checked_sub(self.before).filter(|&place| place < self.size)
    }
}

/// Largest kernel, stride, dilation or padding, so that sums and products of them fit.
const LARGEST: usize = 1 << 20;

/// Places a window on a map with these spatial dimensions.
pub(crate) fn place(
    window: &Window,
    kernel: &[usize],
    spatial: &[usize],
) -> Result<Vec<Placed>, Trouble> {
    let rank = spatial.len();
    let lists = [kernel, &window.strides, &window.dilations];
    let fits = |list: &[usize], wanted: usize| list.is_empty() || list.len() == wanted;
    let explicit = match &window.padding {
        Padding::Explicit(pads) => pads.as_slice(),
        Padding::SameUpper | Padding::SameLower => &[],
    };
    if kernel.len() != rank
        || !lists.iter().all(|list| fits(list, rank))
        || !fits(explicit, 2 * rank)
    {
        return shape(format!("its window does not have {rank} spatial dimensions"));
    }
    if lists.into_iter().flatten().any(|&value| value == 0 || value > LARGEST)
        || explicit.iter().chain(spatial).any(|&value| value > LARGEST)
    {
        return shape(format!("a kernel, stride, dilation or padding is 0 or above {LARGEST}"));
    }
    let at = |list: &[usize], axis: usize, default| list.get(axis).copied().unwrap_or(default);
    (0..rank)
        .map(|axis| {
            let placed = Placed {
                size: at(spatial, axis, 0),
                kernel: at(kernel, axis, 1),
                stride: at(&window.strides, axis, 1),
                dilation: at(&window.dilations, axis, 1),
                before: at(explicit, axis, 0),
                after: at(explicit, axis + rank, 0),
                outputs: 0,
            };
            counted(placed, window)
        })
        .collect()
}

fn counted(mut placed: Placed, window: &Window) -> Result<Placed, Trouble> {
    let reach = placed.reach();
    match window.padding {
        Padding::Explicit(_) => {}
        Padding::SameUpper | Padding::SameLower => {
            placed.outputs = placed.size.div_ceil(placed.stride);
            let needed = placed.outputs.saturating_sub(1) * placed.stride + reach;
            let total = needed.saturating_sub(placed.size);
            let (less, more) = (total / 2, total - total / 2);
            (placed.before, placed.after) =
                if window.padding == Padding::SameUpper { (less, more) } else { (more, less) };
            return Ok(placed);
        }
    }
    let padded = placed.before + placed.size + placed.after;
    let Some(room) = padded.checked_sub(reach) else {
        return shape(format!("its window of {reach} is larger than the padded map of {padded}"));
    };
    placed.outputs = match window.rounding {
        Rounding::Floor => room / placed.stride + 1,
        Rounding::Ceil => {
            let outputs = room.div_ceil(placed.stride) + 1;
            // A window that begins behind the map sees nothing of it.
            let begins = (outputs - 1) * placed.stride;
            if begins >= placed.before + placed.size { outputs - 1 } else { outputs }
        }
    };
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(
        padding: Padding,
        rounding: Rounding,
        (size, kernel, stride): (usize, usize, usize),
    ) -> Placed {
        let window = Window {
            kernel: vec![kernel],
            strides: vec![stride],
            dilations: Vec::new(),
            padding,
            rounding,
        };
        place(&window, &[kernel], &[size]).unwrap()[0]
    }

    #[test]
    fn same_padding_gives_size_over_stride() {
        let upper = placed(Padding::SameUpper, Rounding::Floor, (5, 2, 1));
        assert_eq!((upper.before, upper.after, upper.outputs), (0, 1, 5));
        let lower = placed(Padding::SameLower, Rounding::Floor, (5, 3, 2));
        assert_eq!((lower.before, lower.after, lower.outputs), (1, 1, 3));
        let strided = placed(Padding::SameUpper, Rounding::Floor, (6, 1, 4));
        assert_eq!((strided.before, strided.after, strided.outputs), (0, 0, 2));
    }

    #[test]
    fn the_last_window_may_reach_outside_but_not_begin_there() {
        let pads = |before, after| Padding::Explicit(vec![before, after]);
        assert_eq!(placed(pads(0, 0), Rounding::Floor, (4, 3, 2)).outputs, 1);
        assert_eq!(placed(pads(0, 0), Rounding::Ceil, (4, 3, 2)).outputs, 2);
        assert_eq!(placed(pads(0, 1), Rounding::Ceil, (2, 1, 2)).outputs, 1);
    }
}
