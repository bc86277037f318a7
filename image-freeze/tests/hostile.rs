//! Archives made to do harm: `image-freeze inventory` reads them or refuses them, with a status that says
//! so, in little time and memory, and never touches a file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/pack.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pack;

use std::fs;
use std::process::{Command, Output};

use pack::{Image, Member, ended, files, gzip, header, member, octal, padded, tar};
use serde_json::Value;

const META: &str = "opt/conda/conda-meta/a-1-0.json";
const RECORD: &str = r#"{"name": "a", "version": "1", "build": "0"}"#;
const SITE: &str = "opt/conda/lib/python3.11/site-packages";

/// What must come of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// It is read, and conda's packages are these.
    Read(&'static [&'static str]),
    /// It is refused as bad data, and this is said.
    Refused(&'static str),
}
use Comes::{Read, Refused};

const A: Comes = Read(&["a"]);
const NOTHING: Comes = Read(&[]);

/// A root file system with the record of `a`, and what is hostile before it.
fn root(hostile: &[u8]) -> Vec<u8> {
    ended([hostile.to_vec(), member(META, &Member::File(RECORD.as_bytes()))].concat())
}

fn with(name: &str, what: Member<'_>) -> Vec<u8> {
    root(&member(name, &what))
}

/// An extended header of POSIX's with these records, and a file behind it.
fn pax(records: &[u8]) -> Vec<u8> {
    let header = header(b"pax", b'x', &octal(records.len()), b"");
    root(&[header, padded(records), member("etc/x", &Member::File(b""))].concat())
}

fn long_name(kind: u8, size: usize) -> Vec<u8> {
    let name = vec![b'n'; size];
    root(
        &[header(b"././@LongLink", kind, &octal(size), b""), padded(&name), member("x", &Member::File(b""))]
            .concat(),
    )
}

fn sized(size: &[u8; 12], kind: u8) -> Vec<u8> {
    root(&header(b"etc/x", kind, size, b""))
}

fn layered(layers: &[Vec<u8>]) -> Vec<u8> {
    Image::new(layers).docker()
}

