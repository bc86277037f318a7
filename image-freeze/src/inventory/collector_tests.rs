use super::*;

const SITE: &str = "opt/conda/envs/x/lib/python3.11/site-packages";

fn take(collector: &mut Collector, path: &str, content: &str) {
    let entry = FileEntry {
        path: Path::new(path),
        executable: false,
        size: content.len() as u64,
        link: None,
        is_hard: false,
        is_top: false,
    };
    collector.take(&entry, &mut content.as_bytes()).unwrap();
}

fn link(collector: &mut Collector, path: &str, target: &str) {
    let target = Some(Path::new(target));
    let entry = FileEntry {
        path: Path::new(path),
        executable: false,
        size: 0,
        link: target,
        is_hard: false,
        is_top: false,
    };
    collector.take(&entry, &mut io::empty()).unwrap();
}

fn metadata(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n")
}

fn record(name: &str, version: &str, files: &[&str]) -> String {
    let files: Vec<String> = files.iter().map(|f| format!("\"{f}\"")).collect();
    format!(
        r#"{{"name": "{name}", "version": "{version}", "build": "h0_0", "files": [{}]}}"#,
        files.join(", ")
    )
}

fn x(collector: Collector) -> Installed {
    collector.finish().unwrap().environments.remove("x").unwrap()
}

fn python<'a>(installed: &'a Installed, name: &str) -> &'a [Distribution] {
    &installed.python[&PackageName::new(name).unwrap()]
}

#[test]
fn environments_packages_and_owners_are_told_from_paths_and_content() {
    let mut collector = Collector::default();
    let file = "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA";
    take(&mut collector, "opt/conda/conda-meta/python-3.11.9-h0_0.json", &record("python", "3.11.9", &[]));
    take(
        &mut collector,
        "opt/conda/envs/x/conda-meta/click-8.1.7-h0_0.json",
        &record("click", "8.1.7", &[file]),
    );
    take(&mut collector, &format!("{SITE}/click-8.1.7.dist-info/METADATA"), &metadata("click", "8.1.7"));
    take(&mut collector, &format!("{SITE}/click-8.1.7.dist-info/INSTALLER"), "conda\n");
    take(&mut collector, &format!("{SITE}/asdf-3.4.0.dist-info/METADATA"), &metadata("asdf", "3.4.0"));
    take(&mut collector, &format!("{SITE}/asdf-3.4.0.dist-info/INSTALLER"), "uv");
    take(&mut collector, "usr/lib/python3/dist-packages/apt-1.egg-info", &metadata("apt", "1"));
    let inventory = collector.finish().unwrap();
    assert_eq!(inventory.environments.keys().collect::<Vec<_>>(), ["base", "x"]);
    assert_eq!(inventory.environments["base"].python_version(), Some("3.11.9"));
    let x = &inventory.environments["x"];
    assert_eq!(python(x, "click")[0].owner, Owner::Conda);
    assert_eq!(python(x, "asdf")[0].owner, Owner::Pip);
    assert!(x.conda["click"][0].ousted.is_empty());
}

#[test]
fn what_pip_put_in_condas_place_is_seen() {
    let mut collector = Collector::default();
    let file = "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA";
    take(
        &mut collector,
        "opt/conda/envs/x/conda-meta/click-8.1.7-h0_0.json",
        &record("click", "8.1.7", &[file]),
    );
    take(&mut collector, &format!("{SITE}/click-8.1.8.dist-info/METADATA"), &metadata("click", "8.1.8"));
    let x = x(collector);
    assert_eq!(x.conda["click"][0].ousted, [PackageName::new("click").unwrap()]);
    assert_eq!(python(&x, "click")[0].owner, Owner::Pip);
}

#[test]
fn hard_links_have_the_content_of_what_they_link_to() {
    let mut collector = Collector::default();
    let cached = "opt/conda/pkgs/click-8.1.7-py_0/site-packages/click-8.1.7.dist-info/METADATA";
    take(&mut collector, cached, &metadata("click", "8.1.7"));
    link(&mut collector, &format!("{SITE}/click-8.1.7.dist-info/METADATA"), cached);
    link(&mut collector, &format!("{SITE}/a-1.dist-info/METADATA"), &format!("/{cached}"));
    link(&mut collector, &format!("{SITE}/b-1.dist-info/METADATA"), "../a-1.dist-info/METADATA");
    link(&mut collector, "usr/lib/c-1.dist-info/METADATA", "nowhere");
    assert_eq!(python(&x(collector), "click").len(), 1, "all of them are click");
}

#[test]
fn copies_inside_packages_and_left_overs_do_not_count() {
    let mut collector = Collector::default();
    take(&mut collector, &format!("{SITE}/a-1.dist-info/METADATA"), &metadata("a", "1"));
    take(&mut collector, &format!("{SITE}/a/_vendor/b-1.dist-info/METADATA"), &metadata("b", "1"));
    take(&mut collector, &format!("{SITE}/~c-1.dist-info/METADATA"), "");
    take(&mut collector, "opt/conda/pkgs/d-1-0/info/conda-meta/d.json", "{");
    assert_eq!(x(collector).python.len(), 1);
}

#[test]
fn two_versions_of_one_name_are_both_kept() {
    let mut collector = Collector::default();
    for version in ["1", "2"] {
        take(&mut collector, &format!("{SITE}/a-{version}.dist-info/METADATA"), &metadata("a", version));
    }
    take(&mut collector, &format!("{SITE}/a-2-py3.11.egg-info"), &metadata("a", "2"));
    assert_eq!(python(&x(collector), "a").len(), 2);
}

#[test]
fn what_cannot_be_understood_is_an_error_and_never_an_absence() {
    let mut collector = Collector::default();
    take(&mut collector, "opt/conda/envs/x/conda-meta/a-1-0.json", "{");
    take(&mut collector, &format!("{SITE}/b-1.dist-info/METADATA"), "");
    take(&mut collector, &format!("{SITE}/c-1.dist-info/METADATA"), &metadata("c", "1"));
    take(&mut collector, &format!("{SITE}/c-1.dist-info/direct_url.json"), "{");
    link(&mut collector, &format!("{SITE}/d-1.dist-info/METADATA"), "nowhere");
    let mut flaws = collector.finish().unwrap_err();
    flaws.sort_unstable();
    assert_eq!(flaws.len(), 4, "{flaws:?}");
    assert!(flaws[0].starts_with("opt/conda/envs/x/conda-meta/a-1-0.json: not a record"), "{flaws:?}");
    assert!(flaws[3].ends_with("a link to nowhere, which is not there"), "{flaws:?}");
}
