//! `image-freeze` as its users run it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "figures are for people")]

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::digest::Digest;
use common::evidence::{Built, Materials, Store};
use common::report::{BuildOutcome, ImageIdentity, Outcome, Report, Verdict};
use common::settings::{CalVersion, Generation, UseFrozen};
use common::testing::{FakeEngine, Repository};
use serde_json::json;
use support::{IMAGE, Lab, SOLVED, content, errors};

fn frozen() -> Repository {
    Repository::new().frozen()
}

/// A lock without what freezing says about it.
fn without_header(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with("# Inputs: sha256:")).collect()
}

/// D13, D17: what the image does not hold was deleted; docker-stacks.hash never survived a freeze.
#[test]
fn d13_d17_the_images_specs_come_in_and_what_only_the_tree_has_stays() {
    for engine in [FakeEngine::docker(), FakeEngine::podman(), FakeEngine::buildah()] {
        let lab = Lab::on(engine, frozen(), SOLVED);
        lab.write("env-frozen/new-env/.placeholder", "");
        lab.write("env-frozen/roman-cal/notes.md", "why asdf stays at 3\n");
        let report = lab.report(&[]);
        for (path, text) in SOLVED {
            assert_eq!(&without_header(&lab.frozen(path)), text, "{path}");
        }
        assert_eq!(lab.frozen("docker-stacks.hash"), "abcdef0123456789abcdef0123456789abcdef01\n");
        assert_eq!(lab.frozen("roman-cal/notes.md"), "why asdf stays at 3\n");
        assert_eq!(report["image"]["id"], json!(lab.id));
        let outcome = &report["outcome"]["freeze"];
        assert_eq!(outcome["tree"], "written");
        assert_eq!(outcome["environments"], json!(["base", "roman-cal"]));
        let kept = json!(["docker-stacks.hash", "new-env/.placeholder", "roman-cal/notes.md"]);
        assert_eq!(outcome["kept"], kept);
        assert!(report["notices"][0].as_str().unwrap().starts_with("env-frozen/new-env is kept"));
        assert_eq!(lab.engine.containers(), [""; 0], "no container is left");
    }
}

/// D50: references without a commit stood in frozen files.
#[test]
fn d50_a_branch_is_frozen_as_the_commit_that_the_receipt_says() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let solved = "asdf==3.4.0\nromancal @ git+https://h/romancal.git@main\n    # via -r roman-cal.pip\n";
    let files: Vec<_> = SOLVED
        .iter()
        .map(|(path, text)| (*path, if path.ends_with("txt") { solved } else { *text }))
        .collect();
    let lab = Lab::new(frozen(), &files);
    let receipt = json!({
        "$schema": "s", "schema": 1, "version": "latest", "requested_by": "a", "files": [],
        "requested_at": "2024-01-01T00:00:00Z", "resolved": {"git+https://h/romancal.git@main": commit},
    });
    lab.write("environments/roman-cal/sources.lock.json", &receipt.to_string());
    let report = lab.report(&[]);
    let text = without_header(&lab.frozen("roman-cal/requirements.txt"));
    assert_eq!(text, solved.replace("@main", &format!("@{commit}")));
    assert!(report["notices"][0].as_str().unwrap().contains("now names the commit"), "{report}");
}

/// The receipt says what was resolved when specs came; the image says what was built.
#[test]
fn a_branch_is_frozen_as_the_commit_that_was_built_whatever_the_receipt_says() {
    let (built, received) = ("a".repeat(40), "b".repeat(40));
    let solved = "asdf==3.4.0\nromancal @ git+https://h/romancal.git@main\nstray @ git+https://h/s@main\n";
    let files: Vec<_> = SOLVED
        .iter()
        .map(|(path, text)| (*path, if path.ends_with("txt") { solved } else { *text }))
        .collect();
    let lab = Lab::new(frozen(), &files);
    let note = json!({"url": "https://h/romancal.git", "vcs_info": {"vcs": "git", "commit_id": built}});
    let site = "/opt/conda/envs/roman-cal/lib/python3.11/site-packages";
    lab.engine.serve_files(IMAGE, site, &[("romancal-0.16.dist-info/direct_url.json", &note.to_string())]);
    let receipt = json!({
        "$schema": "s", "schema": 1, "version": "latest", "requested_by": "a", "files": [],
        "requested_at": "2024-01-01T00:00:00Z",
        "resolved": {"git+https://h/romancal.git@main": received, "git+https://h/s@main": received},
    });
    lab.write("environments/roman-cal/sources.lock.json", &receipt.to_string());
    let report = lab.report(&[]);
    let text = lab.frozen("roman-cal/requirements.txt");
    let expected =
        format!("romancal @ git+https://h/romancal.git@{built}\nstray @ git+https://h/s@{received}\n");
    assert!(text.ends_with(&expected), "{text}");
    assert!(report["notices"][0].as_str().unwrap().ends_with("the commit of the image"), "{report}");
}

