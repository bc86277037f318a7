use super::*;
use crate::inventory::Origin;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The specs of a kernel environment, or of the base (no list).
fn frozen(yml: &str, txt: Option<&str>) -> FrozenEnvironment {
    FrozenEnvironment::parse("x", Some(yml.as_bytes()), txt.map(str::as_bytes), "x").unwrap()
}

fn name(text: &str) -> PackageName {
    PackageName::new(text).unwrap()
}

fn put(installed: &mut Installed, text: &str, version: &str, owner: Owner, origin: Option<Origin>) {
    let distribution = Distribution { version: version.to_owned(), owner, origin };
    installed.python.entry(name(text)).or_default().push(distribution);
}

/// Builds an environment from words: `python=3.11.9` by conda, `click=8.1.7!` by conda and ousted,
/// `asdf==3.4.0` by pip, `+zipp==3.19.2` a distribution that conda brought.
fn installed(words: &str) -> Installed {
    let mut installed = Installed::default();
    for word in words.split_ascii_whitespace() {
        if let Some((text, version)) = word.split_once("==") {
            let (owner, text) = text.strip_prefix('+').map_or((Owner::Pip, text), |t| (Owner::Conda, t));
            put(&mut installed, text, version, owner, None);
        } else {
            let (text, version) = word.split_once('=').unwrap();
            let ousted = if version.ends_with('!') { vec![name(text)] } else { Vec::new() };
            let version = version.trim_end_matches('!').to_owned();
            let package = CondaPackage { version, build: "h0_0".to_owned(), ousted, sha256: None, md5: None };
            installed.conda.entry(text.to_owned()).or_default().push(package);
        }
    }
    installed
}

/// Each difference as `kind name frozen->built`, and how many are the same.
fn drift(frozen: &FrozenEnvironment, installed: &Installed) -> (Vec<String>, u32) {
    let drift = one("x", frozen, installed, Platform::Amd64);
    let each = drift.differences.iter().map(|d| {
        let kind = if d.kind == PackageKind::Conda { "conda" } else { "pip" };
        let side = |version: &Option<String>| version.clone().unwrap_or_else(|| "-".to_owned());
        format!("{kind} {} {}->{}", d.name, side(&d.frozen), side(&d.built))
    });
    (each.collect(), drift.same)
}

fn check(frozen: &FrozenEnvironment, words: &str, expected: &[&str]) {
    assert_eq!(drift(frozen, &installed(words)).0, expected, "{words}");
}

const YML: &str = "dependencies:\n  - python=3.11.9\n  - click=8.1.7\n  - packaging=24.1\n  - fftw=3.3.10\n  - pip:\n      \
                   - numpy==1.26.4\n      - cython==3.0.10\n";
const TXT: &str = "asdf==3.4.0\nclick==8.1.8\nnumpy==2.0.1\nRuamel.Yaml==0.18.06\n";
/// What a clean build of these specs holds: the list's click in the place of conda's, packaging
/// taken out because the list does not name it, numpy as the list has it and not as the block.
const CLEAN: &str = "python=3.11.9 click=8.1.7! packaging=24.1! fftw=3.3.10 asdf==3.4.0 click==8.1.8 \
                     numpy==2.0.1 ruamel-yaml==0.18.6";

fn kernel() -> FrozenEnvironment {
    frozen(YML, Some(TXT))
}

#[test]
fn a_clean_build_has_no_drift() {
    assert_eq!(drift(&kernel(), &installed(CLEAN)), (vec![], 8));
    // Also where synchronising left in what the list does not name: conda's own, and the block's.
    let kept = CLEAN.replace("packaging=24.1!", "packaging=24.1 +packaging==24.1 cython==3.0.10");
    check(&kernel(), &kept, &[]);
    // Or where conda's version was the one that the list names.
    check(
        &frozen(YML, Some("click==8.1.7\n")),
        "python=3.11.9 click=8.1.7 +click==8.1.7 packaging=24.1 fftw=3.3.10",
        &[],
    );
}

