//! What `image-freeze inventory` tells of a real image, against what the programs inside it say: Python's
//! own metadata and pip, dpkg, and conda where it is there. The image is named by `IMAGE_TOOLS_IMAGE`, else
//! it is made of this machine's own Python and packages.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/host.rs"]
mod host;

use std::collections::BTreeSet;
use std::process::Command;

use common::console::Console;
use common::engine::{self, Engine, Kind, RunRequest};
use common::inventory::{Distribution, Environment, EnvironmentKind, Inventory};
use common::requirement::PackageName;
use common::settings::EngineChoice;
use serde_json::Value;

/// What a program inside the image prints; none if it fails.
fn said(engine: &Engine, image: &str, command: &[&str]) -> Option<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    // Buildah goes through the image's own entry point, which ends by running the command.
    let (switches, command) = match engine.kind {
        Kind::Buildah => (Vec::new(), words(command)),
        _ => (words(&["--rm", "--entrypoint", command[0]]), words(&command[1..])),
    };
    let request = RunRequest { image: image.to_owned(), words: switches, command, ..RunRequest::default() };
    let mut text = String::new();
    let exit = engine.run(&request, &Console::silent(), &mut |line| {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    });
    exit.unwrap().is_success().then_some(text)
}

fn normal(name: &str, version: &str) -> String {
    format!("{}=={version}", PackageName::new(name).unwrap())
}

fn named(list: &str) -> BTreeSet<String> {
    let start = list.find('[').unwrap_or_default();
    let list: Vec<Value> = serde_json::from_str(list[start..].lines().next().unwrap()).unwrap();
    list.iter().map(|p| normal(p["name"].as_str().unwrap(), p["version"].as_str().unwrap())).collect()
}

fn python(engine: &Engine, image: &str, environment: &Environment) -> usize {
    let python = format!("{}/bin/python3", environment.prefix);
    let ours: BTreeSet<String> = environment.python.iter().map(|d| normal(&d.name, &d.version)).collect();
    let ask = "import importlib.metadata as m, json; \
               print(json.dumps([dict(name=d.metadata['Name'], version=d.version) for d in m.distributions()]))";
    let Some(theirs) = said(engine, image, &[&python, "-s", "-I", "-c", ask]) else {
        eprintln!("skipped {}: it has no python", environment.name);
        return 0;
    };
    assert_eq!(ours, named(&theirs), "importlib.metadata in {}", environment.name);
    let pip = [&python, "-s", "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"];
    match said(engine, image, &pip) {
        Some(theirs) => assert_eq!(ours, named(&theirs), "pip in {}", environment.name),
        None => eprintln!("skipped pip in {}: it has none", environment.name),
    }
    frozen(engine, image, environment);
    ours.len()
}

/// `pip freeze`, which also tells where things came from, and `pip check`.
fn frozen(engine: &Engine, image: &str, environment: &Environment) {
    let python = format!("{}/bin/python3", environment.prefix);
    let freeze = [&python, "-s", "-m", "pip", "freeze", "--all", "--disable-pip-version-check"];
    let Some(theirs) = said(engine, image, &freeze) else { return };
    let named = |line: &&str| !line.starts_with('#') && line.contains(|c| "=@".contains(c));
    let plain = |line: &str| match line.split_once(" @ ") {
        Some((name, origin)) => format!("{} @ {}", PackageName::new(name).unwrap(), origin.trim()),
        None => line
            .trim()
            .split_once("==")
            .map_or_else(|| line.to_owned(), |(name, version)| normal(name, version)),
    };
    let theirs: BTreeSet<String> = theirs.lines().filter(named).map(plain).collect();
    let of = |d: &Distribution| match d.origin.as_ref().map(|o| (&o.url, &o.commit, &o.sha256, o.editable)) {
        Some((_, _, _, true)) | None => normal(&d.name, &d.version),
        Some((url, Some(commit), ..)) => format!("{} @ git+{url}@{commit}", d.name),
        Some((url, None, Some(sha256), _)) => format!("{} @ {url}#sha256={sha256}", d.name),
        Some((url, None, None, _)) => format!("{} @ {url}", d.name),
    };
    let ours: BTreeSet<String> = environment.python.iter().map(of).collect();
    let (ours_alone, theirs_alone): (Vec<_>, Vec<_>) =
        (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
    assert!(ours_alone.is_empty(), "pip freeze in {}: {ours_alone:?} {theirs_alone:?}", environment.name);
    let check = said(engine, image, &[&python, "-s", "-m", "pip", "check", "--disable-pip-version-check"]);
    assert!(check.is_some(), "pip check in {}", environment.name);
}

fn debian(engine: &Engine, image: &str, inventory: &Inventory) -> usize {
    let format = "${Package} ${Architecture} ${Version} ${db:Status-Status}\\n";
    let Some(theirs) = said(engine, image, &["dpkg-query", "-W", "-f", format]) else {
        eprintln!("skipped: the image has no dpkg-query");
        return 0;
    };
    let theirs: BTreeSet<String> = theirs.lines().map(|line| line.trim().to_owned()).collect();
    let state = |state: &Option<String>| state.clone().unwrap_or_else(|| "installed".to_owned());
    let ours: BTreeSet<String> = inventory
        .debian
        .iter()
        .map(|p| format!("{} {} {} {}", p.name, p.architecture, p.version, state(&p.state)))
        .collect();
    assert_eq!(ours, theirs, "dpkg-query");
    // It says nothing about files that are as their packages brought them, and exits with 0 only then.
    let names = || inventory.debian.iter().map(|package| package.name.as_str());
    if let Some(theirs) = said(engine, image, &[&["dpkg", "-V"][..], &names().collect::<Vec<_>>()].concat()) {
        assert_eq!(theirs.trim(), "", "dpkg -V");
    } else {
        eprintln!("dpkg -V finds files that are not as they were; the inventory does not look at those");
    }
    ours.len()
}

fn conda(engine: &Engine, image: &str, environment: &Environment) {
    let Some(theirs) =
        said(engine, image, &["/opt/conda/bin/conda", "list", "--json", "-p", &environment.prefix])
    else {
        return eprintln!("skipped conda in {}: there is no conda that lists it", environment.name);
    };
    let theirs: Vec<Value> = serde_json::from_str(&theirs[theirs.find('[').unwrap()..]).unwrap();
    let of_conda = theirs.iter().filter(|p| p["channel"] != "pypi");
    let word = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
    let theirs: BTreeSet<String> = of_conda
        .map(|p| format!("{} {} {}", word(p, "name"), word(p, "version"), word(p, "build_string")))
        .collect();
    let ours: BTreeSet<String> =
        environment.conda.iter().map(|p| format!("{} {} {}", p.name, p.version, p.build)).collect();
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "conda list in {}: {missing:?}", environment.name);
}

