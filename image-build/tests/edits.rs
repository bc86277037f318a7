//! A generated matrix of edits: what `--plan` says will be built is what is built, and both are what
//! the edit reaches by the Dockerfiles' own words, as this file states them apart from the tool.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use common::settings::{Settings, UseFrozen};
use common::testing::{FakeEngine, Repository};
use support::{Bench, stderr};

const CUTOFF: &str = "--index-cutoff=2024-08-05T10:00:00Z";

const COMMON: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS tools\nARG USE_FROZEN=1\nENV USE_FROZEN=${USE_FROZEN}\n\
    COPY tools/ /opt/tools/\nFROM tools\nARG WHERE=etc\nCOPY VERSION ${WHERE}/*.conf /opt/\n\
    COPY [\"with blank/a b\", \"/opt/b\"]\nCOPY --from=tools /opt/tools /opt/again\nCOPY link /opt/link\n\
    ADD https://example.org/file /opt/\nRUN --mount=type=bind,source=scripts,target=/s sh /s/run\n";

const MISSION: &str = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nENV DIR=data\nCOPY $DIR/deep /opt/data/\n\
    COPY --chown=1000:100 environments/*/*.pip /opt/pip/\nRUN echo roman\n";

/// How far up a change goes: the lowest image that it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nothing,
    Mission,
    Common,
}

/// One edit and what it reaches.
struct Edit {
    what: String,
    reach: Reach,
    make: Box<dyn Fn(&Bench)>,
}

fn edit(what: impl Into<String>, reach: Reach, make: impl Fn(&Bench) + 'static) -> Edit {
    Edit { what: what.into(), reach, make: Box::new(make) }
}

/// Files by the image that takes them; `.dockerignore` of common hides `tools/hidden` and all `*.tmp`.
const FILES: [(&str, Reach); 19] = [
    ("common/VERSION", Reach::Common),
    ("common/tools/run", Reach::Common),
    ("common/tools/deep/er/file", Reach::Common),
    ("common/tools/kept.tmp", Reach::Common),
    ("common/etc/a.conf", Reach::Common),
    ("common/with blank/a b", Reach::Common),
    ("common/linked/file", Reach::Common),
    ("common/scripts/run", Reach::Common),
    ("common/tools/hidden", Reach::Nothing),
    ("common/tools/other.tmp", Reach::Nothing),
    ("common/etc/a.txt", Reach::Nothing),
    ("common/README.md", Reach::Nothing),
    ("roman/data/deep/a", Reach::Mission),
    ("roman/environments/roman-cal/roman-cal.pip", Reach::Mission),
    ("roman/environments/roman-cal/tests/imports", Reach::Mission),
    ("roman/MISSION_VERSION", Reach::Mission),
    ("roman/data/shallow", Reach::Nothing),
    ("roman/README.md", Reach::Nothing),
    ("tike/environments/test", Reach::Nothing),
];

fn bench(mode: UseFrozen) -> Bench {
    let repository = Repository::new().frozen();
    for (path, _) in FILES {
        let path = format!("deployments/{path}");
        if !repository.at(&path).exists() {
            repository.write(&path, &format!("the first {path}\n"));
        }
    }
    repository.write("deployments/common/Dockerfile", COMMON);
    repository.write("deployments/roman/Dockerfile.custom", MISSION);
    repository.write("deployments/common/.dockerignore", "tools/hidden\n**/*.tmp\n!tools/kept.tmp\n");
    symlink("linked/file", repository.at("deployments/common/link")).unwrap();
    let bench = Bench::new(repository, FakeEngine::docker());
    bench.configure(mode, |settings| settings.freeze_chill = false);
    bench
}

fn at(path: &str) -> String {
    format!("deployments/{path}")
}

fn set_mode(path: &PathBuf, change: impl Fn(u32) -> u32) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(change(mode))).unwrap();
}

/// What can be done to one file.
fn edits_of(path: &'static str, reach: Reach) -> Vec<Edit> {
    let name = move || at(path);
    vec![
        edit(format!("{path}: other content"), reach, move |b| b.repository.write(&name(), "other\n")),
        edit(format!("{path}: other line ends"), reach, move |b| b.repository.write(&name(), "other\r\n")),
        edit(format!("{path}: the same content again"), Reach::Nothing, move |b| {
            b.repository.write(&name(), "other\r\n");
        }),
        edit(format!("{path}: a mode that git does not keep"), Reach::Nothing, move |b| {
            set_mode(&b.repository.at(&name()), |mode| mode & !0o077);
        }),
        edit(format!("{path}: executable or no longer"), reach, move |b| {
            set_mode(&b.repository.at(&name()), |mode| mode ^ 0o100);
        }),
        edit(format!("{path}: gone and back"), Reach::Nothing, move |b| {
            let path = b.repository.at(&name());
            let text = fs::read(&path).unwrap();
            let mode = fs::metadata(&path).unwrap().permissions();
            fs::remove_file(&path).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, mode).unwrap();
        }),
    ]
}

