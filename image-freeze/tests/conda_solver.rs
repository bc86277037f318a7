//! conda's half of `image-freeze thaw` and `solve` with a real solver, where there is a Python that has
//! py-rattler: that of the newer tools of conda's world.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::channel::{Channel, maker, rattler};
use support::conda::{FILE, KERBEROS, LIST, Place, THAWED, changes, kerberos};
use support::{errors, last_report};

#[test]
fn rattler_thaws_to_the_nearest_releases_and_then_nothing_is_lost() {
    let Some(python) = rattler() else { return };
    let place = Place::new(kerberos(), KERBEROS);
    let thaw = ["thaw", "--apply", "--conda-solver", &python];
    let outcome = place.outcome(&thaw);
    assert_eq!(place.lab.frozen(FILE), place.file(THAWED));
    assert!(outcome["conda_solver"].as_str().unwrap().starts_with("py-rattler "), "{outcome}");
    let rot = place.run(&["rot"]);
    assert_eq!(rot.status.code(), Some(0), "{}", errors(&rot));
    let again = place.outcome(&thaw);
    assert_eq!((&again["tree"], &again["patch"]), (&json!("unchanged"), &json!("")));
}

#[test]
fn rattler_stays_within_the_floating_specs_and_pythons_series() {
    let Some(python) = rattler() else { return };
    let mut channel = kerberos();
    channel.remove("python-3.11.7-h0");
    channel.add("python", ("3.11.9", "h0"), &json!({}));
    channel.add("python", ("3.11.6", "h0"), &json!({}));
    channel.remove("krb5-1.21.2-h0");
    let place = Place::new(channel, "openssl=3.1.4\npython=3.11.7");
    let thaw = ["thaw", "--conda-solver", &python];
    place.floating("python\nopenssl<3.2");
    assert_eq!(
        changes(&place.outcome(&thaw)),
        json!([["openssl", "3.1.4", "3.1.5"], ["python", "3.11.7", "3.11.9"]])
    );
    place.floating("python<3.11.9\nopenssl");
    assert_eq!(
        changes(&place.outcome(&thaw)),
        json!([["openssl", "3.1.4", "3.1.5"], ["python", "3.11.7", "3.11.6"]])
    );
    place.floating("python<3.11.9,>=3.11.7");
    let output = place.run(&thaw);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let said = last_report(&output)["notices"].to_string();
    assert!(said.contains("there is no solution, whatever is relaxed") && said.contains("python"), "{said}");
}

#[test]
fn a_lost_build_gives_way_to_another_of_the_same_version_also_in_the_list_by_address() {
    let Some(python) = rattler() else { return };
    let mut channel = Channel::new();
    channel.add("python", ("3.11.7", "h0"), &json!({}));
    channel.add("fftw", ("3.3.9", "h1_1"), &json!({}));
    channel.add("fftw", ("3.3.10", "h1_1"), &json!({}));
    let place = Place::new(channel, "fftw=3.3.9=h0_0\npython=3.11.7=h0");
    let frozen = place.lab.frozen(FILE);
    let thaw = ["thaw", "--apply", "--conda-solver", &python];
    let outcome = place.outcome(&thaw);
    assert_eq!(changes(&outcome), json!([["fftw", "3.3.9 h0_0", "3.3.9 h1_1"]]));
    let remark = "# thawed from 3.3.9 h0_0: gone, no channel of the file lists it";
    assert_eq!(place.lab.frozen(FILE), place.file(&format!("fftw=3.3.9=h1_1  {remark}\npython=3.11.7=h0")));

    // The same, where the list by address has lost it: the index serves one package and not the other.
    place.index.page("/c/python-3.11.7-h0.conda", "", "x");
    let served = place.index.url.replace("/simple", "/c");
    let list = |fftw: &str| format!("@EXPLICIT\n{fftw}\n{served}/python-3.11.7-h0.conda\n");
    place.lab.write(
        &format!("env-frozen/{LIST}"),
        &list(&format!("{served}/fftw-3.3.9-h0_0.conda#{}", "c".repeat(32))),
    );
    place.lab.write(&format!("env-frozen/{FILE}"), &frozen);
    place.outcome(&thaw);
    let new = format!("{}#{}", place.channel.address("fftw-3.3.9-h1_1"), "a".repeat(32));
    let text = place.lab.frozen(LIST);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("# thawed from 3.3.9 h0_0: url-gone"), "{text}");
    assert_eq!((lines[2], lines[3]), (new.as_str(), list("").lines().last().unwrap()));
    assert!(place.lab.frozen(FILE).contains("fftw=3.3.9=h1_1"));
}

