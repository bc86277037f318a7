use std::io::Read as _;

use super::*;

/// A tar of files with these names and contents.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn names(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
    let mut members = Members::of(Box::new(bytes));
    let mut names = Vec::new();
    while let Some(member) = members.next_member()? {
        names.push(String::from_utf8(member.name).unwrap());
    }
    Ok(names)
}

#[test]
fn members_come_in_order_with_long_names_and_contents_read_or_passed_over() {
    let long = format!("d/{}", "n".repeat(300));
    let bytes = tar(&[("a", b"1"), (&long, &vec![7; 100_000]), ("c", b"three")]);
    assert_eq!(names(&bytes).unwrap(), ["a", &long, "c"]);
    let mut members = Members::of(Box::new(&bytes[..]));
    let mut text = String::new();
    while let Some(member) = members.next_member().unwrap() {
        if member.size < 10 {
            members.content().read_to_string(&mut text).unwrap();
        }
    }
    assert_eq!(text, "1three");
}

#[test]
fn contents_of_a_file_are_passed_over_without_being_read() {
    struct Counting<'a>(Section<'a>, std::rc::Rc<std::cell::Cell<u64>>);
    impl std::io::Read for Counting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(buffer)?;
            self.1.set(self.1.get() + count as u64);
            Ok(count)
        }
    }
    impl Stream for Counting<'_> {
        fn pass_over(&mut self, count: u64) -> std::io::Result<u64> {
            self.0.pass_over(count)
        }
    }
    let file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut &file, &tar(&[("a", &vec![0; 5 << 20]), ("b", b"1")])).unwrap();
    let read = std::rc::Rc::new(std::cell::Cell::new(0));
    let section = Section::whole(&file).unwrap();
    let mut members = Members::of(Box::new(Counting(section, read.clone())));
    while members.next_member().unwrap().is_some() {}
    assert!(read.get() < 200_000, "{}", read.get());
}

#[test]
fn an_archive_within_an_archive_is_read_through_it() {
    let inner = tar(&[("x", b"inner"), ("y", &vec![1; 70_000]), ("z", b"last")]);
    let outer = tar(&[("layer.tar", &inner), ("after", b"")]);
    let mut members = Members::of(Box::new(&outer[..]));
    assert_eq!(members.next_member().unwrap().unwrap().size, inner.len() as u64);
    let mut nested = Members::of(Box::new(members.content()));
    let mut seen = Vec::new();
    while let Some(member) = nested.next_member().unwrap() {
        seen.push(String::from_utf8(member.name).unwrap());
    }
    drop(nested);
    assert_eq!(seen, ["x", "y", "z"]);
    assert_eq!(members.next_member().unwrap().unwrap().name, b"after");
}

#[test]
fn what_is_cut_off_anywhere_is_an_error() {
    let bytes = tar(&[("a", b"1"), ("b", &[1; 2000])]);
    for length in [0, 1, 511, 512, 700, 1024, 1500, 2048, 3000, bytes.len() - 1024] {
        assert!(names(&bytes[..length]).is_err(), "{length}");
    }
    assert!(names(&bytes[..bytes.len() - 512]).is_ok(), "one block of zeros is an end");
}

#[test]
fn a_flipped_bit_in_a_header_is_noticed() {
    let mut bytes = tar(&[("a", b"1")]);
    bytes[3] ^= 1;
    let error = names(&bytes).unwrap_err();
    assert!(error.to_string().contains("sum"), "{error}");
}
