//! What stands before a header and says more than fits into it: POSIX's extended headers.

/// What extended headers said about the next member.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) stat: Said,
}

/// What extended headers said about the next member besides its name and content.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) user: Option<u64>,
    pub(super) group: Option<u64>,
    pub(super) mtime: Option<u64>,
    pub(super) attributes: Vec<u8>,
}

impl Extended {
    /// Takes in the records of one extended header, `LENGTH KEY=VALUE` and a line feed each.
    ///
    /// # Errors
    /// A record is not of that form, or says that the file is sparse.
    pub(super) fn read(&mut self, mut records: &[u8]) -> Result<(), &'static str> {
        const WRONG: &str = "an extended header makes no sense";
        while !records.is_empty() && records.iter().any(|b| *b != 0) {
            let blank = records.iter().take(20).position(|b| *b == b' ').ok_or(WRONG)?;
            let length = decimal(&records[..blank]).and_then(|n| usize::try_from(n).ok()).ok_or(WRONG)?;
            if length <= blank + 1 || length > records.len() {
                return Err(WRONG);
            }
            let (record, rest) = records.split_at(length);
            let record = record[blank + 1..].strip_suffix(b"\n").ok_or(WRONG)?;
            let equals = record.iter().position(|b| *b == b'=').ok_or(WRONG)?;
            self.note(&record[..equals], &record[equals + 1..])?;
            records = rest;
        }
        Ok(())
    }

    fn note(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        match key {
            // An empty value takes back what was said before.
            b"path" => self.path = (!value.is_empty()).then(|| value.to_vec()),
            b"linkpath" => self.link = (!value.is_empty()).then(|| value.to_vec()),
            b"size" => {
                let size = decimal(value).filter(|size| *size <= i64::MAX.cast_unsigned());
                self.size = Some(size.ok_or("the size in an extended header is none")?);
            }
            b"uid" => self.stat.user = decimal(value),
            b"gid" => self.stat.group = decimal(value),
            b"mtime" => self.stat.mtime = value.split(|b| *b == b'.').next().and_then(decimal),
            _ if is_bookkeeping(key) => {}
            _ if key.starts_with(b"SCHILY.xattr.") => self.stat.attribute(key, value),
            _ if key.starts_with(b"GNU.sparse.") => return Err("a sparse file, which images do not have"),
            _ => {}
        }
        Ok(())
    }
}

impl Said {
    /// The length of each part stands before it, so that no two lists are written the same.
    fn attribute(&mut self, key: &[u8], value: &[u8]) {
        for part in [key, value] {
            self.attributes.extend((part.len() as u64).to_le_bytes());
            self.attributes.extend(part);
        }
    }
}

/// What overlays write beside the files while they are mounted is of the engine's store and no part of an image:
/// what it means for a layer, whiteouts say. In a user name space it gets into layers all the same.
fn is_bookkeeping(key: &[u8]) -> bool {
    [&b"SCHILY.xattr.user.overlay."[..], b"SCHILY.xattr.trusted.overlay."]
        .iter()
        .any(|kind| key.starts_with(kind))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Extended;

    #[test]
    fn records_that_matter_are_kept_and_others_passed_over() {
        let mut extended = Extended::default();
        extended.read(b"12 path=a/b\n9 size=7\n14 mtime=1.25\n\0\0").unwrap();
        assert_eq!((extended.path.as_deref(), extended.size), (Some(&b"a/b"[..]), Some(7)));
    }

    /// An image that was built in a user name space was told to differ in 30 files.
    #[test]
    fn what_overlays_note_for_themselves_is_no_attribute_of_a_file() {
        let record = |text: &str| format!("{} {text}\n", text.len() + 4).into_bytes();
        let read = |text: &str| {
            let mut extended = Extended::default();
            extended.read(&record(text)).unwrap();
            extended.stat.attributes
        };
        assert!(read("SCHILY.xattr.user.overlay.impure=y").is_empty());
        assert!(read("SCHILY.xattr.trusted.overlay.opaque=y").is_empty());
        assert!(!read("SCHILY.xattr.security.capability=y").is_empty());
        assert!(!read("SCHILY.xattr.user.overlaid=y").is_empty());
    }

    #[test]
    fn lying_lengths_and_sparse_files_are_refused() {
        for wrong in [
            &b"99 path=a\n"[..],
            b"0 path=a\n",
            b"x path=a\n",
            b"10 path=ab",
            b"18446744073709551616 path=a\n",
            b"8 path a",
            b"11 size=-1\n",
            b"24 GNU.sparse.major=1\n\n\n",
        ] {
            assert!(Extended::default().read(wrong).is_err(), "{}", wrong.escape_ascii());
        }
    }
}
