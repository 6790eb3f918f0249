//! A machine that runs the part of the pickle language that state dicts use.
//!
//! It builds values and nothing else: a function is one of the few of [`Global`], whose effect
//! is written down here, and any other name is an error before it could be called.

use std::collections::HashMap;

use super::error::PthError;
use super::rebuild;
use super::value::{Global, Heap, Value};
use crate::text::shown;

/// Runs one pickle from the start of these bytes; gives its value and the bytes that it took.
pub(super) fn run<'a>(
    bytes: &'a [u8],
    heap: &mut Heap<'a>,
) -> Result<(Value<'a>, usize), PthError> {
    let mut machine = Machine {
        bytes,
        position: 0,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        heap,
    };
    loop {
        machine.at = machine.position;
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let value = machine.pop()?;
            return Ok((value, machine.position));
        }
        if !machine.constant(opcode)? && !machine.container(opcode)? {
            machine.reference(opcode)?;
        }
    }
}

pub(super) struct Machine<'a, 'h> {
    bytes: &'a [u8],
    position: usize,
    /// Position of the running opcode.
    at: usize,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<usize, Value<'a>>,
    pub(super) heap: &'h mut Heap<'a>,
}

impl<'a> Machine<'a, '_> {
    /// An error at the running opcode.
    pub(super) fn error(&self, why: impl Into<String>) -> PthError {
        PthError::Pickle { position: self.at, why: why.into() }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PthError> {
        let end = self.position.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.position..end));
        let Some(taken) = taken else {
            return Err(self.error("the pickle ends in the middle"));
        };
        self.position += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, PthError> {
        self.take(1).map(|taken| taken.first().copied().unwrap_or_default())
    }

    /// A number without sign of that many bytes, at most eight.
    fn unsigned(&mut self, bytes: usize) -> Result<usize, PthError> {
        let taken = self.take(bytes)?;
        let value = taken.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        usize::try_from(value).map_err(|_| self.error("a length beyond this machine's memory"))
    }

    fn text(&mut self, length_bytes: usize) -> Result<Value<'a>, PthError> {
        let length = self.unsigned(length_bytes)?;
        let taken = self.take(length)?;
        match std::str::from_utf8(taken) {
            Ok(text) => Ok(Value::Text(text)),
            Err(_) => Err(self.error("a text that is not UTF-8")),
        }
    }

    fn line(&mut self) -> Result<&'a str, PthError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(self.error("the pickle ends in the middle of a line"));
        };
        let line = self.take(length)?;
        self.byte()?;
        std::str::from_utf8(line).map_err(|_| self.error("a line that is not UTF-8"))
    }

    fn pop(&mut self) -> Result<Value<'a>, PthError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.error("it takes a value from an empty stack"));
        }
        self.stack.pop().ok_or_else(|| self.error("it takes a value from an empty stack"))
    }

    fn top(&self) -> Result<Value<'a>, PthError> {
        self.stack.last().copied().ok_or_else(|| self.error("it reads from an empty stack"))
    }

    fn since_mark(&mut self) -> Result<Vec<Value<'a>>, PthError> {
        let Some(mark) = self.marks.pop() else {
            return Err(self.error("it goes back to a mark that was never set"));
        };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    /// Opcodes that push a constant.
    fn constant(&mut self, opcode: u8) -> Result<bool, PthError> {
        let value = match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::from(self.byte()?)),
            b'M' => Value::Int(self.unsigned(2)? as i64),
            b'J' => {
                let taken = self.take(4)?.first_chunk().copied().unwrap_or_default();
                Value::Int(i64::from(i32::from_le_bytes(taken)))
            }
            0x8a => {
                let length = self.unsigned(1)?;
                long(self.take(length)?)
            }
            0x8b => {
                let length = self.unsigned(4)?;
                long(self.take(length)?)
            }
            b'G' => {
                self.take(8)?;
                Value::Float
            }
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            // Byte strings of older Pythons, which hold names too.
            b'U' => self.text(1)?,
            b'T' => self.text(4)?,
            b'B' | b'C' | 0x8e => {
                let length = self.unsigned(match opcode {
                    b'B' => 4,
                    b'C' => 1,
                    _ => 8,
                })?;
                self.take(length)?;
                Value::Bytes
            }
            _ => return Ok(false),
        };
        self.push(value);
        Ok(true)
    }

    /// Opcodes that make and fill tuples, lists and dicts.
    fn container(&mut self, opcode: u8) -> Result<bool, PthError> {
        match opcode {
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.tuple(Vec::new()),
            0x85..=0x87 => {
                let mut items = vec![Value::None; usize::from(opcode - 0x84)];
                for item in items.iter_mut().rev() {
                    *item = self.pop()?;
                }
                self.tuple(items);
            }
            b't' => {
                let items = self.since_mark()?;
                self.tuple(items);
            }
            b']' => {
                let place = self.heap.sequence(Vec::new());
                self.push(Value::List(place));
            }
            b'l' => {
                let items = self.since_mark()?;
                let place = self.heap.sequence(items);
                self.push(Value::List(place));
            }
            b'}' => self.dict(Vec::new()),
            b'd' => {
                let items = self.since_mark()?;
                let pairs = self.pairs(&items)?;
                self.dict(pairs);
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set_items(&items)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Opcodes for the memo, for functions and for storages, and those without effect.
    fn reference(&mut self, opcode: u8) -> Result<(), PthError> {
        match opcode {
            0x80 => match self.byte()? {
                0..=5 => {}
                version => {
                    return Err(self.error(format!("protocol {version} of pickles is not known")));
                }
            },
            0x95 => {
                self.take(8)?;
            }
            b'q' | b'r' => {
                let place = self.unsigned(if opcode == b'q' { 1 } else { 4 })?;
                let value = self.top()?;
                self.memo.insert(place, value);
            }
            0x94 => {
                let value = self.top()?;
                self.memo.insert(self.memo.len(), value);
            }
            b'h' | b'j' => {
                let place = self.unsigned(if opcode == b'h' { 1 } else { 4 })?;
                let Some(&value) = self.memo.get(&place) else {
                    return Err(self.error(format!("it takes memo {place}, which was never set")));
                };
                self.push(value);
            }
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.since_mark()?;
            }
            b'2' => {
                let value = self.top()?;
                self.push(value);
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(self.error("the name of a function is not a text"));
                };
                self.global(module, name)?;
            }
            b'Q' => {
                let identifier = self.pop()?;
                let storage = rebuild::storage(self, identifier)?;
                self.push(storage);
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let value = rebuild::call(self, function, arguments)?;
                self.push(value);
            }
            b'b' => self.build()?,
            _ => {
                let why = format!("operation {opcode:#04x} is not one that state dicts need");
                return Err(self.error(why));
            }
        }
        Ok(())
    }

    /// Attributes of a dict (`_metadata`), which hold no weights.
    fn build(&mut self) -> Result<(), PthError> {
        self.pop()?;
        match self.top()? {
            Value::Dict(_) | Value::Tensor(_) => Ok(()),
            other => Err(self.error(format!("it sets attributes of {}", other.kind()))),
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), PthError> {
        let Some(global) = Global::find(module, name) else {
            let name = shown(&format!("{module}.{name}"));
            return Err(PthError::UnknownGlobal { position: self.at, name });
        };
        self.push(Value::Global(global));
        Ok(())
    }

    fn tuple(&mut self, items: Vec<Value<'a>>) {
        let place = self.heap.sequence(items);
        self.push(Value::Tuple(place));
    }

    pub(super) fn dict_value(&mut self, pairs: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
        self.heap.dicts.push(pairs);
        Value::Dict(self.heap.dicts.len() - 1)
    }

    fn dict(&mut self, pairs: Vec<(Value<'a>, Value<'a>)>) {
        let value = self.dict_value(pairs);
        self.push(value);
    }

    fn append(&mut self, items: Vec<Value<'a>>) -> Result<(), PthError> {
        let target = self.top()?;
        if let Value::List(place) = target
            && let Some(list) = self.heap.sequences.get_mut(place)
        {
            list.extend(items);
            return Ok(());
        }
        Err(self.error(format!("it appends to {}", target.kind())))
    }

    fn pairs(&self, items: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>, PthError> {
        match items.as_chunks::<2>() {
            (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
            _ => Err(self.error("a key of a dict has no value")),
        }
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Result<(), PthError> {
        let pairs = self.pairs(items)?;
        let target = self.top()?;
        if let Value::Dict(place) = target
            && let Some(dict) = self.heap.dicts.get_mut(place)
        {
            dict.extend(pairs);
            return Ok(());
        }
        Err(self.error(format!("it sets an item of {}", target.kind())))
    }
}

/// A two's complement integer, little-endian.
fn long(bytes: &[u8]) -> Value<'_> {
    if bytes.len() > 8 {
        return Value::Long(bytes);
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = if negative { [0xff; 8] } else { [0; 8] };
    for (to, from) in wide.iter_mut().zip(bytes) {
        *to = *from;
    }
    Value::Int(i64::from_le_bytes(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(pickle: &[u8]) -> Result<Value<'_>, PthError> {
        run(pickle, &mut Heap::default()).map(|(value, _)| value)
    }

    #[test]
    fn integers_of_every_length_are_read() {
        assert_eq!(value(b"K\xff.").unwrap(), Value::Int(255));
        assert_eq!(value(b"M\x00\x01.").unwrap(), Value::Int(256));
        assert_eq!(value(b"J\xff\xff\xff\xff.").unwrap(), Value::Int(-1));
        assert_eq!(value(b"\x8a\x02\x00\x80.").unwrap(), Value::Int(-32_768));
        assert_eq!(value(b"\x8a\x00.").unwrap(), Value::Int(0));
    }

    #[test]
    fn a_marked_value_cannot_be_taken_away_from_its_container() {
        assert!(matches!(value(b"K\x01(0."), Err(PthError::Pickle { position: 3, .. })));
    }

    #[test]
    fn a_function_outside_the_list_is_named_where_it_stands() {
        let error = value(b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00idtR.").unwrap_err();
        assert_eq!(error, PthError::UnknownGlobal { position: 2, name: "os.system".to_owned() },);
    }

    #[test]
    fn truncated_and_empty_stacks_are_errors() {
        for pickle in [&b""[..], b".", b"R.", b"h\x05.", b"X\xff\xff\xff\xffa.", b"t.", b"(s."] {
            assert!(matches!(value(pickle), Err(PthError::Pickle { .. })), "{pickle:?}");
        }
    }
}