#[test]
fn how_a_lock_was_made_stands_at_its_top_and_stays_there() {
    let solved = "#\n# This file is autogenerated by pip-compile with Python 3.11\n#\nasdf==3.4.0\n";
    let base = "name: base\ndependencies:\n  - conda=24.5.0\n  - pip:\n    - pip-tools==7.4.1\n";
    let files = [("base/requirements.yml", base), SOLVED[1], ("roman-cal/requirements.txt", solved)];
    let lab = Lab::new(frozen(), &files);
    let cut = json!([{"Id": lab.id, "Config": {"Env": ["INDEX_CUTOFF=2024-08-05"]}}]);
    lab.engine.print(&format!("image inspect {}", lab.id), &format!("{cut}\n"), 0);
    lab.report(&[]);
    let text = lab.frozen("roman-cal/requirements.txt");
    let expected = "# This file was made for Python 3.11 by pip-compile 7.4.1.\n# Index cut-off: 2024-08-05\n# Inputs: sha256:";
    assert!(text.starts_with(expected) && text.ends_with(solved), "{text}");
    lab.report(&["chill"]);
    let chilly = lab.repository.read("deployments/roman/env-chilly/roman-cal/requirements.txt");
    assert!(chilly.starts_with(expected) && chilly.ends_with("asdf~=3.4.0\n"), "{chilly}");
    // An image that is built from this holds it, and whatever its specs are now, it came from those.
    lab.write("environments/roman-cal/roman-cal.pip", "asdf\n");
    lab.engine.serve_files(
        IMAGE,
        "/opt/env-frozen",
        &[files[0], files[1], ("roman-cal/requirements.txt", &text)],
    );
    assert_eq!(lab.report(&[])["outcome"]["freeze"]["tree"], "unchanged");
}

#[test]
fn a_lock_says_as_of_when_its_image_was_solved_where_only_the_evidence_knows() {
    let lab = Lab::new(frozen(), SOLVED);
    let image = ImageIdentity { name: IMAGE.to_owned(), id: lab.id.clone() };
    let built = Built {
        image: image.clone(),
        at: "2024-08-05T10:00:00Z".parse().unwrap(),
        use_frozen: UseFrozen::Floating,
        cal_version: CalVersion::None,
        common_context: Digest::of(b"common"),
        mission_context: Digest::of(b"mission"),
        base: image,
        engine: "docker".to_owned(),
        materials: Materials::default(),
        index_cutoff: Some("2024-08-05T00:00:00Z".parse().unwrap()),
    };
    Store::in_state(&lab.repository.at(".image")).write(&lab.id, &built).unwrap();
    lab.report(&[]);
    let text = lab.frozen("roman-cal/requirements.txt");
    assert!(text.starts_with("# Index cut-off: 2024-08-05T00:00:00Z\n# Inputs: sha256:"), "{text}");
}

/// D17: with no image, or a copy that failed, the whole tree was gone.
#[test]
fn d17_when_the_engine_fails_the_tree_stays() {
    for pattern in ["cp", "create", "inspect"] {
        let lab = Lab::new(frozen(), SOLVED);
        let before = content(&lab.frozen_dir());
        lab.engine.fail(pattern, 17);
        let output = lab.run(&[]);
        assert!(!output.status.success(), "{pattern}");
        assert_eq!(content(&lab.frozen_dir()), before, "{pattern}");
    }
    let lab = Lab::new(frozen(), SOLVED);
    let before = content(&lab.frozen_dir());
    let said = lab.fault(&["--image", "notebook-none"], 69);
    assert!(said.contains("there is no image notebook-none") && said.contains("hint: image-build"), "{said}");
    assert_eq!(content(&lab.frozen_dir()), before);
}