/// Predicts, builds, compares; gives how many edits there were.
fn check(bench: &Bench, args: &[&str], edits: Vec<Edit>) -> usize {
    bench.build(args);
    let count = edits.len();
    for Edit { what, reach, make } in edits {
        make(bench);
        let plan = bench.run(&[&["--plan", "--json"], args].concat());
        assert_eq!(plan.status.code(), Some(0), "{what}: {}", stderr(&plan));
        let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
        let all = plan["images"].as_array().unwrap();
        let upon = all.iter().filter(|image| image["step"] != "base" && image["state"] == "built");
        let predicted: BTreeSet<String> =
            upon.map(|image| image["image"].as_str().unwrap().to_owned()).collect();
        bench.engine.forget();
        bench.build(args);
        let builds = bench.engine.calls().into_iter().filter(|call| call.verb() == "build");
        let happened: BTreeSet<String> =
            builds.filter_map(|call| call.value("--tag").map(str::to_owned)).collect();
        let expected: &[&str] = match reach {
            Reach::Nothing => &[],
            Reach::Mission => &["notebook-roman-dirty", "notebook-roman:latest"],
            Reach::Common => &["notebook-common", "notebook-roman-dirty", "notebook-roman:latest"],
        };
        assert_eq!(predicted, happened, "{what}: predicted and happened");
        assert_eq!(happened, expected.iter().map(|name| (*name).to_owned()).collect(), "{what}");
    }
    count
}

#[test]
fn edits_of_files_of_the_shared_context() {
    let files = FILES.into_iter().filter(|(path, _)| path.starts_with("common/"));
    let edits: Vec<Edit> = files.flat_map(|(path, reach)| edits_of(path, reach)).collect();
    assert_eq!(check(&bench(UseFrozen::Floating), &[CUTOFF], edits), 72);
}

#[test]
fn edits_of_files_of_missions() {
    let files = FILES.into_iter().filter(|(path, _)| !path.starts_with("common/"));
    let edits: Vec<Edit> = files.flat_map(|(path, reach)| edits_of(path, reach)).collect();
    assert_eq!(check(&bench(UseFrozen::Frozen), &[], edits), 42);
}

fn rename(from: &'static str, to: &'static str, reach: Reach) -> Edit {
    edit(format!("{from} is {to} now"), reach, move |b| {
        fs::rename(b.repository.at(&at(from)), b.repository.at(&at(to))).unwrap();
    })
}

fn write(path: &'static str, text: &'static str, reach: Reach) -> Edit {
    edit(format!("{path} is {text:?}"), reach, move |b| b.repository.write(&at(path), text))
}

#[test]
fn renames_new_files_links_and_ignore_rules() {
    use Reach::{Common, Mission, Nothing};
    let ignore = "common/.dockerignore";
    let edits = vec![
        rename("common/tools/run", "common/tools/walk", Common),
        rename("common/tools/walk", "common/tools/hidden.2", Common),
        rename("common/README.md", "common/tools/README.md", Common),
        rename("common/etc/a.txt", "common/etc/b.txt", Nothing),
        rename("common/etc/b.txt", "common/etc/b.conf", Common),
        rename("common/etc/b.conf", "common/etc/b.txt", Common),
        rename("roman/data/shallow", "roman/data/deep/b", Mission),
        rename("roman/data/deep/b", "roman/data/b", Mission),
        write("common/tools/new", "new\n", Common),
        write("common/tools/new.tmp", "new\n", Nothing),
        write("common/new", "new\n", Nothing),
        write("roman/environments/new-kernel/new-kernel.yml", "name: new-kernel\n", Mission),
        write("roman/env-frozen/roman-cal/requirements.txt", "numpy==1\n", Nothing),
        edit("the link leads elsewhere", Common, |b| {
            let link = b.repository.at("deployments/common/link");
            fs::remove_file(&link).unwrap();
            symlink("linked/other", &link).unwrap();
            b.repository.write("deployments/common/linked/other", "x");
        }),
        write("common/linked/file", "nobody takes it now\n", Nothing),
        write("common/linked/other", "y", Common),
        write(ignore, "# why\ntools/hidden\n**/*.tmp\n!tools/kept.tmp\n", Nothing),
        write(ignore, "tools/hidden\n**/*.tmp\n", Common),
        write(ignore, "tools/hidden\n**/*.tmp\n!tools/kept.tmp\n!tools/other.tmp\n", Common),
        write(ignore, "tools/h*\n**/*.tmp\n!tools/*.tmp\n", Common),
        write("common/Dockerfile.dockerignore", "tools/h*\n**/*.tmp\n!tools/*.tmp\n", Nothing),
        write("common/Dockerfile.dockerignore", "tools/deep\n", Common),
        write(ignore, "*\n", Nothing),
        write("roman/.dockerignore", "data\n", Mission),
        edit("a litter of programs", Nothing, |b| {
            for litter in ["tools/__pycache__/a.pyc", "tools/build.log", "tools/.ipynb_checkpoints/a"] {
                b.repository.write(&format!("deployments/common/{litter}"), "x");
            }
        }),
        edit("an empty directory", Nothing, |b| {
            fs::create_dir_all(b.repository.at("deployments/common/tools/empty")).unwrap();
        }),
        edit("another branch", Nothing, |b| {
            b.repository.run_git(&["checkout", "--quiet", "-b", "other"]);
        }),
        edit("a commit", Nothing, |b| b.repository.commit("all of it")),
    ];
    assert_eq!(check(&bench(UseFrozen::Floating), &[CUTOFF], edits), 28);
}

