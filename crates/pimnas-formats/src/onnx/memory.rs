//! How much memory a file takes when it is unfolded, before any of it is taken: a message of two
//! bytes can become some hundred.

use std::mem::size_of;

use super::error::OnnxError;
use super::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, ShapeMessage, TensorMessage, TensorType,
    TypeMessage, ValueInfo,
};

/// Bytes that any file may unfold to: more than ten thousand nodes.
const FREE_BYTES: usize = 64 << 20;
/// Bytes that a file may unfold to for each of its own.
const UNFOLDING: usize = 8;
/// Elements for which a list has room when it gets its first.
const FIRST: usize = 4;
/// By how much more room than elements a list grows later.
const GROWTH: usize = 2;
/// Bytes around a text of its own.
const TEXT: usize = 16;
/// Groups in groups beyond which the decoder gives up.
const MOST_GROUPS: usize = 100;

/// A message of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    OperatorSet,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dimension,
}

/// What is kept of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// Nothing, or a number of fixed size.
    Small,
    /// A text or bytes.
    Text,
    /// Texts.
    Texts,
    /// A message, in its parent.
    Message(Kind),
    /// Messages.
    Messages(Kind),
    /// Numbers of so many bytes, stored as they are.
    Fixed(usize),
    /// Numbers of so many bytes, stored as briefly as they can be.
    Varints(usize),
}

impl Kind {
    /// Bytes of such a message without what it refers to.
    fn size(self) -> usize {
        match self {
            Self::Model => size_of::<Model>(),
            Self::OperatorSet => size_of::<OperatorSet>(),
            Self::Graph => size_of::<Graph>(),
            Self::Node => size_of::<Node>(),
            Self::Attribute => size_of::<Attribute>(),
            Self::Tensor => size_of::<TensorMessage>(),
            Self::ValueInfo => size_of::<ValueInfo>(),
            Self::Type => size_of::<TypeMessage>(),
            Self::TensorType => size_of::<TensorType>(),
            Self::Shape => size_of::<ShapeMessage>(),
            Self::Dimension => size_of::<Dimension>(),
        }
    }

    /// The field with that number; as [`super::proto`] has them.
    fn field(self, number: u64) -> Field {
        match (self, number) {
            (Self::Model, 7) => Field::Message(Self::Graph),
            (Self::Model, 8) => Field::Messages(Self::OperatorSet),
            (Self::Graph, 1) => Field::Messages(Self::Node),
            (Self::Graph, 5) => Field::Messages(Self::Tensor),
            (Self::Graph, 11 | 12) => Field::Messages(Self::ValueInfo),
            (Self::Node, 1 | 2) => Field::Texts,
            (Self::Node, 5) => Field::Messages(Self::Attribute),
            (Self::Attribute, 5) => Field::Message(Self::Tensor),
            (Self::Attribute, 7) | (Self::Tensor, 4) => Field::Fixed(4),
            (Self::Attribute, 8) | (Self::Tensor, 1 | 7 | 11) => Field::Varints(8),
            (Self::Tensor, 5) => Field::Varints(4),
            (Self::Tensor, 10) => Field::Fixed(8),
            (Self::ValueInfo, 2) => Field::Message(Self::Type),
            (Self::Type, 1) => Field::Message(Self::TensorType),
            (Self::TensorType, 2) => Field::Message(Self::Shape),
            (Self::Shape, 1) => Field::Messages(Self::Dimension),
            (Self::OperatorSet | Self::ValueInfo | Self::Attribute, 1)
            | (Self::Model, 2 | 3)
            | (Self::Graph | Self::Dimension, 2)
            | (Self::Node, 3 | 4 | 7)
            | (Self::Attribute, 4)
            | (Self::Tensor, 8 | 9) => Field::Text,
            _ => Field::Small,
        }
    }
}

