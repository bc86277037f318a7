use serde_json::json;

use super::*;
use crate::digest::Digest;

/// A layer of words: `path=content` a file, `path/` a directory, `path->target` and `path=>target` a
/// symbolic and a hard link; a path that begins with `+` may be executed, one with `@` is somebody else's, one
/// with `~` is of another time.
fn layer(words: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for word in words {
        let mut header = tar::Header::new_gnu();
        let path = word.trim_start_matches(['+', '@', '~']);
        let marks = &word[..word.len() - path.len()];
        header.set_mode(if marks.contains('+') { 0o755 } else { 0o644 });
        header.set_uid(if marks.contains('@') { 1000 } else { 0 });
        header.set_mtime(if marks.contains('~') { 7 } else { 1 });
        header.set_size(0);
        if let Some((path, target)) = path.split_once("->") {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, path, target).unwrap();
        } else if let Some((path, target)) = path.split_once("=>") {
            header.set_entry_type(tar::EntryType::Link);
            builder.append_link(&mut header, path, target).unwrap();
        } else if let Some((path, content)) = path.split_once('=') {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_bytes()).unwrap();
        } else {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, path, std::io::empty()).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

/// Docker's archive of an image with these layers; each is made by the step `step 1`, `step 2`, …, with an
/// empty one in front.
fn archive(dir: &Path, name: &str, env: &str, layers: &[&[&str]]) -> std::path::PathBuf {
    let layers: Vec<Vec<u8>> = layers.iter().map(|words| layer(words)).collect();
    let digests: Vec<Digest> = layers.iter().map(|bytes| Digest::of(bytes)).collect();
    let mut history = vec![json!({"created_by": "ENV", "empty_layer": true})];
    history.extend((1..=layers.len()).map(|n| json!({"created_by": format!("step {n}")})));
    let config = json!({
        "created": name, "config": {"Env": [env]},
        "rootfs": {"type": "layers", "diff_ids": digests}, "history": history,
    })
    .to_string();
    let files: Vec<String> = digests.iter().map(|digest| format!("{}/layer.tar", digest.hex())).collect();
    let config_name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let manifest = json!([{"Config": config_name, "RepoTags": [], "Layers": files}]).to_string();
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content).unwrap();
    };
    for at in (0..layers.len()).filter(|at| !files[..*at].contains(&files[*at])) {
        add(&files[at], &layers[at]);
    }
    add(&config_name, config.as_bytes());
    add("manifest.json", manifest.as_bytes());
    let path = dir.join(name);
    std::fs::write(&path, builder.into_inner().unwrap()).unwrap();
    path
}

fn compared(first: &[&[&str]], second: &[&[&str]]) -> Comparison {
    let dir = tempfile::tempdir().unwrap();
    let paths = [archive(dir.path(), "one", "A=1", first), archive(dir.path(), "two", "A=1", second)];
    let [one, other] = paths.each_ref().map(|path| Source::Archive { path, image: None });
    compare((&one, &other), SHOWN, dir.path(), &Console::silent()).unwrap()
}

/// `PATH: ASPECT, … (FIRST LAYER, SECOND LAYER)`
fn shown(comparison: &Comparison) -> Vec<String> {
    let layer = |origin: &Option<Origin>| origin.as_ref().map_or("-".to_owned(), |o| o.layer.to_string());
    let line = |d: &FileDifference| {
        let what: Vec<String> = d.what.iter().map(ToString::to_string).collect();
        format!("{}: {} ({},{})", d.path, what.join("+"), layer(&d.first), layer(&d.second))
    };
    comparison.files.iter().map(line).collect()
}

#[test]
fn what_differs_is_named_with_the_step_that_made_it() {
    let first: &[&[&str]] =
        &[&["etc/", "etc/a=1", "same=1"], &["opt/", "opt/x=1", "opt/m=1", "opt/o=1", "opt/only=1"]];
    let second: &[&[&str]] =
        &[&["etc/", "etc/a=2", "same=1"], &["opt/", "opt/x->y", "+opt/m=1", "@opt/o=1", "~opt/t=1"]];
    let comparison = compared(first, second);
    assert_eq!(comparison.verdict, Likeness::Different);
    assert_eq!(
        shown(&comparison),
        [
            "/etc/a: content (1,1)",
            "/opt/x: kind+mode (2,2)",
            "/opt/m: mode (2,2)",
            "/opt/o: owner (2,2)",
            "/opt/only: only in the first (2,-)",
            "/opt/t: only in the second (-,2)",
        ]
    );
    assert_eq!((comparison.differing, comparison.compared), (6, 9));
    let step = |origin: &Option<Origin>| origin.as_ref().unwrap().step.clone().unwrap();
    assert_eq!(step(&comparison.files[0].first), "step 1", "empty steps are not counted");
}

