//! conda environment files, in the block form that people write and `conda env export` prints.
//!
//! This is a reader of that form and not of all YAML: what it does not know (anchors, tags, flow
//! maps, block scalars) is refused with its line. So nothing in a file can expand, versions are
//! never taken for numbers, and a key that stands twice is an error instead of a silent choice.

use std::collections::BTreeSet;

use super::pip_file::LogicalLine;
use super::pip_line;
use super::{CondaSpec, Flaw, PipItem, SpecError, shown, text_of};

/// What a conda environment file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondaFile {
    /// The environment's name.
    pub name: Option<String>,
    /// Where packages are looked for, in order.
    pub channels: Vec<String>,
    /// conda's packages, in order.
    pub conda: Vec<CondaSpec>,
    /// What pip is to add, in order.
    pub pip: Vec<PipItem>,
    /// Where the environment was when it was exported.
    pub prefix: Option<String>,
}

impl CondaFile {
    /// Reads an environment file; `origin` is what messages call it.
    ///
    /// # Errors
    /// A line makes no sense or is not of the form this reads, or there are no `dependencies`; the
    /// error names the line.
    pub fn parse(content: &[u8], origin: &str) -> Result<Self, SpecError> {
        let text = text_of(content, origin)?;
        read(text).map_err(|flaw| flaw.in_file(origin))
    }
}

/// A line that says something, cut into its parts.
#[derive(Debug)]
struct Line<'a> {
    number: usize,
    indent: usize,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    /// `key:`, with what follows on the line.
    Key(&'a str, Scalar<'a>),
    /// `- item`
    Item(Scalar<'a>),
    /// `- key:`, with nothing behind it.
    ItemKey(&'a str),
}

#[derive(Debug)]
struct Scalar<'a> {
    text: &'a str,
    /// Where it begins in the file, in bytes.
    offset: usize,
}

/// Which list the lines belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    /// Before the first key, or behind a key whose value stands on its line.
    Closed,
    Channels,
    Dependencies,
    /// A key that conda may know and we need not: what is below it is passed over.
    Foreign,
}

#[derive(Debug)]
struct Reader<'a> {
    file: CondaFile,
    keys: BTreeSet<&'a str>,
    section: Section,
    /// The indentation of the section's items, once one was seen.
    items: Option<usize>,
    /// Where the items of the pip block are indented, once it was opened: 0 until the first.
    pip: Option<usize>,
}

fn read(text: &str) -> Result<CondaFile, Flaw> {
    let mut reader = Reader {
        file: CondaFile::default(),
        keys: BTreeSet::new(),
        section: Section::Closed,
        items: None,
        pip: None,
    };
    let mut offset = 0;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let begins = offset;
        offset += raw.len();
        let raw = raw.trim_end_matches(['\n', '\r']);
        let raw = if index == 0 { raw.trim_start_matches('\u{feff}') } else { raw };
        let begins =
            if index == 0 { begins + text.len() - text.trim_start_matches('\u{feff}').len() } else { begins };
        if index == 0 && raw.trim_end() == "---" {
            continue;
        }
        if let Some(line) = cut(raw, index + 1, begins, reader.section == Section::Foreign)? {
            reader.take(line)?;
        }
    }
    if !reader.keys.contains(&"dependencies") {
        return Err(Flaw::new(1, "not an environment file: it has no `dependencies:`"));
    }
    Ok(reader.file)
}

/// Cuts a line into its parts; a blank line or a comment is `None`. Below a key that does not
/// matter (`foreign`) only a new key at the margin does.
fn cut(raw: &str, number: usize, offset: usize, foreign: bool) -> Result<Option<Line<'_>>, Flaw> {
    let content = raw.trim_start_matches(' ');
    let indent = raw.len() - content.len();
    if content.is_empty() || content.starts_with('#') || (foreign && indent > 0) {
        return Ok(None);
    }
    if content.starts_with('\t') {
        return Err(Flaw::new(number, "a tab in the indentation"));
    }
    let at = |part: &str| offset + raw.len() - part.len();
    if let Some(rest) = content.strip_prefix('-').filter(|r| r.is_empty() || r.starts_with(' ')) {
        let item = rest.trim_start();
        let scalar = scalar(item, at(item), number)?;
        let kind = match scalar.text.strip_suffix(':') {
            Some(key) if !item.starts_with(['"', '\'']) => Kind::ItemKey(key),
            _ if scalar.text.is_empty() => return Err(Flaw::new(number, "an item without content")),
            _ => Kind::Item(scalar),
        };
        return Ok(Some(Line { number, indent, kind }));
    }
    let Some((key, rest)) = content.split_once(':').filter(|(_, r)| r.is_empty() || r.starts_with(' '))
    else {
        return Err(Flaw::new(number, format!("neither `key:` nor `- item`: {}", shown(content))));
    };
    let value = rest.trim_start();
    let scalar = scalar(value, at(value), number)?;
    Ok(Some(Line { number, indent, kind: Kind::Key(key.trim_end(), scalar) }))
}

