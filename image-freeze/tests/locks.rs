//! What a freeze adds when it is asked to: digests, addresses, the base.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use common::digest::Digest;
use common::report::{BuiltImage, ImageIdentity, Outcome, Verdict};
use common::requirement::{ExplicitFile, PipFile};
use common::testing::Repository;
use serde_json::json;
use support::index::Served;
use support::{IMAGE, Lab, SOLVED, errors};

fn index() -> Served {
    let index = Served::new();
    let more = |c: &str| format!(r#", "hashes": {{"sha256": "{}"}}"#, c.repeat(64));
    index.project("asdf", &[("asdf-3.4.0.tar.gz", &more("a")), ("asdf-3.4.0-py3-none-any.whl", &more("b"))]);
    index.project(
        "romancal",
        &[("romancal-0.16.0.tar.gz", &more("c")), ("romancal-0.17.0.tar.gz", &more("d"))],
    );
    index
}

/// A repository that is not built upon a base from source.
fn lab() -> Lab {
    let lab = Lab::new(Repository::new().frozen(), SOLVED);
    lab.remove("env-frozen/docker-stacks.hash");
    lab
}

#[test]
fn every_pin_gets_the_digests_of_all_its_files_and_the_inputs_are_noted() {
    let (lab, index) = (lab(), index());
    let record =
        |name: &str| format!(r#"{{"url": "https://h/linux-64/{name}", "md5": "{}"}}"#, "0".repeat(32));
    let (fftw, python) = (record("fftw-3.3.10-h0.conda"), record("python-3.11.9-h0.conda"));
    let meta = [("fftw.json", fftw.as_str()), ("python.json", python.as_str()), ("history", "==>")];
    lab.engine.serve_files(IMAGE, "/opt/conda/envs/roman-cal/conda-meta", &meta);
    lab.report(&["--with-hashes", "--index", &index.url]);
    let text = lab.frozen("roman-cal/requirements.txt");
    let (a, b, c) = ("a".repeat(64), "b".repeat(64), "c".repeat(64));
    let expected = format!(
        "#\n# made by a solver\n#\nasdf==3.4.0 \\\n    --hash=sha256:{a} \\\n    --hash=sha256:{b}\n    # via romancal\n\
         romancal==0.16.0 \\\n    --hash=sha256:{c}\n"
    );
    let (header, rest) = text.split_once('\n').unwrap();
    assert!(header.starts_with("# Inputs: sha256:"), "{header}");
    assert_eq!(rest, expected);
    let parsed = PipFile::parse(text.as_bytes(), "r.txt").unwrap();
    assert_eq!(parsed.requirements().map(|one| one.hashes.len()).collect::<Vec<_>>(), [2, 1]);
    let explicit = lab.frozen("roman-cal/requirements.explicit");
    assert_eq!(ExplicitFile::parse(explicit.as_bytes(), "e").unwrap().packages.len(), 2);
    // What was added is no obstacle to the next step.
    lab.report(&["chill"]);
    let chilly = lab.repository.read("deployments/roman/env-chilly/roman-cal/requirements.txt");
    assert!(
        chilly.starts_with(header) && chilly.ends_with("asdf~=3.4.0\n    # via romancal\nromancal~=0.16.0\n"),
        "{chilly}"
    );
    let output = lab.run(&["rot", "--index", &index.url, "--python", "3.11"]);
    assert!(!errors(&output).contains("hash-changed"), "{}", errors(&output));
}

#[test]
fn a_setting_has_every_freeze_do_so_and_half_of_it_is_never_written() {
    let index = index();
    let lab = lab();
    lab.repository.configure(|settings| {
        settings.pip_switches = format!("--index-url {}", index.url);
        settings.exports.insert("FREEZE_WITH_HASHES".to_owned(), "1".to_owned());
    });
    let report = lab.report(&[]);
    assert!(lab.frozen("roman-cal/requirements.txt").contains("--hash=sha256:"));
    assert!(report["notices"].to_string().contains("conda did not record"), "{report}");
    index.project("romancal", &[("romancal-0.17.0.tar.gz", "")]);
    let said = lab.fault(&[], 69);
    assert!(said.contains("the index tells no SHA-256 of any file of romancal 0.16.0"), "{said}");
}

#[test]
fn what_can_have_no_digest_keeps_the_whole_file_without_any() {
    let index = index();
    let solved: Vec<(&str, &str)> = SOLVED[..2]
        .iter()
        .copied()
        .chain([(
            "roman-cal/requirements.txt",
            "asdf==3.4.0\nb @ git+https://h/b@0123456789012345678901234567890123456789\n",
        )])
        .collect();
    let lab = Lab::new(Repository::new().frozen(), &solved);
    let report = lab.report(&["--with-hashes", "--index", &index.url]);
    assert!(lab.frozen("roman-cal/requirements.txt").ends_with(&format!("\n{}", solved[2].1)));
    assert!(report["notices"].to_string().contains("requirements.txt:3: pip knows no digest"), "{report}");
}

const BASE: &str = "quay.io/jupyter/scipy-notebook";

fn with_base(lab: &Lab, base_id: &Digest) {
    let document = lab.repository.configure(|settings| {
        settings.base_image = Some(common::settings::BaseImage::Reference(format!("{BASE}:2024-08")));
    });
    let image = ImageIdentity { name: format!("{BASE}:2024-08"), id: base_id.clone() };
    let mut document = document;
    let mut report =
        common::testing::built(Verdict::Yes, &ImageIdentity { name: IMAGE.to_owned(), id: lab.id.clone() });
    let Outcome::Build(build) = &mut report.outcome else { unreachable!("it is one of a build") };
    build.images.push(BuiltImage { image, context: None });
    document.reports.push(report);
    lab.repository.write("setup-env.json", &document.to_json());
}

#[test]
fn the_base_is_written_down_by_the_digest_of_its_registry() {
    let lab = lab();
    let base = lab.engine.image(&format!("{BASE}:2024-08"), &[]);
    let digest = Digest::of(b"the manifest");
    let told = json!([{"Id": base, "Config": {"Env": []}, "RepoDigests": [format!("other@{base}"), format!("{BASE}@{digest}")]}]);
    lab.engine.print(&format!("image inspect {BASE}:2024-08"), &format!("{told}\n"), 0);
    with_base(&lab, &base);
    lab.report(&[]);
    let lock: serde_json::Value = serde_json::from_str(&lab.frozen("base.lock.json")).unwrap();
    assert_eq!(lock, json!({"reference": format!("{BASE}:2024-08"), "digest": digest}));

    // A name that has moved since says nothing about what was built; the older lock is doubted.
    with_base(&lab, &Digest::of(b"another image"));
    let report = lab.report(&[]);
    assert!(report["notices"].to_string().contains("base.lock.json may be of another base"), "{report}");
}

#[test]
fn a_base_from_source_is_written_down_by_its_commit() {
    let lab = Lab::new(Repository::new().frozen(), SOLVED);
    lab.report(&[]);
    let lock: serde_json::Value = serde_json::from_str(&lab.frozen("base.lock.json")).unwrap();
    assert_eq!(lock["docker_stacks"], "abcdef0123456789abcdef0123456789abcdef01");
}
