//! Layers on top of each other: what of all that they tell still holds.

use std::collections::BTreeMap;

use super::claims::Sum;
use super::fact::Fact;
use super::layer::{Layer, Link, Reading};

/// Links to links, at most so many.
const MOST_LINKS: usize = 8;

/// The layers of an image, the lowest first.
pub(super) struct Stack<'l> {
    reading: Reading,
    layers: Vec<&'l Layer>,
}

/// What an image's files tell.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By path; those of links too, as far as they lead to one.
    pub facts: BTreeMap<String, Fact>,
    /// Links that lead nowhere.
    pub broken: BTreeMap<String, Link>,
}

impl<'l> Stack<'l> {
    /// These layers, the lowest first.
    pub(super) fn new(reading: &Reading, layers: Vec<&'l Layer>) -> Self {
        Self { reading: reading.clone(), layers }
    }

    /// What all files tell that no layer above has removed or replaced.
    pub(super) fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for (at, layer) in self.layers.iter().enumerate() {
            for (path, fact) in &layer.facts {
                if !self.is_hidden(at, path) {
                    seen.facts.insert(path.clone(), fact.clone());
                }
            }
            for (path, link) in &layer.links {
                if !self.is_hidden(at, path) {
                    seen.broken.insert(path.clone(), link.clone());
                }
            }
        }
        seen.follow_links();
        seen
    }

    fn is_hidden(&self, at: usize, path: &str) -> bool {
        let above = &self.layers[at + 1..];
        if above.is_empty() {
            return false;
        }
        let way = self.way(path);
        above.iter().any(|layer| layer.hides(&way))
    }

    /// The numbers of the root, of each directory on the way to `path`, and of `path`.
    fn way(&self, path: &str) -> Vec<u64> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let below_root = ends.map(|end| self.reading.number(&path.as_bytes()[..end]));
        std::iter::once(self.reading.number(b"")).chain(below_root).collect()
    }

    /// The digest of the file at `path`; none if there is no file.
    pub(super) fn sum(&self, path: &str) -> Option<Sum> {
        let way = self.way(path);
        let mut number = *way.last()?;
        let mut layers = self.layers.iter().rev();
        let mut links = 0;
        let mut layer = layers.next()?;
        loop {
            match layer.sum(number) {
                Some(Ok(sum)) => return Some(sum),
                Some(Err(target)) if links < MOST_LINKS => (number, links) = (target, links + 1),
                Some(Err(_)) => return None,
                // A link's target can be in a lower layer; a path that is hidden there is not.
                None if links == 0 && layer.hides(&way) => return None,
                None => layer = layers.next()?,
            }
        }
    }
}

impl Seen {
    /// A link has the content of its target, which may be in a cache elsewhere.
    fn follow_links(&mut self) {
        // A link can lead to another; each round follows one step.
        for _ in 0..MOST_LINKS {
            let facts = &mut self.facts;
            let before = self.broken.len();
            self.broken.retain(|path, link| {
                let targets = candidates(path, &link.target);
                let found = targets.iter().find_map(|target| facts.get(target).cloned());
                found.is_none_or(|fact| {
                    facts.insert(path.clone(), fact);
                    false
                })
            });
            if self.broken.len() == before {
                return;
            }
        }
    }
}

/// The paths that the target of a link can mean: from the root, or beside the link.
fn candidates(path: &str, target: &str) -> [String; 2] {
    let from_root = target.trim_start_matches("./").trim_start_matches('/').to_owned();
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    [from_root, parts.join("/")]
}

#[cfg(test)]
mod tests {
    use super::super::layer::Entry;
    use super::*;

    const A: &str = "opt/e/conda-meta/a-1-0.json";
    const RECORD: &[u8] = br#"{"name": "a", "version": "1"}"#;

    /// Layers of words: `path` a file, `path/` a directory, `path=target` a hard link.
    fn seen(layers: &[&[&str]]) -> Vec<String> {
        let reading = Reading::new(false);
        let read: Vec<Layer> = layers.iter().map(|words| layer(&reading, words)).collect();
        let stack = Stack::new(&reading, read.iter().collect());
        stack.seen().facts.into_keys().collect()
    }