fn on(choice: EngineChoice, word: &str) {
    let console = Console::silent();
    let engine = match engine::choose(choice, &console) {
        Ok(engine) => engine,
        Err(error) => return eprintln!("skipped: {word}: {error}"),
    };
    if let Ok(image) = std::env::var("IMAGE_TOOLS_IMAGE") {
        if engine.inspect(&image, &console).unwrap().is_none() {
            return eprintln!("skipped: {word} has no {image}");
        }
        return agree(&engine, &image, word);
    }
    let dir = tempfile::tempdir().unwrap();
    if let Err(why) = host::root(&dir.path().join("root.tar")) {
        return eprintln!("skipped: {word}: {why}");
    }
    let image = format!("image-freeze-oracle:{}-{word}", std::process::id());
    if let Err(error) = engine.import(&dir.path().join("root.tar"), &image, &console) {
        return eprintln!("skipped: {word}: {error}");
    }
    let agreed = std::panic::catch_unwind(|| agree(&engine, &image, word));
    engine.remove_image(&image, &console).unwrap();
    agreed.unwrap();
}

fn agree(engine: &Engine, image: &str, word: &str) {
    let console = Console::silent();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    let output = command.args(["inventory", &format!("image:{image}"), "--engine", word]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let inventory = Inventory::parse(&output.stdout, "standard output").unwrap();
    let saved = tempfile::tempdir().unwrap();
    let file = saved.path().join("image.tar");
    engine.save(image, &file, &console).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-freeze"));
    let from_archive = command.arg("inventory").arg(&file).output().unwrap();
    let from_archive = Inventory::parse(&from_archive.stdout, "standard output").unwrap();
    assert_eq!(from_archive.environments, inventory.environments, "layers against a flat export");
    assert_eq!(from_archive.debian, inventory.debian);
    // Docker with containerd's store tells an image by its manifest, an archive by its configuration.
    let id = inventory.image.id.clone().unwrap();
    let index = Command::new("tar").arg("-xOf").arg(&file).arg("index.json").output().unwrap().stdout;
    if !String::from_utf8_lossy(&index).contains(id.hex()) {
        assert_eq!(from_archive.image.id, Some(id));
    }
    let packages = debian(engine, image, &inventory);
    let mut distributions = 0;
    for environment in inventory.environments.iter().filter(|e| e.kind != EnvironmentKind::User) {
        distributions += python(engine, image, environment);
        if environment.kind == EnvironmentKind::Conda {
            conda(engine, image, environment);
        }
    }
    eprintln!("agreed on {engine}: {packages} Debian packages, {distributions} Python distributions");
}

#[test]
fn docker_agrees() {
    on(EngineChoice::Docker, "docker");
}

#[test]
fn podman_agrees() {
    on(EngineChoice::Podman, "podman");
}

#[test]
fn buildah_agrees() {
    on(EngineChoice::Buildah, "buildah");
}
