//! `image-freeze inventory` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/pack.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod pack;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::digest::Digest;
use common::inventory::{FindingClass, Inventory, Owner};
use pack::{Image, Member, files, gzip, member, zstd};
use serde_json::json;

const SITE: &str = "opt/conda/envs/x/lib/python3.11/site-packages";

fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    command.arg("inventory").args(args).current_dir(dir).env_clear().output().unwrap()
}

fn inventory(output: &Output) -> Inventory {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Inventory::parse(&output.stdout, "standard output").unwrap()
}

fn of(bytes: &[u8], args: &[&str]) -> Inventory {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("image.tar"), bytes).unwrap();
    inventory(&run(dir.path(), &[&["image.tar"], args].concat()))
}

fn record(name: &str, version: &str) -> String {
    json!({"name": name, "version": version, "build": "h0_0", "channel": "forge", "subdir": "noarch",
        "url": format!("https://c.example.org/{name}.conda"), "sha256": "ab", "md5": "cd"})
    .to_string()
}

/// An image of two layers, the upper of which takes back and replaces.
fn image() -> Image {
    let lower = files(&[
        ("opt/conda/conda-meta/conda-24.1-0.json", &record("conda", "24.1")),
        ("opt/conda/envs/x/conda-meta/history", ""),
        ("opt/conda/envs/x/conda-meta/python-3.11.7-0.json", &record("python", "3.11.7")),
        ("opt/conda/envs/x/conda-meta/zlib-1.2-0.json", &record("zlib", "1.2")),
        (&format!("{SITE}/asdf-3.0.dist-info/METADATA"), "Name: asdf\nVersion: 3.0\n"),
        (&format!("{SITE}/asdf-3.0.dist-info/INSTALLER"), "uv\n"),
        (&format!("{SITE}/old-1.dist-info/METADATA"), "Name: old\nVersion: 1\n"),
        (
            "opt/conda/envs/x/share/jupyter/kernels/x/kernel.json",
            r#"{"display_name": "X", "argv": ["python"]}"#,
        ),
        ("usr/lib/node_modules/npm/package.json", r#"{"name": "npm", "version": "10.1.0"}"#),
        (
            "var/lib/dpkg/status",
            "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n",
        ),
        ("usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    ]);
    let direct = r#"{"url": "https://h/gwcs", "vcs_info": {"vcs": "git", "commit_id": "abc"}}"#;
    let upper = files(&[
        (&format!("{SITE}/.wh.old-1.dist-info"), ""),
        ("opt/conda/envs/x/conda-meta/.wh.zlib-1.2-0.json", ""),
        ("opt/conda/envs/x/conda-meta/zlib-1.3-0.json", &record("zlib", "1.3")),
        (&format!("{SITE}/gwcs-0.2.dist-info/METADATA"), "Name: gwcs\nVersion: 0.2\n"),
        (&format!("{SITE}/gwcs-0.2.dist-info/direct_url.json"), direct),
    ]);
    let base = "org.opencontainers.image.base.name";
    Image::labelled(&[lower, upper], &json!({base: "debian:12", "a": "b"}))
}

fn check(inventory: &Inventory) {
    let shown: Vec<String> = inventory
        .environments
        .iter()
        .map(|e| {
            let conda: Vec<String> = e.conda.iter().map(|p| format!("{}={}", p.name, p.version)).collect();
            let python: Vec<String> = e.python.iter().map(|p| format!("{}=={}", p.name, p.version)).collect();
            format!("{} {} {}", e.name, conda.join(" "), python.join(" "))
        })
        .collect();
    assert_eq!(shown, ["base conda=24.1 ", "x python=3.11.7 zlib=1.3 asdf==3.0 gwcs==0.2"]);
    let x = &inventory.environments[1];
    assert_eq!((x.prefix.as_str(), x.python_version.as_deref()), ("/opt/conda/envs/x", Some("3.11.7")));
    assert_eq!((x.python[0].owner, x.python[0].installer.as_deref()), (Owner::Pip, Some("uv")));
    assert_eq!(x.python[1].origin.as_ref().unwrap().commit.as_deref(), Some("abc"));
    assert_eq!(x.conda[1].url.as_deref(), Some("https://c.example.org/zlib.conda"));
    assert_eq!(x.kernels[0].display_name, "X");
    assert_eq!((inventory.debian[0].name.as_str(), inventory.npm[0].name.as_str()), ("libc6", "npm"));
    assert_eq!(inventory.image.distribution.as_deref(), Some("debian 12"));
}

#[test]
fn every_form_of_an_image_gives_the_same_inventory() {
    let image = image();
    let docker = of(&image.docker(), &[]);
    check(&docker);
    assert_eq!(docker.image.id, Some(image.id()));
    assert_eq!(
        (docker.image.names.as_slice(), &docker.image.labels["a"]),
        (&["roman:1".to_owned()][..], &"b".to_owned())
    );
    assert_eq!(docker.image.base.as_ref().unwrap().name.as_deref(), Some("debian:12"));
    for bytes in [
        image.oci(<[u8]>::to_vec),
        image.oci(gzip),
        image.oci(zstd),
        gzip(&image.docker()),
        zstd(&image.oci(gzip)),
    ] {
        for args in [&[][..], &["--verify"]] {
            let inventory = of(&bytes, args);
            check(&inventory);
            assert_eq!(inventory.image.id, Some(image.id()));
            assert_eq!(inventory.environments, docker.environments);
        }
    }
    assert_eq!(of(&image.oci(gzip), &[]).image.base.unwrap().digest.as_deref(), Some("sha256:base"));
}

#[test]
fn a_layout_is_read_where_it_lies() {
    let (dir, image) = (tempfile::tempdir().unwrap(), image());
    for (name, bytes) in image.layout(gzip) {
        let path = dir.path().join("layout").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    check(&inventory(&run(dir.path(), &["layout"])));
    check(&inventory(&run(dir.path(), &["layout", "--verify"])));
    let said = run(dir.path(), &["."]);
    assert_eq!(said.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&said.stderr).contains("it has no index.json"));
}

#[test]
fn an_archive_comes_from_a_pipe_too() {
    let (dir, image) = (tempfile::tempdir().unwrap(), image());
    fs::write(dir.path().join("image.tar"), image.docker()).unwrap();
    let mut cat =
        Command::new("cat").arg(dir.path().join("image.tar")).stdout(Stdio::piped()).spawn().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    command.args(["inventory", "-"]).stdin(cat.stdout.take().unwrap());
    let piped = inventory(&command.output().unwrap());
    cat.wait().unwrap();
    check(&piped);
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    command.args(["inventory", "-"]).stdin(File::open(dir.path().join("image.tar")).unwrap());
    assert_eq!(inventory(&command.output().unwrap()), piped);
}

#[test]
fn a_root_file_system_is_read_as_one() {
    let bytes =
        files(&[("./opt/conda/conda-meta/conda-24.1-0.json", &record("conda", "24.1")), ("./etc/.wh.x", "")]);
    let inventory = of(&bytes, &[]);
    assert_eq!(inventory.image.id, None);
    assert_eq!(inventory.environments[0].conda[0].name, "conda");
}

#[test]
fn one_of_several_images_is_selected() {
    let (one, other) = (image(), Image::new(&[files(&[("etc/x", "")])]));
    let manifest = |image: &Image, name: &str| {
        json!({"Config": format!("{}.json", image.id().hex()), "RepoTags": [name],
            "Layers": image.layers.iter().map(|layer| format!("{}/layer.tar", Digest::of(layer).hex())).collect::<Vec<_>>()})
    };
    let mut bytes = Vec::new();
    for image in [&one, &other] {
        bytes.extend(member(&format!("{}.json", image.id().hex()), &Member::File(&image.config)));
        for layer in &image.layers {
            bytes.extend(member(&format!("{}/layer.tar", Digest::of(layer).hex()), &Member::File(layer)));
        }
    }
    let manifests = json!([manifest(&one, "one:1"), manifest(&other, "other:1")]).to_string();
    bytes.extend(member("manifest.json", &Member::File(manifests.as_bytes())));
    let bytes = pack::ended(bytes);
    check(&of(&bytes, &["--select", "one:1"]));
    check(&of(&bytes, &["--select", &one.id().hex()[..12]]));
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("image.tar"), &bytes).unwrap();
    let output = run(dir.path(), &["image.tar"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65));
    assert!(said.contains("has 2 images") && said.contains("hint: --select"), "{said}");
}

/// `sha256=…` of a RECORD.
fn sum(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let hex = Digest::of(bytes);
    let raw: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&hex.hex()[2 * at..2 * at + 2], 16).unwrap()).collect();
    format!("sha256={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(raw))
}

fn files_with(edited: &str, conda_file: &str) -> Vec<u8> {
    let list = format!(
        "asdf/__init__.py,{},3\n../../../bin/asdftool,{},4\nasdf/__pycache__/x.pyc,,\nasdf-3.0.dist-info/RECORD,,\n",
        sum(b"one"),
        sum(b"tool"),
    );
    let claim = json!({"name": "zlib", "version": "1.3", "build": "0", "paths_data": {"paths": [
        {"_path": "lib/libz.so", "path_type": "hardlink", "sha256": Digest::of(b"z").hex()},
    ]}});
    files(&[
        ("opt/conda/envs/x/bin/asdftool", "tool"),
        (&format!("{SITE}/asdf/__init__.py"), edited),
        (&format!("{SITE}/asdf-3.0.dist-info/METADATA"), "Name: asdf\nVersion: 3.0\n"),
        (&format!("{SITE}/asdf-3.0.dist-info/RECORD"), &list),
        ("opt/conda/envs/x/conda-meta/zlib-1.3-0.json", &claim.to_string()),
        ("opt/conda/envs/x/lib/libz.so", conda_file),
    ])
}

#[test]
fn edited_files_are_found_when_digests_are_asked_for() {
    let clean = of(&files_with("one", "z"), &["--verify"]);
    assert!(clean.verified && clean.findings.is_empty(), "{:?}", clean.findings);
    assert!(of(&files_with("two", "y"), &[]).findings.is_empty(), "not asked for");
    let found = of(&files_with("two", "y"), &["--verify"]).findings;
    let shown: Vec<(&str, &str)> =
        found.iter().map(|f| (f.package.as_str(), f.path.as_deref().unwrap())).collect();
    let init = format!("/{SITE}/asdf/__init__.py");
    assert_eq!(shown, [("asdf", init.as_str()), ("zlib", "/opt/conda/envs/x/lib/libz.so")]);
    // Also where it is a layer above that edits, and where one takes away.
    let edit = files(&[(&init[1..], "two"), ("opt/conda/envs/x/lib/.wh.libz.so", "")]);
    let found = of(&Image::new(&[files_with("one", "z"), edit]).docker(), &["--verify"]).findings;
    assert_eq!(found.iter().map(|f| f.found.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_conda_and_pip_both_claim_is_found() {
    let file = "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA";
    let record = json!({"name": "click", "version": "8.1.7", "build": "py_0", "files": [file]}).to_string();
    let bytes = files(&[
        ("opt/conda/envs/x/conda-meta/click-8.1.7-py_0.json", &record),
        (&format!("{SITE}/click-8.1.8.dist-info/METADATA"), "Name: click\nVersion: 8.1.8\n"),
    ]);
    let found = of(&bytes, &[]).findings;
    assert_eq!((found.len(), found[0].class), (1, FindingClass::BothCondaAndPip));
    assert_eq!((found[0].recorded.as_str(), found[0].found.as_deref()), ("conda 8.1.7", Some("pip 8.1.8")));
}

#[test]
fn bills_of_material_are_the_same_bytes_each_time() {
    let (dir, image) = (tempfile::tempdir().unwrap(), image());
    fs::write(dir.path().join("image.tar"), image.docker()).unwrap();
    for (format, mark, parts) in [("cyclonedx", "1.6", "components"), ("spdx", "SPDX-2.3", "packages")] {
        let first = run(dir.path(), &["image.tar", "--format", format]);
        assert_eq!(first.status.code(), Some(0));
        assert_eq!(first.stdout, run(dir.path(), &["image.tar", "--format", format]).stdout);
        let bom: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
        let text = String::from_utf8_lossy(&first.stdout);
        assert!(text.contains(mark) && text.contains("2024-08-05T10:15:30Z"), "{text}");
        assert!(text.contains("pkg:pypi/gwcs@0.2") && text.contains("pkg:deb/debian/libc6@2.36"), "{text}");
        assert!(bom[parts].as_array().unwrap().len() >= 7);
    }
}

#[test]
fn an_inventory_that_was_kept_is_a_source_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("image.tar"), image().docker()).unwrap();
    let output = run(dir.path(), &["image.tar"]);
    fs::write(dir.path().join("kept.json"), &output.stdout).unwrap();
    assert_eq!(run(dir.path(), &["kept.json"]).stdout, output.stdout);
    fs::write(dir.path().join("kept.json"), r#"{"schema": 9}"#).unwrap();
    assert_eq!(run(dir.path(), &["kept.json"]).status.code(), Some(65));
}