/// D17a: nothing looked whether each environment has both files, and whether they are specs.
#[test]
fn d17a_specs_that_are_not_good_change_nothing_and_are_named() {
    let bad = |path: &str, text: Option<&str>, expected: &str| {
        let mut files: Vec<_> = SOLVED.iter().copied().filter(|(name, _)| *name != path).collect();
        files.extend(text.map(|text| (path, text)));
        let lab = Lab::new(frozen(), &files);
        let before = content(&lab.frozen_dir());
        let said = lab.fault(&[], 65);
        assert!(said.contains(&format!("{IMAGE}:/opt/env-frozen/{expected}")), "{said}");
        assert_eq!(content(&lab.frozen_dir()), before);
    };
    bad("roman-cal/requirements.txt", None, "roman-cal/requirements.txt: it is missing");
    bad("roman-cal/requirements.yml", Some(""), "roman-cal/requirements.yml: it is empty");
    bad("roman-cal/requirements.txt", Some("a==1\n<html>\n"), "roman-cal/requirements.txt:2: ");
    bad("roman-cal/requirements.yml", Some("name: x\n"), "roman-cal/requirements.yml:1: ");
    bad("base/requirements.yml", Some("Traceback\n"), "base/requirements.yml:1: ");
}

#[test]
fn an_image_without_any_specs_is_told_from_one_with_some() {
    let lab = Lab::new(frozen(), &[("other/requirements.yml", "dependencies: []\n")]);
    assert!(lab.fault(&[], 65).contains("holds no frozen specs of any environment of roman"));
    let lab = Lab::new(frozen(), &SOLVED[..1]);
    let report = lab.report(&[]);
    assert_eq!(report["notices"], json!([format!("{IMAGE} holds no frozen specs of roman-cal")]));
    assert!(lab.frozen("roman-cal/requirements.txt").contains("romancal==0.13.0"), "the old specs stay");
}

#[test]
fn a_tree_that_already_holds_this_is_not_touched() {
    let lab = Lab::new(frozen(), SOLVED);
    lab.report(&[]);
    let inode = || lab.frozen_dir().metadata().unwrap().ino();
    let before = inode();
    assert_eq!(lab.report(&[])["outcome"]["freeze"]["tree"], "unchanged");
    assert_eq!(inode(), before);
}

#[test]
fn hostile_names_in_the_image_are_refused() {
    let files = [SOLVED, &[("roman-cal/.git/config", "[core]\n\tfsmonitor = x\n")]].concat();
    let lab = Lab::new(frozen(), &files);
    let before = content(&lab.frozen_dir());
    assert!(lab.fault(&[], 65).contains("it would be part of a nested git repository"));
    assert_eq!(content(&lab.frozen_dir()), before);
}

