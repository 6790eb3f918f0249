//! Labelled images.

use std::fmt;

use crate::error::DataError;

/// Shape of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// Channels: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageShape {
    /// Values of an image; `None` where their number does not fit.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.channels.checked_mul(self.height)?.checked_mul(self.width)
    }
}

impl fmt::Display for ImageShape {
    /// `3×32×32`: channels, height, width.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}

/// Values of all images, one image after another, each channel by channel and row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// Of 0 to 255.
    U8(Vec<u8>),
    /// Of any range.
    F32(Vec<f32>),
}

impl Pixels {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Labelled images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    shape: ImageShape,
    pixels: Pixels,
    labels: Vec<u32>,
    classes: usize,
    class_names: Option<Vec<String>>,
}

impl Dataset {
    /// Images with one label each, of that many classes. No image at all is a data set, too.
    ///
    /// # Errors
    /// Not as many images as labels, a label that is not below `classes`, a pixel that is not
    /// finite, and a shape without elements.
    pub fn new(
        shape: ImageShape,
        pixels: Pixels,
        labels: Vec<u32>,
        classes: usize,
    ) -> Result<Self, DataError> {
        let size = shape.elements().filter(|&size| size > 0);
        let Some(size) = size else {
            let (found, expected) = (shape.to_string(), "one with elements".to_owned());
            return Err(DataError::Shape { what: "an image".to_owned(), found, expected });
        };
        if labels.len().checked_mul(size) != Some(pixels.len()) {
            let images = pixels.len() / size;
            return Err(DataError::Count { images, labels: labels.len() });
        }
        let outside = |&(_, &label): &(usize, &u32)| label as usize >= classes;
        if let Some((index, &label)) = labels.iter().enumerate().find(outside) {
            return Err(DataError::Label { index, label: i64::from(label), classes });
        }
        if let Pixels::F32(values) = &pixels
            && let Some(place) = values.iter().position(|value| !value.is_finite())
        {
            let value = values.get(place).map(f32::to_string).unwrap_or_default();
            let (index, position) = (place / size, place % size);
            return Err(DataError::NotFinite { index, position, value });
        }
        Ok(Self { shape, pixels, labels, classes, class_names: None })
    }

    /// The same with names of the classes, of which there are as many as names then.
    ///
    /// # Errors
    /// Fewer names than a label needs.
    pub fn with_class_names(mut self, names: Vec<String>) -> Result<Self, DataError> {
        let classes = names.len();
        let outside = |&(_, &label): &(usize, &u32)| label as usize >= classes;
        if let Some((index, &label)) = self.labels.iter().enumerate().find(outside) {
            return Err(DataError::Label { index, label: i64::from(label), classes });
        }
        self.classes = classes;
        self.class_names = Some(names);
        Ok(self)
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Shape of an image.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Values of all images.
    #[must_use]
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The label of each image, below [`Self::classes`].
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Names of the classes in the order of their labels, where they are known.
    #[must_use]
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// Images of each class.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The images at these indices, in that order; indices past the end are left out.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let indices: Vec<usize> = indices.iter().copied().filter(|&i| i < self.len()).collect();
        let size = self.shape.elements().unwrap_or(0);
        let range = |index: usize| index * size..(index + 1) * size;
        let pixels = match &self.pixels {
            Pixels::U8(values) => Pixels::U8(gather(values, indices.iter().map(|&i| range(i)))),
            Pixels::F32(values) => Pixels::F32(gather(values, indices.iter().map(|&i| range(i)))),
        };
        let labels = indices.iter().filter_map(|&index| self.labels.get(index).copied()).collect();
        Self { shape: self.shape, pixels, labels, ..self.without_images() }
    }

    /// The first images, at most that many.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        self.select(&(0..count.min(self.len())).collect::<Vec<_>>())
    }

    /// The last images of each class, about as many as asked for in all, kept apart from the
    /// others: the others first. Both are in the order of all.
    #[must_use]
    pub fn apart(&self, count: usize) -> (Self, Self) {
        let each = count.div_ceil(self.classes.max(1));
        let mut taken = vec![0; self.classes];
        let (mut last, mut kept) = (Vec::new(), Vec::new());
        for (index, &label) in self.labels.iter().enumerate().rev() {
            match taken.get_mut(label as usize) {
                Some(taken) if *taken < each => {
                    *taken += 1;
                    last.push(index);
                }
                Some(_) | None => kept.push(index),
            }
        }
        last.reverse();
        kept.reverse();
        (self.select(&kept), self.select(&last))
    }

    fn without_images(&self) -> Self {
        Self {
            shape: self.shape,
            pixels: Pixels::U8(Vec::new()),
            labels: Vec::new(),
            classes: self.classes,
            class_names: self.class_names.clone(),
        }
    }

    /// The values of one image as floats: bytes as 0 to 255.
    pub(crate) fn image_into(&self, index: usize, image: &mut [f32]) {
        let size = image.len();
        let range = index * size..(index + 1) * size;
        match &self.pixels {
            Pixels::U8(values) => {
                for (to, &from) in image.iter_mut().zip(values.get(range).unwrap_or_default()) {
                    *to = f32::from(from);
                }
            }
            Pixels::F32(values) => {
                for (to, &from) in image.iter_mut().zip(values.get(range).unwrap_or_default()) {
                    *to = from;
                }
            }
        }
    }
}

fn gather<T: Copy>(values: &[T], ranges: impl Iterator<Item = std::ops::Range<usize>>) -> Vec<T> {
    ranges.flat_map(|range| values.get(range).unwrap_or_default()).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 2 };

    fn dataset(labels: &[u32], classes: usize) -> Result<Dataset, DataError> {
        let pixels = (0..u8::try_from(labels.len() * 2).unwrap()).collect();
        Dataset::new(SHAPE, Pixels::U8(pixels), labels.to_vec(), classes)
    }

    #[test]
    fn labels_are_below_the_number_of_classes() {
        assert_eq!(dataset(&[0, 1, 1], 2).unwrap().counts(), [1, 2]);
        let error = dataset(&[0, 2], 2).unwrap_err();
        assert_eq!(error, DataError::Label { index: 1, label: 2, classes: 2 });
        let named = dataset(&[0, 1], 2).unwrap().with_class_names(vec!["a".to_owned()]);
        assert!(matches!(named, Err(DataError::Label { index: 1, .. })));
    }

    #[test]
    fn counts_shapes_and_values_are_checked() {
        let new = |shape, pixels| Dataset::new(shape, pixels, vec![0, 0], 1);
        let count = new(SHAPE, Pixels::U8(vec![0; 6]));
        assert_eq!(count, Err(DataError::Count { images: 3, labels: 2 }));
        let flat = ImageShape { height: 0, ..SHAPE };
        assert!(matches!(new(flat, Pixels::U8(vec![])), Err(DataError::Shape { .. })));
        let huge = ImageShape { height: usize::MAX, ..SHAPE };
        assert!(matches!(new(huge, Pixels::U8(vec![])), Err(DataError::Shape { .. })));
        let nan = new(SHAPE, Pixels::F32(vec![0.0, 0.0, 0.0, f32::NAN]));
        assert!(matches!(nan, Err(DataError::NotFinite { index: 1, position: 1, .. })));
    }

    #[test]
    fn a_selection_keeps_images_and_labels_together() {
        let some = dataset(&[0, 1, 2], 3).unwrap().select(&[2, 0, 9]);
        assert_eq!(some.pixels(), &Pixels::U8(vec![4, 5, 0, 1]));
        assert_eq!((some.labels(), some.classes()), (&[2, 0][..], 3));
    }
}