#[test]
fn what_pip_changed_is_found() {
    let found = |from: &str, to: &str, expected: &str| {
        assert!(CLEAN.contains(from), "{from}");
        check(&kernel(), &CLEAN.replace(from, to), &[expected]);
    };
    found("asdf==3.4.0", "asdf==3.5.0", "pip asdf 3.4.0->3.5.0");
    found("asdf==3.4.0", "", "pip asdf 3.4.0->-");
    found("asdf==3.4.0", "asdf==3.4.0 surprise==1", "pip surprise -->1");
    found("asdf==3.4.0", "asdf==3.4.0 asdf==3.5.0", "pip asdf 3.4.0->3.4.0 and 3.5.0");
    found("asdf==3.4.0", "asdf==3.4.0+local", "pip asdf 3.4.0->3.4.0+local");
    // One of conda's, which the list does not name.
    found("packaging=24.1!", "packaging=24.1! packaging==25.0", "pip packaging -->25.0");
    // One of the block's, which synchronising would have taken out.
    found("asdf==3.4.0", "asdf==3.4.0 cython==3.1", "pip cython 3.0.10->3.1");
}

#[test]
fn what_conda_changed_is_found() {
    let found =
        |from: &str, to: &str, expected: &str| check(&kernel(), &CLEAN.replace(from, to), &[expected]);
    found("fftw=3.3.10", "fftw=3.3.11", "conda fftw 3.3.10->3.3.11");
    found("fftw=3.3.10", "", "conda fftw 3.3.10->-");
    found("fftw=3.3.10", "fftw=3.3.10 surprise=1 +surprise==1", "conda surprise -->1");
    // Text, not numbers: 3.10 and 3.1 are two versions.
    check(&frozen("dependencies:\n  - a=3.10\n", None), "a=3.1", &["conda a 3.10->3.1"]);
}

#[test]
fn a_build_counts_where_it_was_frozen() {
    let yml = "dependencies:\n  - a=1=h0_0\n  - b=1=h1_0\n";
    check(&frozen(yml, None), "a=1 b=1", &["conda b 1 h1_0->1 h0_0"]);
}

#[test]
fn in_the_base_the_export_is_the_list() {
    let base = frozen(
        "dependencies:\n  - python=3.11.9\n  - requests=2.32.3\n  - pip:\n      - black==24.8.0\n",
        None,
    );
    let clean = "python=3.11.9 requests=2.32.3 +requests==2.32.3 black==24.8.0";
    check(&base, clean, &[]);
    check(&base, &clean.replace("black==24.8.0", ""), &["pip black 24.8.0->-"]);
    check(&base, &clean.replace("24.8.0", "24.9"), &["pip black 24.8.0->24.9"]);
    // Taken out by pip behind conda's back.
    check(&base, "python=3.11.9 requests=2.32.3! black==24.8.0", &["conda requests 2.32.3->-"]);
    // Exporters leave out what pip replaced; it is no extra then.
    check(&base, &format!("{clean} attrs=23.1! attrs==24.2"), &["pip attrs -->24.2"]);
}

#[test]
fn pip_itself_is_never_taken_out_by_synchronising() {
    let specs = frozen("dependencies:\n  - pip=24.2\n", Some("a==1\n"));
    check(&specs, "pip=24.2 +pip==24.2 a==1", &[]);
    check(&specs, "pip=24.2! a==1", &["conda pip 24.2->-"]);
}

#[test]
fn markers_are_asked_about_the_environments_own_python() {
    let txt = "a==1 ; python_version >= '3.9'\nb==1 ; sys_platform == 'win32'\nb==2 ; sys_platform != 'win32'\nc==1 ; \
               python_version < '3.9'\n";
    let specs = frozen("dependencies:\n  - python=3.11.9\n", Some(txt));
    check(&specs, "python=3.11.9 a==1 b==2", &[]);
    check(&specs, "python=3.11.9 b==2 c==1", &["pip a 1->-", "pip c -->1"]);
}

