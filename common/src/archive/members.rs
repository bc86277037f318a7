//! The members of a tar archive, one after the other.

use std::io::{self, Read};

use super::header::Header;
use super::pax::Extended;
use super::window::{BLOCK, LONGEST, Window};
use super::{ArchiveError, Stat, Stream};

/// Extended attributes stand in such headers too. Bytes.
const LONGEST_EXTENDED: u64 = 1 << 20;
/// Headers that only say something about the next one, at most so many in a row.
const MOST_EXTENDED: usize = 16;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A file with content.
    File,
    /// A further name of a file in the same tree.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// A device, a pipe, or what else there may be.
    Other,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name as it stands: see [`super::clean`].
    pub name: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// The size of its content, in bytes.
    pub size: u64,
    /// The target of a link, as it stands.
    pub link: Vec<u8>,
    /// Whose it is, who may do what with it, and when it was changed.
    pub stat: Stat,
}

/// The members of an archive.
pub struct Members<'r> {
    window: Window<'r>,
    /// What is left of the content at hand, and what fills it up to whole blocks. Bytes.
    left: u64,
    padding: u64,
    ended: bool,
}

impl std::fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members").field("position", &self.window.position()).finish_non_exhaustive()
    }
}

impl<'r> Members<'r> {
    /// The members of the uncompressed archive that `stream` gives.
    #[must_use]
    pub fn of(stream: Box<dyn Stream + 'r>) -> Self {
        Self { window: Window::new(stream), left: 0, padding: 0, ended: false }
    }

    /// Where the content at hand begins or goes on, in bytes from the beginning of the archive.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.window.position()
    }

    /// `name` as [`super::clean`] has it.
    ///
    /// # Errors
    /// It leads out of the archive, or is no name.
    pub fn cleaned(&self, name: Vec<u8>) -> Result<Vec<u8>, ArchiveError> {
        super::clean(name).map_err(|reason| ArchiveError::Damaged { offset: self.position(), reason })
    }

    /// The next member; none at the archive's end mark. What was not read of the content before it is
    /// passed over.
    ///
    /// # Errors
    /// The archive cannot be read, is damaged, or has no end mark.
    pub fn next_member(&mut self) -> Result<Option<Member>, ArchiveError> {
        let mut extended = Extended::default();
        for _ in 0..MOST_EXTENDED {
            if self.ended {
                return Ok(None);
            }
            self.window.pass(self.left + self.padding)?;
            (self.left, self.padding) = (0, 0);
            let Some(block) = self.window.block()? else {
                return Err(self.window.damaged("the archive is cut off: it has no end mark"));
            };
            if block == [0; BLOCK] {
                self.ended = true;
                return Ok(None);
            }
            let header = Header::of(&block).map_err(|reason| self.window.damaged(reason))?;
            let size = header.size().ok_or_else(|| self.window.damaged("the size in a header is none"))?;
            match header.kind() {
                b'x' | b'L' | b'K' => self.extend(&mut extended, header.kind(), size)?,
                b'g' => self.content_of(size),
                b'S' => return Err(self.window.damaged("a sparse file, which images do not have")),
                _ => return self.member(&header, size, extended).map(Some),
            }
        }
        Err(self.window.damaged("extended headers without end"))
    }

    /// Takes in a header that is about the next one.
    fn extend(&mut self, extended: &mut Extended, kind: u8, size: u64) -> Result<(), ArchiveError> {
        if size > LONGEST_EXTENDED {
            return Err(self.window.damaged("an extended header larger than any can be"));
        }
        self.content_of(size);
        let mut text = Vec::new();
        self.each_piece(&mut |piece| text.extend_from_slice(piece))?;
        if kind == b'x' {
            return extended.read(&text).map_err(|reason| self.window.damaged(reason));
        }
        let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
        text.truncate(end);
        *(if kind == b'L' { &mut extended.path } else { &mut extended.link }) = Some(text);
        Ok(())
    }

    fn member(&mut self, header: &Header<'_>, size: u64, extended: Extended) -> Result<Member, ArchiveError> {
        let name = extended.path.unwrap_or_else(|| header.name());
        let kind = match header.kind() {
            b'0' | 0 | b'7' if name.ends_with(b"/") => MemberKind::Directory,
            b'0' | 0 | b'7' => MemberKind::File,
            b'1' => MemberKind::HardLink,
            b'2' => MemberKind::Symlink,
            b'5' => MemberKind::Directory,
            _ => MemberKind::Other,
        };
        // Links, devices, directories and pipes have no content, whatever their size says.
        let size = match header.kind() {
            b'1'..=b'6' => 0,
            _ => extended.size.unwrap_or(size),
        };
        if size > LONGEST {
            return Err(self.window.damaged("a file larger than any can be"));
        }
        let link = extended.link.unwrap_or_else(|| header.link().to_vec());
        let stat = header.stat(extended.stat);
        self.content_of(size);
        Ok(Member { name, kind, size, link, stat })
    }

    const fn content_of(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// Shows `take` all that is left of the content at hand, in pieces, without copying them.
    ///
    /// # Errors
    /// The archive cannot be read, or is cut off.
    pub fn each_piece(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<(), ArchiveError> {
        while self.left > 0 {
            let count = self.some(&mut |piece| {
                take(piece);
                piece.len()
            })?;
            debug_assert!(count > 0, "a piece is not empty");
        }
        Ok(())
    }

    /// Shows `take` a piece of the content that is left, which must be some; it tells how much of it
    /// it took.
    fn some(&mut self, take: &mut dyn FnMut(&[u8]) -> usize) -> Result<usize, ArchiveError> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let piece = self.window.piece()?;
        if piece.is_empty() {
            return Err(self.window.damaged("the archive is cut off"));
        }
        let count = take(&piece[..piece.len().min(most)]);
        self.window.take(count);
        self.left -= count as u64;
        Ok(count)
    }

    /// The content at hand, to be read or passed over.
    pub const fn content(&mut self) -> impl Stream + use<'_, 'r> {
        Content(self)
    }
}

struct Content<'m, 'r>(&'m mut Members<'r>);

impl Read for Content<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let read = self.0.some(&mut |piece| {
            let count = piece.len().min(buffer.len());
            buffer[..count].copy_from_slice(&piece[..count]);
            count
        });
        read.map_err(io::Error::from)
    }
}

impl Stream for Content<'_, '_> {
    fn pass_over(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.0.left);
        self.0.window.pass(count)?;
        self.0.left -= count;
        Ok(count)
    }
}
