//! One header block of a tar archive.

use super::Stat;
use super::pax::Said;
use super::window::BLOCK;

/// A header whose sum is right.
pub(super) struct Header<'b>(&'b [u8; BLOCK]);

impl<'b> Header<'b> {
    /// Takes `block` as a header.
    ///
    /// # Errors
    /// Its sum is not that of its bytes.
    pub(super) fn of(block: &'b [u8; BLOCK]) -> Result<Self, &'static str> {
        const WRONG: &str = "the sum of a header is not that of its bytes";
        let said = number(&block[148..156]).ok_or(WRONG)?;
        let blanks = 8 * u64::from(b' ');
        // No block's sum is too large for 32 bits, and such are added many at a time.
        let of = |bytes: &[u8]| u64::from(bytes.iter().map(|b| u32::from(*b)).sum::<u32>());
        let whole = of(&block[..148]) + blanks + of(&block[156..]);
        // Some old programs added the bytes up as signed ones.
        let high = || block[..148].iter().chain(&block[156..]).filter(|b| **b >= 128).count() as u64;
        if said == whole || Some(said) == whole.checked_sub(256 * high()) {
            Ok(Self(block))
        } else {
            Err(WRONG)
        }
    }

    /// What kind of member it is.
    pub(super) const fn kind(&self) -> u8 {
        self.0[156]
    }

    /// How many bytes of content follow, by this header.
    pub(super) fn size(&self) -> Option<u64> {
        number(&self.0[124..136])
    }

    /// The name, with its prefix where the archive is of POSIX's form.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let prefix = text(&self.0[345..500]);
        let is_posix = &self.0[257..263] == b"ustar\0";
        if is_posix && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_vec() }
    }

    /// What it says about the member besides its content, where `said` says nothing else. A number that
    /// makes no sense is taken as 0: nobody's reading of contents is to fail by it.
    pub(super) fn stat(&self, said: Said) -> Stat {
        let at = |range: std::ops::Range<usize>| number(&self.0[range]).unwrap_or(0);
        let is_device = matches!(self.kind(), b'3' | b'4');
        Stat {
            mode: u32::try_from(at(100..108) & 0o7777).unwrap_or(0),
            user: said.user.unwrap_or_else(|| at(108..116)),
            group: said.group.unwrap_or_else(|| at(116..124)),
            mtime: said.mtime.unwrap_or_else(|| at(136..148)),
            device: if is_device { Some([at(329..337), at(337..345)]) } else { None },
            attributes: said.attributes,
        }
    }

    /// The target, if it is a link.
    pub(super) fn link(&self) -> &'b [u8] {
        text(&self.0[157..257])
    }
}

/// The bytes before the first zero.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits, or in base 256 where the first bit says so. None if it is neither, is
/// negative, or is larger than any file can be.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let value = if field[0] & 0x80 == 0 { octal(field)? } else { base_256(field)? };
    (value <= i64::MAX.cast_unsigned()).then_some(value)
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = text(field).trim_ascii();
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = matches!(digit, b'0'..=b'7').then(|| u64::from(digit - b'0'))?;
        value.checked_mul(8)?.checked_add(digit)
    })
}

fn base_256(field: &[u8]) -> Option<u64> {
    let first = u64::from(field[0] & 0x7f);
    // The second bit is the sign.
    if first & 0x40 != 0 {
        return None;
    }
    field[1..].iter().try_fold(first, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_base_256_and_never_more_than_a_file_can_have() {
        let check = |field: &[u8], expected| assert_eq!(number(field), expected, "{field:?}");
        check(b"00000000644\0", Some(0o644));
        check(b"       17 \0 ", Some(15));
        check(b"\0\0\0\0\0\0\0\0", Some(0));
        check(b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(2 << 32));
        check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None);
        check(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", None);
        check(b"00000000689\0", None);
        check(b"-0000000001\0", None);
    }
}