#[test]
fn rattler_solves_the_floating_specs_for_the_image_and_not_for_this_machine() {
    let Some(python) = rattler() else { return };
    let mut channel = kerberos();
    channel.add(
        "needs",
        ("1", "h0"),
        &json!({"depends": ["__glibc >=2.28", "__linux", "__archspec * x86_64"]}),
    );
    channel.add("needs", ("2", "h0"), &json!({"depends": ["__glibc >=2.36"]}));
    let place = Place::new(channel, KERBEROS);
    place.floating("python~=3.11.0\nneeds");
    let solve = |more: &[&str]| place.outcome(&[&["solve", "--conda-solver", &python], more].concat());
    let conda = solve(&["--glibc", "2.31"])["environments"][0]["conda"].as_str().unwrap().to_owned();
    assert!(conda.starts_with("2 packages (py-rattler "), "{conda}");
    let lock = || place.lab.repository.read(".image/solved/roman/roman-cal/requirements.yml");
    assert!(lock().ends_with("dependencies:\n  - needs=1\n  - python=3.11.7\n"), "{}", lock());
    solve(&["--glibc", "2.36"]);
    assert!(lock().contains("needs=2\n"), "{}", lock());
    place.floating("python~=3.11.0\nneeds<1");
    let output = place.run(&["solve", "--conda-solver", &python]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
}

/// Installs what a list names with py-rattler, and leaves as that should be left.
const INSTALL: &str = "
import asyncio, os, sys, rattler
async def go(prefix, cache, urls):
    records = []
    for url in urls:
        record = await rattler.RepoDataRecord.from_package_archive(url.removeprefix('file://'))
        record.url = url
        records.append(record)
    await rattler.install(records=records, target_prefix=prefix, cache_dir=cache, show_progress=False)
asyncio.run(go(sys.argv[1], sys.argv[2], sys.argv[3:]))
sys.stdout.flush()
os._exit(0)
";

/// The channel of the example, whose packages are real ones; none where it cannot be made in a moment.
fn example_channel(python: &str, dir: &Path) -> Option<String> {
    let ask = "import sys; print(sys.base_prefix, '%d.%d' % sys.version_info[:2])";
    let told = Command::new(python).args(["-c", ask]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let (prefix, version) = told.trim().rsplit_once(' ').unwrap();
    if prefix == "/usr" || version != "3.11" {
        eprintln!(
            "skipped: the example's channel needs a CPython 3.11 that is not the distribution's, not {told}"
        );
        return None;
    }
    let make = Command::new("python3").arg(maker()).arg(dir).args(["--python", prefix]).output().unwrap();
    if !make.status.success() {
        eprintln!("skipped: the example's channel cannot be made here: {}", errors(&make));
        return None;
    }
    Some(format!("file://{}", dir.join("conda/conda-forge").display()))
}

/// What is solved, what is thawed after its channel lost two packages, and what is then installed.
#[test]
fn what_a_real_channel_still_has_is_thawed_and_installed() {
    let Some(python) = rattler() else { return };
    let dir = tempfile::tempdir().unwrap();
    let Some(url) = example_channel(&python, &dir.path().join("site")) else { return };
    let place = Place::new(Channel::at(&url), "python=3.11");
    place.floating("python~=3.11.0\nfftw\nkrb5\npip");
    place.outcome(&["solve", "--conda-solver", &python]);
    let lock = place.lab.repository.read(".image/solved/roman/roman-cal/requirements.yml");
    place.lab.write(&format!("env-frozen/{FILE}"), &lock);
    assert!(lock.contains("  - fftw=3.3.10\n") && lock.contains("  - openssl=3.2.1\n"), "{lock}");
    assert_eq!(place.run(&["rot"]).status.code(), Some(0));

    place.channel.forget(&["fftw-3.3.10-", "openssl-3.2.1-"]);
    assert_eq!(place.run(&["rot"]).status.code(), Some(1));
    let outcome = place.outcome(&["thaw", "--apply", "--conda-solver", &python]);
    assert_eq!(changes(&outcome), json!([["fftw", "3.3.10", "3.3.9"], ["openssl", "3.2.1", "3.1.4"]]));
    assert_eq!(place.run(&["rot"]).status.code(), Some(0));

    let text = place.lab.frozen(FILE);
    let pins: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  - ")?.split(' ').next()).collect();
    let urls: Vec<String> =
        pins.iter().filter_map(|pin| place.channel.package(&pin.replace('=', "-"))).collect();
    assert_eq!(urls.len(), pins.len() - 1, "all but the line that names the channel: {text}");
    let prefix = dir.path().join("prefix");
    let mut install = Command::new(&python);
    let done = install
        .args(["-c", INSTALL])
        .arg(&prefix)
        .arg(dir.path().join("cache"))
        .args(&urls)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", errors(&done));
    let lines = |path: &str| std::fs::read_to_string(prefix.join(path)).unwrap();
    assert_eq!(lines("share/placeholders/fftw"), "fftw 3.3.9\n");
    let run = Command::new(prefix.join("bin/python")).args(["-m", "pip", "--version"]).output().unwrap();
    assert!(run.status.success(), "{}", errors(&run));
}

/// Numbers that only look random, the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A small world of packages with versions from 1 on, some of which do not go together.
struct World {
    /// The latest version of each package.
    latest: Vec<usize>,
    /// What is frozen; a version beyond the latest is lost.
    frozen: Vec<usize>,
    /// (package, version, package, version) that do not go together.
    against: Vec<[usize; 4]>,
}

impl World {
    fn random(numbers: &mut Numbers) -> Self {
        let latest: Vec<usize> = (0..4).map(|_| 1 + numbers.below(3)).collect();
        let frozen = latest.iter().map(|latest| 1 + numbers.below(latest + 1)).collect();
        let mut against = Vec::new();
        for _ in 0..7 {
            let (one, other) = (numbers.below(4), numbers.below(4));
            if one < other {
                against.push([one, 1 + numbers.below(latest[one]), other, 1 + numbers.below(latest[other])]);
            }
        }
        Self { latest, frozen, against }
    }

    fn channel(&self) -> Channel {
        let mut channel = Channel::new();
        channel.add("python", ("3.11.7", "0"), &json!({}));
        for (package, latest) in self.latest.iter().enumerate() {
            for version in 1..=*latest {
                let theirs = self.against.iter().filter(|[one, its, ..]| (*one, *its) == (package, version));
                let constrains: Vec<String> =
                    theirs.map(|[.., other, its]| format!("p{other} !={its}")).collect();
                channel.add(
                    &format!("p{package}"),
                    (&version.to_string(), "0"),
                    &json!({"constrains": constrains}),
                );
            }
        }
        channel
    }

    fn pins(&self) -> String {
        let pins = self.frozen.iter().enumerate().map(|(package, version)| format!("p{package}={version}"));
        pins.chain(["python=3.11.7".to_owned()]).collect::<Vec<_>>().join("\n")
    }

    /// How many pins at least give way in any solution, by trying every choice of versions.
    fn least(&self) -> Option<usize> {
        let choices: usize = self.latest.iter().product();
        let choice = |mut number: usize| -> Vec<usize> {
            let mut versions = Vec::new();
            for latest in &self.latest {
                versions.push(1 + number % latest);
                number /= latest;
            }
            versions
        };
        let goes = |versions: &Vec<usize>| {
            !self.against.iter().any(|[a, va, b, vb]| versions[*a] == *va && versions[*b] == *vb)
        };
        let moved =
            |versions: Vec<usize>| versions.iter().zip(&self.frozen).filter(|(new, old)| new != old).count();
        (0..choices).map(choice).filter(goes).map(moved).min()
    }
}

/// Against trying everything: the real solver, the whole program, the least number of changed pins.
#[test]
fn no_smaller_change_makes_a_real_channel_solve_again() {
    let Some(python) = rattler() else { return };
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut solved, mut hopeless, mut beyond_lost) = (0, 0, 0);
    while solved < 6 || beyond_lost < 2 {
        let world = World::random(&mut numbers);
        let least = world.least();
        let lost = world.frozen.iter().zip(&world.latest).filter(|(frozen, latest)| frozen > latest).count();
        // The tedious worlds, in which everything stays or nothing helps, are all alike.
        if least == Some(0) || (least.is_none() && hopeless > 0) || (least == Some(lost) && solved > 4) {
            continue;
        }
        let place = Place::new(world.channel(), &world.pins());
        let output = place.run(&["thaw", "--conda-solver", &python]);
        let Some(least) = least else {
            assert_eq!(output.status.code(), Some(1), "{}: {}", world.pins(), errors(&output));
            hopeless += 1;
            continue;
        };
        assert_eq!(output.status.code(), Some(0), "{}: {}", world.pins(), errors(&output));
        let changes = changes(&last_report(&output)["outcome"]["thaw"]);
        assert_eq!(
            changes.as_array().unwrap().len(),
            least,
            "{changes} of {} {:?}",
            world.pins(),
            world.against
        );
        solved += 1;
        beyond_lost += usize::from(least > lost);
    }
}