/// A plain or quoted scalar without its comment.
fn scalar(text: &str, offset: usize, number: usize) -> Result<Scalar<'_>, Flaw> {
    for quote in ['"', '\''] {
        let Some(rest) = text.strip_prefix(quote) else { continue };
        let end = rest.find(quote).ok_or_else(|| Flaw::new(number, "a quotation that does not end"))?;
        let behind = rest[end + 1..].trim_start();
        if !(behind.is_empty() || behind.starts_with('#')) || rest[..end].contains('\\') {
            return Err(Flaw::new(number, format!("cannot read the quotation {}", shown(text))));
        }
        return Ok(Scalar { text: &rest[..end], offset: offset + 1 });
    }
    if text.starts_with(['&', '*', '!', '|', '>', '{', '%', '@', '`', '?']) {
        return Err(Flaw::new(number, format!("YAML that an exported file does not use: {}", shown(text))));
    }
    let end = if text.starts_with('#') { 0 } else { text.find(" #").unwrap_or(text.len()) };
    let text = text[..end].trim_end();
    if text.contains(": ") {
        return Err(Flaw::new(number, format!("a key where none can be: {}", shown(text))));
    }
    Ok(Scalar { text, offset })
}

impl<'a> Reader<'a> {
    fn take(&mut self, line: Line<'a>) -> Result<(), Flaw> {
        match line.kind {
            Kind::Key(key, value) if line.indent == 0 => self.key(key, &value, line.number),
            Kind::Key(key, _) => Err(Flaw::new(line.number, format!("the key {} is indented", shown(key)))),
            Kind::Item(_) | Kind::ItemKey(_) => self.item(line),
        }
    }

    fn key(&mut self, key: &'a str, value: &Scalar<'a>, number: usize) -> Result<(), Flaw> {
        if !self.keys.insert(key) {
            return Err(Flaw::new(number, format!("the key `{key}` stands twice")));
        }
        (self.items, self.pip) = (None, None);
        let text = || Some(value.text.to_owned()).filter(|t| !t.is_empty());
        self.section = match key {
            "name" => {
                self.file.name = text();
                Section::Closed
            }
            "prefix" => {
                self.file.prefix = text();
                Section::Closed
            }
            "channels" if value.text.is_empty() => Section::Channels,
            "channels" => {
                self.file.channels = flow_list(value.text, number)?;
                Section::Closed
            }
            "dependencies" if value.text.is_empty() => Section::Dependencies,
            "dependencies" if flow_list(value.text, number)?.is_empty() => Section::Closed,
            "dependencies" => return Err(Flaw::new(number, "a list of dependencies needs a line for each")),
            _ => Section::Foreign,
        };
        Ok(())
    }

    fn item(&mut self, line: Line<'a>) -> Result<(), Flaw> {
        let outer = *self.items.get_or_insert(line.indent);
        let in_pip = self.pip.is_some() && line.indent > outer;
        if in_pip {
            let inner = self.pip.filter(|at| *at > 0).unwrap_or(line.indent);
            self.pip = Some(inner);
            if line.indent != inner {
                return Err(Flaw::new(line.number, "indented unlike the item before it"));
            }
        } else if line.indent != outer {
            return Err(Flaw::new(line.number, "indented unlike the item before it"));
        }
        match (self.section, line.kind) {
            (Section::Dependencies, Kind::Item(item)) if in_pip => self.pip_item(&item, line.number),
            (Section::Dependencies, Kind::Item(item)) => {
                let spec = CondaSpec::parse(item.text, line.number, item.offset);
                self.file.conda.push(spec.map_err(|message| Flaw::new(line.number, message))?);
                Ok(())
            }
            (Section::Dependencies, Kind::ItemKey("pip")) if !in_pip && self.pip.is_none() => {
                self.pip = Some(0);
                Ok(())
            }
            (Section::Channels, Kind::Item(item)) => {
                self.file.channels.push(item.text.to_owned());
                Ok(())
            }
            (Section::Foreign, _) => Ok(()),
            (_, Kind::ItemKey(key)) => {
                Err(Flaw::new(line.number, format!("a list `{key}:` that cannot be here, or stands twice")))
            }
            _ => Err(Flaw::new(line.number, "an item that belongs to no list")),
        }
    }

    fn pip_item(&mut self, item: &Scalar<'a>, number: usize) -> Result<(), Flaw> {
        let line = LogicalLine { number, offset: item.offset, text: item.text.into() };
        self.file.pip.extend(pip_line::parse(&line)?);
        Ok(())
    }
}