fn deep_json(path: &str) -> Vec<u8> {
    files(&[(path, &format!(r#"{{"name": "a", "version": {}"#, "[".repeat(50_000)))])
}

/// The image of one layer, with one thing of its archive changed.
fn altered(change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let mut parts = Image::new(&[files(&[(META, RECORD)])]).layout(<[u8]>::to_vec);
    change(&mut parts);
    ended(parts.iter().flat_map(|(name, bytes)| member(name, &Member::File(bytes))).collect())
}

/// A file that would run as root, if it were ever made.
fn setuid() -> Vec<u8> {
    let mut block = header(b"usr/bin/x", b'0', &octal(0), b"");
    block[100..108].copy_from_slice(b"0004755\0");
    pack::sum(&mut block);
    root(&block)
}

fn flipped_header() -> Vec<u8> {
    let mut bytes = root(&[]);
    bytes[0] ^= 1;
    bytes
}

fn names_and_numbers() -> Vec<(&'static str, Vec<u8>, Comes)> {
    let out = Refused("leads out of the archive");
    let deep = format!("{}x", "d/".repeat(2000));
    vec![
        ("a name that climbs out", with("../../etc/passwd", Member::File(b"x")), out),
        ("a name that climbs out halfway", with("a/../../x", Member::File(b"x")), out),
        ("a directory that climbs out", with("..", Member::Dir), out),
        ("a hard link that climbs out", with("x", Member::HardLink("../../etc/shadow")), out),
        ("an absolute name", with("/etc/passwd", Member::File(b"x")), A),
        ("an absolute hard link", with("x", Member::HardLink("/etc/shadow")), A),
        ("a symbolic link that climbs out", with("x", Member::Symlink("../../../etc/shadow")), A),
        (
            "a record that is a link out",
            tar(&[(META, Member::Symlink("/etc/shadow"))]),
            Refused("which is not there"),
        ),
        (
            "a record that links to itself",
            tar(&[(META, Member::HardLink(META))]),
            Refused("which is not there"),
        ),
        ("a fifo", with("opt/conda/conda-meta/f-1-0.json", Member::Of(b'6')), A),
        ("a character device", with("opt/conda/conda-meta/c-1-0.json", Member::Of(b'3')), A),
        ("a block device", with("dev/sda", Member::Of(b'4')), A),
        ("a kind that nobody knows", with("x", Member::Of(b'~')), A),
        ("a setuid file", setuid(), A),
        ("a sparse file", with("x", Member::Of(b'S')), Refused("a sparse file")),
        ("a sparse file of POSIX's", pax(b"22 GNU.sparse.major=1\n"), Refused("a sparse file")),
        ("a name that is not UTF-8", root(&header(b"etc/\xff\xfe", b'0', &octal(0), b"")), A),
        ("a path as deep as any", with(&deep, Member::File(b"")), A),
        ("a path longer than any", with(&"d/".repeat(3000), Member::File(b"")), Refused("is too long")),
        ("a name of a megabyte", long_name(b'L', 1 << 20), Refused("is too long")),
        ("a name of sixteen megabytes", long_name(b'L', 16 << 20), Refused("larger than any can be")),
        ("a target of sixteen megabytes", long_name(b'K', 16 << 20), Refused("larger than any can be")),
        ("an extended header that lies about its length", pax(b"99 path=x\n"), Refused("makes no sense")),
        ("an extended header without a length", pax(b"path=x\n"), Refused("makes no sense")),
        ("a path that climbs out of an extended header", pax(b"16 path=../../x\n"), out),
        (
            "a size that no file has",
            sized(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", b'0'),
            Refused("larger than any can be"),
        ),
        ("a negative size", sized(&[0xff; 12], b'0'), Refused("the size in a header is none")),
        ("a size of no digits", sized(b"zzzzzzzzzzz\0", b'0'), Refused("the size in a header is none")),
        ("a directory with a size", sized(&octal(1 << 30), b'5'), A),
        ("a link with a size", sized(&octal(1 << 30), b'2'), A),
        (
            "extended headers without end",
            root(&header(b"x", b'x', &octal(0), b"").repeat(100)),
            Refused("without end"),
        ),
        ("a header whose sum is wrong", flipped_header(), Refused("the sum of a header")),
        ("an archive that is cut off", root(&[])[..700].to_vec(), Refused("cut off")),
        ("an archive without an end mark", root(&[])[..1024].to_vec(), Refused("no end mark")),
        ("a name with a zero byte", pax(b"13 path=a\0bc\n"), Refused("holds a zero byte")),
        ("nothing at all", Vec::new(), Refused("cut off")),
        ("no archive", b"hello, world\n".repeat(100), Refused("the sum of a header")),
    ]
}

fn layers_and_blobs() -> Vec<(&'static str, Vec<u8>, Comes)> {
    let base = files(&[(META, RECORD)]);
    let above = |name: &str| layered(&[base.clone(), files(&[(name, "")])]);
    let twice = [member(META, &Member::File(b"{")), member(META, &Member::File(RECORD.as_bytes()))].concat();
    let zeros = gzip(&vec![0; 64 << 20]);
    vec![
        ("a whiteout of the root's own mark", above(".wh..wh..opq"), NOTHING),
        ("a whiteout of all there is", above(".wh.opt"), NOTHING),
        ("a whiteout without a name", above(".wh."), Refused("a mark of removal without a name")),
        (
            "a whiteout of the directory above",
            above("opt/.wh..."),
            Refused("a mark of removal without a name"),
        ),
        ("a file in the place of a directory", above("opt"), NOTHING),
        ("a name that stands twice", ended(twice), A),
        ("a layer of zeros, packed", layered(&[gzip(&base), zeros]), A),
        (
            "a gzip that is cut off",
            Image::new(std::slice::from_ref(&base)).oci(|l| gzip(l)[..60].to_vec()),
            Refused(""),
        ),
        (
            "a zstd that is cut off",
            Image::new(std::slice::from_ref(&base)).oci(|l| pack::zstd(l)[..40].to_vec()),
            Refused(""),
        ),
        ("a layer that is none", layered(&[vec![b'x'; 2000]]), Refused("the sum of a header")),
        ("a layer that is missing", altered(|parts| _ = parts.remove(0)), Refused("has no blobs/sha256/")),
        ("a configuration of another image", altered(|parts| parts[1].1.push(b' ')), Refused(" is sha256:")),
        ("a manifest of another image", altered(|parts| parts[2].1.push(b' ')), Refused(" is sha256:")),
        ("an index that is no JSON", altered(|parts| parts[3].1 = b"{".to_vec()), Refused("makes no sense")),
        (
            "an index of nothing",
            altered(|parts| parts[3].1 = br#"{"schemaVersion":2,"manifests":[]}"#.to_vec()),
            Refused("has 0 images"),
        ),
        (
            "an index that is there twice",
            altered(|parts| parts.push(parts[3].clone())),
            Refused("it is there twice"),
        ),
        ("an index of five megabytes", altered(|parts| parts[3].1 = vec![b'['; 5 << 20]), Refused("")),
        (
            "a manifest of docker's that names a file outside",
            files(&[("manifest.json", r#"[{"Config": "../../etc/passwd", "Layers": []}]"#)]),
            Refused("has no ../../etc/passwd"),
        ),
    ]
}

fn contents() -> Vec<(&'static str, Vec<u8>, Comes)> {
    let metadata = format!("{SITE}/b-1.dist-info/METADATA");
    let huge = format!(r#"{{"name": "a", "version": "1", "x": "{}"}}"#, "y".repeat(17 << 20));
    let endless = format!("Name: b\nVersion: 1\n\n{}", "text\n".repeat(2 << 20));
    let record = format!("{SITE}/b-1.dist-info/RECORD");
    let lines = "../../../../../../etc/passwd,sha256=AA,1\n,,\n\"\n".to_owned();
    vec![
        ("a record of conda's nested without end", deep_json(META), Refused("not a record of conda")),
        (
            "a direct_url nested without end",
            files(&[
                (&metadata, "Name: b\nVersion: 1\n"),
                (&format!("{SITE}/b-1.dist-info/direct_url.json"), &"[".repeat(60_000)),
            ]),
            Refused("not a direct_url.json"),
        ),
        (
            "a kernel nested without end",
            deep_json("opt/conda/share/jupyter/kernels/x/kernel.json"),
            Refused("not a kernel.json"),
        ),
        ("a record of conda's larger than any", files(&[(META, &huge)]), Refused("larger than")),
        (
            "metadata without a name",
            files(&[(&metadata, &"x".repeat(1 << 20))]),
            Refused("it tells no package name"),
        ),
        ("metadata with a description of ten megabytes", files(&[(&metadata, &endless), (META, RECORD)]), A),
        (
            "a list of files that climbs out",
            files(&[(&metadata, "Name: b\nVersion: 1\n"), (&record, &lines), (META, RECORD)]),
            A,
        ),
        (
            "a version with a line feed in JSON",
            files(&[(META, r#"{"name": "a", "version": "1\n\u001b[2J"}"#)]),
            A,
        ),
    ]
}

/// Runs on an archive in a directory of its own, which must hold nothing else afterwards.
fn run(bytes: &[u8], args: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("image.tar");
    fs::write(&file, bytes).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    let output = command
        .args(["inventory", "image.tar"])
        .args(args)
        .current_dir(dir.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is unpacked");
    output
}

fn check(name: &str, bytes: &[u8], comes: Comes, args: &[&str]) {
    let output = run(bytes, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{name}: {said}");
    assert!(said.len() < 2_000, "{name}: {said}");
    match comes {
        Refused(reason) => {
            assert_eq!(output.status.code(), Some(65), "{name}: {said}");
            assert!(said.contains(reason), "{name}: {said}");
            assert!(output.stdout.is_empty(), "{name}: a fault prints nothing");
        }
        Read(expected) => {
            assert_eq!(output.status.code(), Some(0), "{name}: {said}");
            let inventory: Value = serde_json::from_slice(&output.stdout).unwrap();
            let all = inventory["environments"].as_array().unwrap();
            let packages = all.iter().flat_map(|e| e["conda"].as_array().cloned().unwrap_or_default());
            let packages: Vec<Value> = packages.map(|package| package["name"].clone()).collect();
            assert_eq!(packages, expected, "{name}");
        }
    }
}

#[test]
fn names_and_numbers_that_lie() {
    for (name, bytes, comes) in names_and_numbers() {
        check(name, &bytes, comes, &[]);
        check(name, &bytes, comes, &["--verify"]);
    }
}

#[test]
fn layers_and_blobs_that_lie() {
    for (name, bytes, comes) in layers_and_blobs() {
        check(name, &bytes, comes, &[]);
    }
}

#[test]
fn contents_that_lie() {
    for (name, bytes, comes) in contents() {
        check(name, &bytes, comes, &["--verify"]);
    }
}

#[test]
fn a_layer_that_is_not_the_one_of_the_configuration_is_refused_where_digests_are_asked_for() {
    let mut image = Image::new(&[files(&[(META, RECORD)])]);
    image.layers[0] = files(&[("etc/other", "")]);
    check("another layer", &image.docker(), Refused(", not sha256:"), &["--verify"]);
}

#[test]
fn what_stands_behind_the_end_mark_is_not_read() {
    let mut bytes = root(&[]);
    bytes.extend(member("opt/conda/conda-meta/b-1-0.json", &Member::File(b"{")));
    check("behind the end", &bytes, A, &[]);
}
