use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::*;
use crate::digest::Digest;
use crate::oci::OciError;
use crate::report::ImageIdentity;
use crate::settings::Settings;

fn store(dir: &Path, bytes: &[u8]) -> Blob {
    fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    fs::write(dir.join("blobs/sha256").join(Digest::of(bytes).hex()), bytes).unwrap();
    Blob::of(bytes)
}

fn index(dir: &Path) -> Index {
    let mut settings = Settings::new(Path::new("/home/ada"), "roman".parse().unwrap());
    settings.pip_switches = "-i https://ada:hunter2@h.example/simple".to_owned();
    settings.exports.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let config = store(dir, b"{\"rootfs\": {\"diff_ids\": []}}");
    let image = |name: &str, id: &Digest| ImageIdentity { name: name.to_owned(), id: id.clone() };
    let answer = |url: &str, body: Blob| Answer {
        kind: AnswerKind::of(url, 200),
        asked: Asked { method: "GET".into(), url: url.into(), range: None, accept: None, sent: None },
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body,
    };
    Index {
        schema_url: Index::schema_url(),
        schema: 1,
        release: "roman-12.0.0".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        recipe: Recipe::of(&settings, image("base", &config.digest)),
        tested: image("notebook-roman:latest", &Digest::of(b"tested")),
        recorded: image("notebook-roman:latest", &Digest::of(b"tested")),
        sameness: Sameness::Identical,
        engine: "docker 20.10.24".to_owned(),
        tool: "image-tools".to_owned(),
        context: store(dir, b"context"),
        record: store(dir, b"{}"),
        base: Base { config, layers: Vec::new(), is_oci: false, names: Vec::new() },
        answers: vec![
            answer("https://h.example/a.whl", store(dir, b"wheel")),
            answer("https://h.example/mirror/a.whl", Blob::of(b"wheel")),
            answer("https://h.example/empty", Blob::of(b"")),
        ],
    }
}

/// A capsule in a directory; what its index says is changed by `change` first.
fn capsule(change: impl FnOnce(&mut Index)) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut index = index(dir.path());
    change(&mut index);
    finish(dir.path(), &index, |_| ());
    dir
}

fn finish(dir: &Path, index: &Index, change: impl FnOnce(&mut CapsuleManifest)) {
    store(dir, &index.bytes());
    let (mut manifest, ..) = CapsuleManifest::of(index);
    change(&mut manifest);
    let bytes = crate::oci::model::to_json(&manifest);
    store(dir, &bytes);
    let descriptor = crate::oci::Descriptor::of(crate::oci::model::MEDIA_MANIFEST, &bytes);
    fs::write(dir.join("index.json"), layout_index(&descriptor, "roman-12.0.0-capsule")).unwrap();
    fs::write(dir.join("oci-layout"), OCI_LAYOUT).unwrap();
}

fn refused(dir: &Path, why: &str) {
    let error = Capsule::open(dir).unwrap_err();
    assert!(error.to_string().contains(why), "{why}: {error}");
}

fn packed(dir: &Path) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut tar = tar::Builder::new(file.reopen().unwrap());
    tar.append_dir_all("", dir).unwrap();
    tar.into_inner().unwrap();
    file
}

#[test]
fn a_capsule_is_read_from_a_directory_and_from_a_file() {
    let dir = capsule(|_| ());
    let file = packed_as_skopeo_would(dir.path());
    for path in [dir.path(), file.path()] {
        let capsule = Capsule::open(path).unwrap();
        let body = &capsule.index.answers[1].body;
        let mut text = String::new();
        capsule.read(body).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "wheel");
        assert_eq!(capsule.index.parts().len(), 4, "each once, and nothing for what is empty");
    }
}

/// Without an entry for the top itself.
fn packed_as_skopeo_would(dir: &Path) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut tar = tar::Builder::new(file.reopen().unwrap());
    tar.append_path_with_name(dir.join("oci-layout"), "oci-layout").unwrap();
    tar.append_path_with_name(dir.join("index.json"), "index.json").unwrap();
    tar.append_dir_all("blobs", dir.join("blobs")).unwrap();
    tar.into_inner().unwrap();
    file
}