/// `[a, b]`
fn flow_list(text: &str, number: usize) -> Result<Vec<String>, Flaw> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let inner = inner.filter(|t| !t.contains(['[', '{', '"', '\'']));
    let inner = inner.ok_or_else(|| Flaw::new(number, format!("not a list: {}", shown(text))))?;
    Ok(inner.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> CondaFile {
        CondaFile::parse(text.as_bytes(), "requirements.yml").unwrap()
    }

    fn refused(text: &str, expected: &str) {
        let message = CondaFile::parse(text.as_bytes(), "r.yml").unwrap_err().to_string();
        assert!(message.starts_with(expected), "{text}: {message}");
    }

    const EXPORTED: &str = "name: tess\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.10\n  - zstd=1.5.5\n  \
                            - pip:\n      - Cython==3.0.10\n      - ruamel.yaml==0.18.6\nprefix: /opt/conda/envs/tess\n";

    #[test]
    fn an_exported_file_is_read_whole_with_versions_as_text() {
        let file = parse(EXPORTED);
        assert_eq!(file.name.as_deref(), Some("tess"));
        assert_eq!(file.channels, ["conda-forge"]);
        let conda: Vec<_> = file.conda.iter().map(|s| (s.name.as_str(), s.pin().unwrap(), s.line)).collect();
        assert_eq!(conda, [("python", "3.10", 5), ("zstd", "1.5.5", 6)]);
        let pip = file.pip.iter().filter_map(|i| match i {
            PipItem::Requirement(r) => Some((r.name.as_str(), r.pin().unwrap().to_string(), r.line)),
            _ => None,
        });
        let pip: Vec<_> = pip.collect();
        assert_eq!(pip, [("cython", "3.0.10".to_owned(), 8), ("ruamel-yaml", "0.18.6".to_owned(), 9)]);
        assert_eq!(file.prefix.as_deref(), Some("/opt/conda/envs/tess"));
    }

    #[test]
    fn spans_point_at_the_operator() {
        let text = "\u{feff}dependencies:\n  - \"r=1.2.3\"\r\n  - ch::s==1.2.3 # s\n  - b=1=h0\n";
        let file = parse(text);
        let pins = file.conda.iter().filter_map(|spec| match &spec.constraint {
            crate::requirement::CondaConstraint::Exact { version, build: None, operator } => {
                Some((version.as_str(), &text[operator.clone()]))
            }
            _ => None,
        });
        let found: Vec<_> = pins.collect();
        assert_eq!(found, [("1.2.3", "="), ("1.2.3", "==")]);
    }

    #[test]
    fn files_by_hand_are_read_as_people_indent_them() {
        let file = parse(
            "# by hand\nname: 'x'   # c\nchannels: [conda-forge, defaults]\ndependencies:\n- python~=3.11.0\n- pip\n- pip:\n  \
             - a==1\nvariables:\n  A: 1\n  B: {}\nprefix: /p\n",
        );
        assert_eq!(file.name.as_deref(), Some("x"));
        assert_eq!(file.channels, ["conda-forge", "defaults"]);
        assert_eq!((file.conda.len(), file.pip.len()), (2, 1));
        assert_eq!(parse("dependencies: []\n").conda, []);
    }

    #[test]
    fn what_a_file_must_not_hold_is_named_with_its_line() {
        refused("", "r.yml:1: not an environment file");
        refused("name: a\nname: b\n", "r.yml:2: the key `name` stands twice");
        refused("dependencies:\n  - a=1\n   - b=1\n", "r.yml:3: indented unlike");
        refused("dependencies:\n  - pip:\n    - a==1\n  - pip:\n    - b==1\n", "r.yml:4: a list `pip:`");
        refused("dependencies:\n  - pip:\n    - a==1\n      - b==1\n", "r.yml:4: indented unlike");
        refused("dependencies:\n  - &a x=1\n", "r.yml:2: YAML that");
        refused("dependencies:\n  - a: 1\n", "r.yml:2: a key where none");
        refused("dependencies:\n  - {a: 1}\n", "r.yml:2: YAML that");
        refused("dependencies:\n\t- a=1\n", "r.yml:2: a tab");
        refused("dependencies:\n  -\n", "r.yml:2: an item without content");
        refused("dependencies:\n  - \"a\n", "r.yml:2: a quotation");
        refused("dependencies:\n  - a=\n", "r.yml:2: no version");
        refused("dependencies:\n  - conda:\n    - x\n", "r.yml:2: a list `conda:`");
        refused("<html>\n", "r.yml:1: neither");
        refused("- a\n", "r.yml:1: an item that belongs");
        refused("dependencies: x\n", "r.yml:1: not a list");
        refused("dependencies:\n  - pip:\n    - a==1..2\n", "r.yml:3: ");
    }
}