    fn layer(reading: &Reading, words: &[&str]) -> Layer {
        let mut layer = Layer::new(reading, true);
        for word in words {
            let (path, entry) = match word.split_once('=') {
                Some((path, target)) => (path, Entry::HardLink(target.as_bytes())),
                None if word.ends_with('/') => (word.trim_end_matches('/'), Entry::Directory),
                None => (*word, Entry::File),
            };
            layer.take(path.as_bytes(), entry, &mut &*RECORD).unwrap();
        }
        layer.close();
        layer
    }

    #[test]
    fn what_a_layer_above_removes_or_replaces_is_gone() {
        assert_eq!(seen(&[&[A], &["etc/x"]]), [A]);
        for above in [
            "opt/e/conda-meta/.wh.a-1-0.json",
            "opt/e/.wh.conda-meta",
            ".wh.opt",
            "opt/e/.wh..wh..opq",
            ".wh..wh..opq",
            "opt/e",
            "opt=elsewhere",
            "opt/e/conda-meta/a-1-0.json/",
        ] {
            assert_eq!(seen(&[&[A], &[above]]), [""; 0], "{above}");
        }
        for above in
            ["opt/", "opt/e/", "opt/e/.wh.conda-met", ".wh..wh.plnk", "op", "opt/e/conda-meta/.wh..wh.aufs"]
        {
            assert_eq!(seen(&[&[A], &[above]]), [A], "{above}");
        }
    }

    #[test]
    fn a_removal_holds_for_lower_layers_only_wherever_it_stands_in_its_own() {
        for layer in [&[A, "opt/e/.wh..wh..opq"][..], &["opt/e/conda-meta/.wh.a-1-0.json", A]] {
            assert!(seen(&[&["opt/e/conda-meta/old-1-0.json"], layer]).contains(&A.to_owned()));
        }
        assert_eq!(seen(&[&["opt/e/conda-meta/old-1-0.json"], &[A, "opt/e/.wh..wh..opq"]]), [A]);
        assert_eq!(seen(&[&[A], &[".wh.opt"], &[A]]), [A], "and it can come back");
    }

    #[test]
    fn a_mark_without_a_name_is_refused() {
        for name in ["opt/.wh.", "opt/.wh..", ".wh..."] {
            let mut layer = Layer::new(&Reading::new(false), true);
            assert!(layer.take(name.as_bytes(), Entry::File, &mut &b""[..]).is_err(), "{name}");
        }
    }

    #[test]
    fn links_go_through_layers_and_loops_end() {
        let b = "opt/e/conda-meta/b-1-0.json";
        assert_eq!(seen(&[&[A], &[&format!("{b}={A}")]]), [A, b]);
        assert_eq!(seen(&[&[&format!("{A}={b}"), &format!("{b}={A}")]]), [""; 0]);
    }

    #[test]
    fn digests_are_those_of_the_topmost_content() {
        let reading = Reading::new(true);
        let mut below = Layer::new(&reading, true);
        below.take(b"a/x", Entry::File, &mut &b"old"[..]).unwrap();
        below.take(b"a/y", Entry::File, &mut &b"y"[..]).unwrap();
        below.close();
        let mut above = Layer::new(&reading, true);
        above.take(b"a/x", Entry::File, &mut &b"new"[..]).unwrap();
        above.take(b"a/z", Entry::HardLink(b"a/y"), &mut io_empty()).unwrap();
        above.take(b"a/.wh.y", Entry::File, &mut io_empty()).unwrap();
        above.close();
        let stack = Stack::new(&reading, vec![&below, &above]);
        let of = |bytes: &[u8]| super::super::claims::of_hex(common::digest::Digest::of(bytes).hex());
        assert_eq!((stack.sum("a/x"), stack.sum("a/z")), (of(b"new"), of(b"y")));
        assert_eq!((stack.sum("a/y"), stack.sum("a/none")), (None, None));
    }

    fn io_empty() -> std::io::Empty {
        std::io::empty()
    }
}