#[test]
fn the_image_of_the_documents_build_is_read_even_if_its_name_moved_on() {
    let lab = Lab::new(frozen(), SOLVED);
    let built = ImageIdentity { name: IMAGE.to_owned(), id: lab.id.clone() };
    // Somebody has built something else under the same name since.
    let other = lab.engine.image(IMAGE, &["OTHER=1"]);
    assert_ne!(other, lab.id);
    let mut document = lab.repository.configure(|_| ());
    document.reports.push(build_report(&built));
    let file = lab.repository.at("document.json");
    fs::write(&file, document.to_json()).unwrap();
    let output = lab.run(&["--settings", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains(&format!("warning: {IMAGE} names {} now", other.short())));
    assert_eq!(without_header(&lab.frozen("roman-cal/requirements.txt")), SOLVED[2].1);
    // And if the built one is gone, what its name means now is not taken for it.
    document.reports[0].image = Some(ImageIdentity { id: Digest::of(b"gone"), ..built });
    fs::write(&file, document.to_json()).unwrap();
    let said = lab.fault(&["--settings", file.to_str().unwrap()], 69);
    assert!(said.contains("is not in docker") && said.contains("any more"), "{said}");
}

fn build_report(image: &ImageIdentity) -> Report {
    Report {
        tool: "image-build".to_owned(),
        version: "0".to_owned(),
        verdict: Verdict::Yes,
        started: "2024-08-05T12:00:00Z".parse().unwrap(),
        seconds: 1.0,
        image: Some(image.clone()),
        notices: Vec::new(),
        outcome: Outcome::Build(BuildOutcome {
            engine: "docker".to_owned(),
            steps: Vec::new(),
            images: Vec::new(),
            capsule: None,
        }),
    }
}

#[test]
fn without_a_configuration_or_a_mission_it_says_what_to_do() {
    let lab = Lab::new(frozen(), SOLVED);
    fs::remove_file(lab.repository.at("setup-env.json")).unwrap();
    assert!(lab.fault(&[], 78).contains("hint: run image-configure MISSION first"));
    lab.repository.configure(|settings| settings.deployment = "romna".parse().unwrap());
    assert!(lab.fault(&[], 2).contains("did you mean `roman`?"));
}

/// Killed at any moment, the old tree stands or the new one, never a mix, and the next run works.
#[test]
fn d17_killed_at_any_point_the_old_or_the_new_tree_is_there() {
    const RUNS: u32 = 30;
    let many: Vec<(String, String)> =
        (0..40).map(|i| (format!("roman-cal/more/{i}.txt"), format!("{i}\n").repeat(500))).collect();
    let mut files = SOLVED.to_vec();
    files.extend(many.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let lab = Lab::new(frozen(), &files);
    let (old, aside) = (content(&lab.frozen_dir()), lab.repository.at("aside"));
    common::tree::copy(&lab.frozen_dir(), &aside).unwrap();
    let restore = || {
        fs::remove_dir_all(lab.frozen_dir()).unwrap();
        common::tree::copy(&aside, &lab.frozen_dir()).unwrap();
    };
    let start = Instant::now();
    lab.report(&[]);
    let whole = start.elapsed();
    let new = content(&lab.frozen_dir());
    assert_ne!(old, new);
    restore();
    let (mut olds, mut news) = (0, 0);
    for run in 0..RUNS {
        let mut child = lab.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The last part of the time is that of the exchange: it gets most of the runs.
        let share = (f64::from(run) / f64::from(RUNS)).sqrt() * 1.1;
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = content(&lab.frozen_dir());
        assert!(now == old || now == new, "a mix after run {run}");
        if now == new {
            news += 1;
            restore();
        } else {
            olds += 1;
        }
    }
    assert!(olds > 0, "every run came through: nothing was killed");
    eprintln!("killed {RUNS} times within {whole:?}: {olds} old, {news} new");
    lab.report(&[]);
    assert_eq!(content(&lab.frozen_dir()), new);
    assert_eq!(fs::read_dir(lab.repository.at(".image/stage/freeze")).unwrap().count(), 0, "no litter");
}

#[test]
fn two_at_once_come_one_after_the_other() {
    let lab = Lab::new(frozen(), SOLVED);
    let runs: Vec<_> = (0..3)
        .map(|_| lab.command(&[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
    }
    assert_eq!(without_header(&lab.frozen("roman-cal/requirements.txt")), SOLVED[2].1);
}

/// D58: the status was that of the hashes alone, so a failed copy was a success without any specs.
#[test]
fn d58_the_newest_generation_notes_its_commit_only_after_a_freeze_that_succeeded() {
    let lab = Lab::new(frozen(), SOLVED);
    lab.repository.configure(|settings| settings.generation = Generation::Newest);
    let noted = lab.repository.at("noted");
    let bin = Lab::with_sibling("release-tag", &format!("echo \"$1\" >>'{}'; cat", noted.display()));
    lab.engine.fail("cp", 17);
    let output = lab.command_in(&bin, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(17), "{}", errors(&output));
    assert!(!noted.exists(), "nothing was frozen");
    let lab = Lab::new(frozen(), SOLVED);
    lab.repository.configure(|settings| settings.generation = Generation::Newest);
    let output = lab.command_in(&bin, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(std::fs::read_to_string(&noted).unwrap(), "hashes\n");
    let bin = Lab::with_sibling("release-tag", "cat >/dev/null; exit 66");
    let output = lab.command_in(&bin, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(66), "{}", errors(&output));
    assert!(errors(&output).contains("hint: release-hashes"), "{}", errors(&output));
}
