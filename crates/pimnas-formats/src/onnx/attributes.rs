//! Attributes of a node, by name and type.

use std::cell::RefCell;

use super::error::OnnxError;
use super::proto::{Attribute, Node};
use super::tensors;
use crate::tensor::Tensor;
use crate::text::shown;

/// Attributes that change nothing here and that older exporters write.
const IGNORED: [&str; 4] = ["consumed_inputs", "momentum", "seed", "doc_string"];

/// The attributes of a node. Each is asked for by name; those that nobody asked for are an error
/// at the end, for they would change what the node computes.
pub(super) struct Attributes<'a> {
    node: &'a Node,
    label: &'a str,
    used: RefCell<Vec<&'static str>>,
}

impl<'a> Attributes<'a> {
    pub fn new(node: &'a Node, label: &'a str) -> Self {
        Self { node, label, used: RefCell::default() }
    }

    /// An error of this node's form.
    pub fn form(&self, why: impl Into<String>) -> OnnxError {
        OnnxError::Form {
            operator: shown(&self.node.op_type),
            node: self.label.to_owned(),
            why: why.into(),
        }
    }

    fn find(&self, name: &'static str, kinds: &[i32]) -> Result<Option<&'a Attribute>, OnnxError> {
        self.used.borrow_mut().push(name);
        let found = self.node.attribute.iter().find(|attribute| attribute.name == name);
        match found {
            // Files of the first versions state no types.
            Some(attribute) if attribute.kind != 0 && !kinds.contains(&attribute.kind) => {
                Err(self.form(format!("has an attribute {name} of the wrong type")))
            }
            Some(_) | None => Ok(found),
        }
    }

    pub fn float(&self, name: &'static str) -> Result<Option<f32>, OnnxError> {
        Ok(self.find(name, &[1])?.map(|attribute| attribute.f))
    }

    pub fn int(&self, name: &'static str) -> Result<Option<i64>, OnnxError> {
        Ok(self.find(name, &[2])?.map(|attribute| attribute.i))
    }

    /// A flag that is 0 or 1, with a default.
    pub fn flag(&self, name: &'static str, default: i64) -> Result<bool, OnnxError> {
        match self.int(name)?.unwrap_or(default) {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(self.form(format!("has {name}={value}, which is neither 0 nor 1"))),
        }
    }

    pub fn text(&self, name: &'static str) -> Result<Option<String>, OnnxError> {
        let found = self.find(name, &[3])?;
        Ok(found.map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned()))
    }

    pub fn tensor(&self, name: &'static str) -> Result<Option<Tensor>, OnnxError> {
        let found = self.find(name, &[4])?.and_then(|attribute| attribute.t.as_ref());
        found.map(|message| tensors::tensor(message, self.label)).transpose()
    }

    pub fn floats(&self, name: &'static str) -> Result<Option<Vec<f32>>, OnnxError> {
        Ok(self.find(name, &[6])?.map(|attribute| attribute.floats.clone()))
    }

    pub fn ints(&self, name: &'static str) -> Result<Option<Vec<i64>>, OnnxError> {
        Ok(self.find(name, &[7])?.map(|attribute| attribute.ints.clone()))
    }

    /// Sizes, none negative; empty where there are none.
    pub fn sizes(&self, name: &'static str) -> Result<Vec<usize>, OnnxError> {
        let values = self.ints(name)?.unwrap_or_default();
        let sizes: Result<Vec<usize>, _> = values.iter().map(|&v| usize::try_from(v)).collect();
        sizes.map_err(|_| self.form(format!("has a negative value in {name}")))
    }

    /// Checks that every attribute was asked for.
    pub fn finish(&self) -> Result<(), OnnxError> {
        let used = self.used.borrow();
        let known = |name: &str| used.contains(&name) || IGNORED.contains(&name);
        match self.node.attribute.iter().find(|attribute| !known(&attribute.name)) {
            Some(attribute) => {
                let name = shown(&attribute.name);
                Err(self.form(format!("has an attribute {name} that is not known")))
            }
            None => Ok(()),
        }
    }
}
