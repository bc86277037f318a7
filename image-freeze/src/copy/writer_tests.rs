use super::*;

fn entry<'a>(path: &'a str, link: Option<&'a str>) -> FileEntry<'a> {
    FileEntry {
        path: Path::new(path),
        executable: false,
        size: 0,
        link: link.map(Path::new),
        is_hard: false,
        is_top: false,
    }
}

/// Writes `entries` of `/opt/x` into `dest`.
fn copy(dest: &Path, entries: &[FileEntry<'_>]) -> Result<Copied, Error> {
    let (source, landing) = (Source::new("/opt/x"), Landing::look_at(dest).unwrap());
    let mut writer = Writer::new(&source, &landing);
    for entry in entries {
        if writer.take(entry, &mut entry.path.to_str().unwrap().as_bytes()).is_err() {
            break;
        }
    }
    writer.finish(Ok(()))
}

#[test]
fn a_link_may_lead_about_inside_and_not_out() {
    let check = |path: &str, target: &str, expected: bool| {
        assert_eq!(stays_inside(Path::new(path), Path::new(target)), expected, "{path} -> {target}");
    };
    check("a", "b", true);
    check("a", "./b/c", true);
    check("a/b", "../c", true);
    check("a/b", "../../c", false);
    check("a", "..", false);
    check("a", "b/../../c", false);
    check("a", "/etc/passwd", false);
    check("a", "", false);
}

#[test]
fn files_links_and_further_names_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let hard = FileEntry { is_hard: true, ..entry("sub/c", Some("sub/a")) };
    let lost = FileEntry { is_hard: true, ..entry("sub/d", Some("nowhere")) };
    let run = FileEntry { executable: true, ..entry("run", None) };
    let copied = copy(
        dir.path(),
        &[
            entry("sub/a", None),
            run,
            entry("b", Some("sub/a")),
            hard,
            lost,
            entry("out", Some("/etc/passwd")),
        ],
    )
    .unwrap();
    let at = |name: &str| dir.path().join("x").join(name);
    assert_eq!((copied.files, copied.to), (4, dir.path().join("x")));
    assert_eq!(fs::read_to_string(at("sub/c")).unwrap(), "sub/a");
    assert_eq!(at("b").read_link().unwrap(), Path::new("sub/a"));
    assert_eq!(at("run").metadata().unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(at("sub/a").metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let names: Vec<_> = copied.left_out.iter().map(|(path, _)| path.to_str().unwrap()).collect();
    assert_eq!(names, ["sub/d", "out"]);
    assert!(at("out").symlink_metadata().is_err());
}

#[test]
fn nothing_is_written_through_a_link_to_elsewhere() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(dir.path().join("x")).unwrap();
    symlink(outside.path(), dir.path().join("x/sub")).unwrap();
    let error = copy(dir.path(), &[entry("sub/a", None)]).unwrap_err();
    assert!(matches!(error, Error::InTheWay { .. }), "{error}");
    fs::write(outside.path().join("kept"), "theirs").unwrap();
    symlink(outside.path().join("kept"), dir.path().join("x/a")).unwrap();
    copy(dir.path(), &[entry("a", None)]).unwrap();
    assert_eq!(fs::read_to_string(outside.path().join("kept")).unwrap(), "theirs");
    assert_eq!(fs::read_to_string(dir.path().join("x/a")).unwrap(), "a", "the link itself was replaced");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_name_that_climbs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(copy(dir.path(), &[entry("../../a", None)]).is_err());
    assert!(copy(&dir.path().join("new"), &[entry("../a", None)]).is_err());
    assert!(!dir.path().join("a").exists());
}

#[test]
fn an_empty_directory_is_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(copy(dir.path(), &[]).unwrap().files, 0);
    assert!(dir.path().join("x").is_dir());
}