#[test]
fn other_times_alone_are_the_same_content() {
    let comparison = compared(&[&["a=1", "b=1"]], &[&["a=1", "~b=1"]]);
    assert_eq!((comparison.verdict, comparison.only_times), (Likeness::SameContent, 1));
    assert_eq!(shown(&comparison), ["/b: time (1,1)"]);
}

#[test]
fn it_does_not_matter_in_which_layer_a_file_is_or_which_name_is_the_link() {
    let first: &[&[&str]] = &[&["d/", "d/a=1", "d/gone=1", "x=1"], &["d/.wh.gone=", "d/b=>d/a", "x=2"]];
    let second: &[&[&str]] = &[&["d/", "d/b=1", "d/a=>d/b", "x=2"]];
    assert_eq!(compared(first, second).verdict, Likeness::SameContent);
}

#[test]
fn a_file_in_the_place_of_a_directory_hides_what_was_in_it() {
    let flat: &[&[&str]] = &[&["d/", "e/", "e/new=1", "f=1"]];
    let above: &[&str] = &["d/.wh..wh..opq=", "e/.wh.old=", "e/new=1", ".wh.f=", "f=1"];
    let below: &[&str] = &["d/", "d/a=1", "d/b/", "d/b/c=1", "e/", "e/old/", "e/old/x=1", "f/", "f/y=1"];
    let comparison = compared(&[below, above], flat);
    assert_eq!(shown(&comparison), [""; 0]);
    let file: &[&[&str]] = &[&["f/", "f/y=1"], &["f=1"]];
    assert_eq!(compared(file, &[&["f=1"]]).verdict, Likeness::SameContent);
}

#[test]
fn the_same_archive_is_the_same_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = archive(dir.path(), "one", "A=1", &[&["a=1"]]);
    let source = Source::Archive { path: &path, image: None };
    let comparison = compare((&source, &source), SHOWN, dir.path(), &Console::silent()).unwrap();
    assert_eq!((comparison.verdict, comparison.compared), (Likeness::SameId, 1));
}

#[test]
fn another_setting_is_another_image() {
    let dir = tempfile::tempdir().unwrap();
    let paths =
        [archive(dir.path(), "one", "A=1", &[&["a=1"]]), archive(dir.path(), "two", "A=2", &[&["a=1"]])];
    let [one, other] = paths.each_ref().map(|path| Source::Archive { path, image: None });
    let comparison = compare((&one, &other), SHOWN, dir.path(), &Console::silent()).unwrap();
    assert_eq!(comparison.verdict, Likeness::Different);
    assert_eq!(comparison.settings[0].name, "config.Env.0");
}

#[test]
fn of_many_differing_files_the_first_are_named_and_all_are_counted() {
    let words = |content: usize| (0..200).map(|n| format!("f{n}={content}")).collect::<Vec<_>>();
    let (one, other) = (words(1), words(2));
    let layer = |words: &'static [String]| words.iter().map(String::as_str).collect::<Vec<_>>();
    let (one, other) = (layer(one.leak()), layer(other.leak()));
    let comparison = compared(&[&one], &[&other]);
    assert_eq!((comparison.differing, comparison.files.len()), (200, SHOWN));
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = archive(dir.path(), "one", "A=1", &[&["a=content"]]);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(7).position(|window| window == b"content").unwrap();
    bytes[at] = b'C';
    std::fs::write(&path, bytes).unwrap();
    let source = Source::Archive { path: &path, image: None };
    let error = compare((&source, &source), SHOWN, dir.path(), &Console::silent()).unwrap_err();
    assert!(error.to_string().contains("the layer "), "{error}");
}