#[test]
fn one_changed_byte_anywhere_is_refused() {
    let dir = capsule(|_| ());
    let blobs: Vec<_> =
        fs::read_dir(dir.path().join("blobs/sha256")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(blobs.len(), 6, "four parts, the index, the manifest");
    for path in blobs {
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[0] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(Capsule::open(dir.path()), Err(OciError::Mismatch { .. })), "{}", path.display());
        fs::write(&path, &good[1..]).unwrap();
        assert!(Capsule::open(dir.path()).is_err(), "a byte less: {}", path.display());
        fs::remove_file(&path).unwrap();
        refused(dir.path(), path.file_name().unwrap().to_str().unwrap());
        fs::write(&path, good).unwrap();
    }
    Capsule::open(dir.path()).unwrap();
}

#[test]
fn an_index_that_says_what_is_not_so_is_refused() {
    let other = |index: &mut Index| index.recipe.base.id = Digest::of(b"other");
    refused(capsule(other).path(), "another one than the recipe's");
    refused(capsule(|index| index.schema = 2).path(), "version 2");
    let empty = |index: &mut Index| index.answers[2].body.digest = Digest::of(b"x");
    refused(capsule(empty).path(), "an empty answer");
    let missing = |index: &mut Index| index.context = Blob::of(b"not there");
    refused(capsule(missing).path(), Digest::of(b"not there").hex());

    let dir = capsule(|_| ());
    let index = index(dir.path());
    let cut = |manifest: &mut CapsuleManifest| manifest.layers.truncate(1);
    finish(dir.path(), &index, cut);
    refused(dir.path(), "does not name its part");
    let more = |manifest: &mut CapsuleManifest| manifest.layers.push(manifest.config.clone());
    finish(dir.path(), &index, more);
    refused(dir.path(), "names other parts");
    let image = |manifest: &mut CapsuleManifest| manifest.artifact_type = "application/x".to_owned();
    finish(dir.path(), &index, image);
    refused(dir.path(), "it is of application/x, not of a capsule");
}

#[test]
fn an_archive_with_anything_else_in_it_or_cut_off_is_refused() {
    let dir = capsule(|_| ());
    fs::write(dir.path().join("blobs/sha256/thesis.tex"), "x").unwrap();
    refused(packed(dir.path()).path(), "no part of a capsule");
    fs::remove_file(dir.path().join("blobs/sha256/thesis.tex")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
    refused(packed(dir.path()).path(), "no part of a capsule");
    fs::remove_file(dir.path().join("link")).unwrap();
    let file = packed_as_skopeo_would(dir.path());
    let size = file.as_file().metadata().unwrap().len();
    for left in [size / 2, size - 1024, 511, 0] {
        file.as_file().set_len(left).unwrap();
        assert!(Capsule::open(file.path()).is_err(), "{left} of {size}");
    }
}

#[test]
fn no_login_and_no_path_of_this_machine_is_in_a_recipe() {
    let dir = tempfile::tempdir().unwrap();
    let text = String::from_utf8(index(dir.path()).bytes()).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("/home/ada"), "{text}");
}

#[test]
fn answers_are_called_by_what_they_are() {
    let check = |url: &str, status, expected| assert_eq!(AnswerKind::of(url, status), expected, "{url}");
    check("https://h/a-1.0-py3-none-any.whl", 200, AnswerKind::Wheel);
    check("https://h/a-1.0-py3-none-any.whl.metadata", 200, AnswerKind::Index);
    check("https://h/simple/a/", 200, AnswerKind::Index);
    check("https://h/c/linux-64/a-1-0.tar.bz2", 200, AnswerKind::Conda);
    check("https://h/c/noarch/a-1-0.conda", 200, AnswerKind::Conda);
    check("https://h/a-1.0.tar.gz", 206, AnswerKind::Source);
    check("http://h/pool/main/a/a_1_amd64.deb", 200, AnswerKind::Deb);
    check("https://h/a.whl", 302, AnswerKind::Redirect);
    check("https://h/a.whl", 404, AnswerKind::Absence);
}

#[test]
fn places_are_spelled_as_elsewhere() {
    let here = |text: &str| Location::from(text) == Location::Here("a/b".into());
    assert!(here("a/b") && here("oci:a/b") && here("oci-archive:a/b"));
    assert_eq!(Location::from("docker://h/a:1"), Location::Registry("docker://h/a:1".to_owned()));
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    crate::testing::committed_schema(super::index::SCHEMA_URL, &super::index::json_schema());
}
