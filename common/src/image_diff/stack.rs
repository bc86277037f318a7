//! Layers upon each other: what is at each path in the end.

use super::layer::{Layer, Put};
use super::node::Node;
use super::paths::{PathId, Paths};

/// What is at each path, by its number.
#[derive(Debug, Default)]
pub(super) struct Tree(Vec<Option<Node>>);

impl Tree {
    /// These layers upon each other, the lowest first.
    pub(super) fn of(layers: &[&Layer], paths: &Paths) -> Self {
        let mut tree = Self(vec![None; paths.count()]);
        for (at, layer) in layers.iter().enumerate() {
            tree.hide(layer, paths);
            let at = u16::try_from(at).unwrap_or(u16::MAX);
            for (path, put) in &layer.puts {
                let node = match *put {
                    Put::Node(node) => node,
                    Put::Same(target, dangling) => tree.at(target).copied().unwrap_or(dangling),
                };
                tree.0[*path as usize] = Some(node.in_layer(at));
            }
        }
        tree
    }

    /// What is at `path`; nothing if it came up only after this tree was made.
    pub(super) fn at(&self, path: PathId) -> Option<&Node> {
        self.0.get(path as usize)?.as_ref()
    }

    /// Takes off what `layer` hides of those below it.
    fn hide(&mut self, layer: &Layer, paths: &Paths) {
        const GONE: u8 = 1;
        const BELOW: u8 = 2;
        let mut marks = vec![0_u8; self.0.len()];
        for path in &layer.removed {
            marks[*path as usize] |= GONE | BELOW;
        }
        for path in &layer.opaque {
            marks[*path as usize] |= BELOW;
        }
        // Directories come before what is in them.
        for path in 0..self.0.len() {
            let id = PathId::try_from(path).unwrap_or(PathId::MAX);
            let parent = paths.parent(id) as usize;
            if path != parent && marks[parent] & BELOW != 0 {
                marks[path] |= GONE | BELOW;
            }
            if marks[path] & GONE != 0 {
                self.0[path] = None;
            }
        }
    }
}