fn set(what: &'static str, reach: Reach, change: impl Fn(&mut Settings) + Copy + 'static) -> Edit {
    edit(what, reach, move |b| {
        _ = b.configure(UseFrozen::Floating, |settings| {
            settings.freeze_chill = false;
            change(settings);
        });
    })
}

/// Each is set for itself: the one before is taken back.
#[test]
fn settings_arguments_and_bases() {
    use Reach::{Common, Nothing};
    let edits = vec![
        set("switches of pip", Common, |s| s.pip_switches = "--no-color".to_owned()),
        set("they are as before", Common, |_| ()),
        set("the installer of conda", Common, |s| s.conda_ver = "mamba".to_owned()),
        set("a cache of the user", Common, |s| s.user_cache_dirs.truncate(1)),
        set("a cache of the system", Common, |s| s.system_cache_dirs.clear()),
        set("the squashing switch", Common, |s| {
            s.docker_build_args = Some(s.build_words().join(" ") + " --squash");
        }),
        set("as before again", Common, |_| ()),
        set("the network", Nothing, |s| s.network = Some("host".to_owned())),
        set("how much is said", Nothing, |s| {
            s.docker_build_args =
                Some(s.build_words().join(" ").replace("--progress plain", "--progress=auto"));
        }),
        set("an argument of every build", Common, |s| {
            s.docker_build_args = Some(s.build_words().join(" ") + " --build-arg X=1");
        }),
        set("the same", Nothing, |s| {
            s.docker_build_args = Some(s.build_words().join(" ") + " --build-arg=X=1");
        }),
        set("a switch that changes images", Common, |s| {
            s.docker_build_args = Some(s.build_words().join(" ") + " --squash");
        }),
        set("another base", Common, |s| s.base_image = Some("elsewhere/base:1".to_owned().into())),
    ];
    let bench = bench(UseFrozen::Floating);
    bench.engine.will_make("elsewhere/base:1", &[]);
    assert_eq!(check(&bench, &[CUTOFF], edits), 13);
}

#[test]
fn dockerfiles_in_every_way() {
    use Reach::{Common, Mission};
    let edits = vec![
        write(
            "roman/Dockerfile.custom",
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n# a comment\nRUN echo roman\n",
            Mission,
        ),
        write("roman/data/deep/a", "no longer taken\n", Reach::Nothing),
        write(
            "roman/Dockerfile.custom",
            "ARG BASE_IMAGE\r\nFROM ${BASE_IMAGE}\r\nRUN echo roman\r\n",
            Mission,
        ),
        write("roman/Dockerfile.custom", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /opt/\n", Mission),
        write("roman/data/deep/a", "taken again\n", Mission),
        write("roman/README.md", "taken too\n", Mission),
        write(
            "roman/Dockerfile.custom",
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY $UNKNOWN /opt/\n",
            Mission,
        ),
        write("roman/README.md", "nobody can tell, so it counts\n", Mission),
        write("common/Dockerfile.trailer", "RUN echo trailer\n", Mission),
        write("common/Dockerfile.cache", "ARG BASE_CONTAINER\nFROM ${BASE_CONTAINER}\nRUN true\n", Mission),
        write(
            "common/Dockerfile",
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG USE_FROZEN=1\nENV USE_FROZEN=$USE_FROZEN\n",
            Common,
        ),
        write("common/tools/run", "no longer taken\n", Reach::Nothing),
        write(
            "common/Dockerfile",
            "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG USE_FROZEN=1\nENV USE_FROZEN=$USE_FROZEN\nONBUILD COPY x* /x/\n",
            Common,
        ),
        write("roman/x", "what the shared image keeps for later takes it\n", Mission),
    ];
    assert_eq!(check(&bench(UseFrozen::Floating), &[CUTOFF], edits), 14);
}