#[test]
fn direct_references_are_held_to_their_commit_or_digest() {
    let git = |commit: &str| Origin {
        url: "https://h/a".to_owned(),
        commit: Some(commit.to_owned()),
        ..Origin::default()
    };
    let built = |origin| {
        let mut installed = installed("");
        put(&mut installed, "a", "1.0", Owner::Pip, origin);
        installed
    };
    let empty = "dependencies: []\n";
    let fixed = frozen(empty, Some(&format!("a @ git+https://h/a@{COMMIT}\n")));
    assert_eq!(drift(&fixed, &built(Some(git(COMMIT)))).0, [""; 0]);
    let other = "f".repeat(40);
    let expected = format!("pip a git+https://h/a@{COMMIT}->1.0 from https://h/a@{other}");
    assert_eq!(drift(&fixed, &built(Some(git(&other)))).0, [expected]);
    assert!(drift(&fixed, &built(None)).0[0].ends_with("->1.0 from an index"));
    check(&fixed, "", &[&format!("pip a git+https://h/a@{COMMIT}->-")]);
    // A branch can have stood anywhere.
    let moving = frozen(empty, Some("a @ git+https://h/a@main\n"));
    assert_eq!(drift(&moving, &built(Some(git(&other)))).0, [""; 0]);
    let archive = frozen(empty, Some("a @ https://h/a.zip#sha256=aa\n"));
    let zip = |digest: &str| Origin {
        url: "https://h/a.zip".to_owned(),
        sha256: Some(digest.to_owned()),
        ..Origin::default()
    };
    assert_eq!(drift(&archive, &built(Some(zip("AA")))).0, [""; 0]);
    assert_eq!(drift(&archive, &built(Some(zip("bb")))).0.len(), 1);
}

#[test]
fn an_environment_that_one_side_lacks_is_all_extra_or_all_missing() {
    let mut tree = FrozenTree::default();
    tree.environments.insert("gone".to_owned(), frozen("dependencies:\n  - a=1\n", Some("b==1\n")));
    let built = BTreeMap::from([("new".to_owned(), installed("a=1 +a==1 b==1"))]);
    let outcome = all(&tree, &built, Platform::Amd64);
    let counts = outcome.environments.iter().map(|e| (e.name.as_str(), e.same, e.differences.len()));
    assert_eq!(counts.collect::<Vec<_>>(), [("gone", 0, 2), ("new", 0, 2)]);
}

/// Three environments of 350 pins each are compared in a few milliseconds.
#[test]
fn comparing_is_quick() {
    let pins: Vec<String> = (0..350).map(|i| format!("package-{i}==1.{i}.0")).collect();
    let specs = frozen("dependencies:\n  - python=3.11.9\n", Some(&pins.join("\n")));
    let built = installed(&format!("python=3.11.9 {}", pins.join(" ")));
    let start = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(drift(&specs, &built), (vec![], 351));
    }
    // Generous: unoptimised, and on a machine that has other things to do.
    assert!(start.elapsed() < std::time::Duration::from_millis(500), "{:?}", start.elapsed());
}

/// They were told as installed by nobody's wish, and the wish itself was forgotten.
#[test]
fn what_a_list_names_by_its_address_alone_is_found_by_where_it_came_from() {
    let origin = |url: &str, commit: Option<&str>| {
        Some(Origin { url: url.to_owned(), commit: commit.map(str::to_owned), ..Origin::default() })
    };
    let list = format!("git+https://h/org/tool.git@{COMMIT}\nhttps://h/data.zip\n./local\n");
    let frozen = frozen("dependencies:\n  - python=3.11.9\n", Some(&list));
    let mut held = installed("python=3.11.9");
    put(&mut held, "its-own-name", "1", Owner::Pip, origin("https://h/org/tool", Some(COMMIT)));
    put(&mut held, "data", "2", Owner::Pip, origin("https://h/data.zip", None));
    assert_eq!(drift(&frozen, &held), (vec![], 3));

    let other = COMMIT.replace('0', "f");
    let found = held.python.get_mut(&name("its-own-name")).unwrap();
    found[0].origin = origin("https://h/org/tool", Some(&other));
    let expected =
        format!("pip its-own-name git+https://h/org/tool.git@{COMMIT}->1 from https://h/org/tool@{other}");
    assert_eq!(drift(&frozen, &held).0, [expected]);

    held.python.remove(&name("its-own-name"));
    assert_eq!(drift(&frozen, &held).0, [format!("pip tool git+https://h/org/tool.git@{COMMIT}->-")]);
}