/// Checks that a file does not unfold to much more than it has.
pub(super) fn check(file: &[u8], kind: Kind) -> Result<(), OnnxError> {
    let limit = file.len().saturating_mul(UNFOLDING).saturating_add(FREE_BYTES);
    let mut left = Left { bytes: limit };
    match message(file, kind, &mut left) {
        // What is broken is broken for the decoder, too, which says where.
        Ok(()) | Err(Stop::Broken) => Ok(()),
        Err(Stop::TooMuch) => Err(OnnxError::TooLarge { bytes: file.len(), limit }),
    }
}

/// Memory that may still be taken.
struct Left {
    bytes: usize,
}

impl Left {
    fn take(&mut self, bytes: usize) -> Result<(), Stop> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Stop::TooMuch)?;
        Ok(())
    }
}

enum Stop {
    Broken,
    TooMuch,
}

fn message(mut rest: &[u8], kind: Kind, left: &mut Left) -> Result<(), Stop> {
    // Lists of this message that have an element.
    let mut begun = 0_u32;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let number = key >> 3;
        let field = kind.field(number);
        let payload = value(&mut rest, key & 7, MOST_GROUPS)?;
        let (elements, size) = match (field, payload) {
            (Field::Small | Field::Message(_) | Field::Text, Payload::Number) => continue,
            (Field::Small, Payload::Bytes(_)) => continue,
            (Field::Text, Payload::Bytes(bytes)) => {
                left.take(bytes.len() + TEXT)?;
                continue;
            }
            (Field::Message(inner), Payload::Bytes(bytes)) => {
                message(bytes, inner, left)?;
                continue;
            }
            (Field::Texts, Payload::Bytes(bytes)) => {
                left.take(bytes.len() + TEXT)?;
                (1, size_of::<String>())
            }
            (Field::Messages(inner), Payload::Bytes(bytes)) => {
                message(bytes, inner, left)?;
                (1, inner.size())
            }
            (Field::Fixed(size), Payload::Bytes(bytes)) => (bytes.len() / size, size),
            (Field::Varints(size), Payload::Bytes(bytes)) => {
                (bytes.iter().filter(|&&byte| byte < 0x80).count(), size)
            }
            (Field::Fixed(size) | Field::Varints(size), Payload::Number) => (1, size),
            (Field::Texts | Field::Messages(_), Payload::Number) => return Err(Stop::Broken),
        };
        let bit = 1_u32.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or(0);
        let first = begun & bit == 0;
        begun |= bit;
        let room = elements.saturating_mul(GROWTH).max(if first { FIRST } else { 0 });
        left.take(room.saturating_mul(size))?;
    }
    Ok(())
}

/// What stands behind a key.
enum Payload<'a> {
    /// A number, or a group, of which nothing is kept.
    Number,
    Bytes(&'a [u8]),
}

fn value<'a>(rest: &mut &'a [u8], wire: u64, groups: usize) -> Result<Payload<'a>, Stop> {
    match wire {
        0 => {
            varint(rest)?;
        }
        1 => {
            bytes(rest, 8)?;
        }
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Stop::Broken)?;
            return Ok(Payload::Bytes(bytes(rest, length)?));
        }
        3 => {
            let groups = groups.checked_sub(1).ok_or(Stop::Broken)?;
            loop {
                let wire = varint(rest)? & 7;
                if wire == 4 {
                    break;
                }
                value(rest, wire, groups)?;
            }
        }
        5 => {
            bytes(rest, 4)?;
        }
        _ => return Err(Stop::Broken),
    }
    Ok(Payload::Number)
}

fn bytes<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Stop> {
    let (taken, behind) = rest.split_at_checked(count).ok_or(Stop::Broken)?;
    *rest = behind;
    Ok(taken)
}

/// A number of seven bits a byte, the lowest first.
fn varint(rest: &mut &[u8]) -> Result<u64, Stop> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, behind) = rest.split_first().ok_or(Stop::Broken)?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Stop::Broken)
}
