use super::super::layer::{Entry, Layer, Reading};
use super::super::stack::Stack;
use super::*;

const SITE: &str = "opt/conda/envs/x/lib/python3.11/site-packages";

/// The files of an image as they pass by.
struct Image(Layer, Reading);

impl Image {
    fn new() -> Self {
        let reading = Reading::new(false);
        Self(Layer::new(&reading, false), reading)
    }

    fn read(self) -> Result<Installed, Vec<String>> {
        let Self(mut layer, reading) = self;
        layer.close();
        of(&Stack::new(&reading, vec![&layer]).seen())
    }
}

fn take(image: &mut Image, path: &str, content: &str) {
    image.0.take(path.as_bytes(), Entry::File, &mut content.as_bytes()).unwrap();
}

fn link(image: &mut Image, path: &str, target: &str) {
    image.0.take(path.as_bytes(), Entry::HardLink(target.as_bytes()), &mut std::io::empty()).unwrap();
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

fn x(image: Image) -> Environment {
    image.read().unwrap().environments.into_iter().find(|e| e.name == "x").unwrap()
}

fn python<'a>(environment: &'a Environment, name: &str) -> Vec<&'a Distribution> {
    environment.python.iter().filter(|d| d.name == name).collect()
}

fn conda<'a>(environment: &'a Environment, name: &str) -> &'a CondaPackage {
    environment.conda.iter().find(|package| package.name == name).unwrap()
}

#[test]
fn environments_packages_and_owners_are_told_from_paths_and_content() {
    let mut image = Image::new();
    let file = "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA";
    take(&mut image, "opt/conda/conda-meta/python-3.11.9-h0_0.json", &record("python", "3.11.9", &[]));
    take(&mut image, "opt/conda/envs/x/conda-meta/click-8.1.7-h0_0.json", &record("click", "8.1.7", &[file]));
    take(&mut image, &format!("{SITE}/click-8.1.7.dist-info/METADATA"), &metadata("click", "8.1.7"));
    take(&mut image, &format!("{SITE}/click-8.1.7.dist-info/INSTALLER"), "conda\n");
    take(&mut image, &format!("{SITE}/asdf-3.4.0.dist-info/METADATA"), &metadata("asdf", "3.4.0"));
    take(&mut image, &format!("{SITE}/asdf-3.4.0.dist-info/INSTALLER"), "uv");
    take(&mut image, "usr/lib/python3/dist-packages/apt-1.egg-info", &metadata("apt", "1"));
    let inventory = image.read().unwrap();
    let [base, x, system] = &inventory.environments[..] else { panic!("{inventory:?}") };
    assert_eq!([&base.name, &x.name, &system.name], ["base", "x", "system"]);
    assert_eq!(base.python_version.as_deref(), Some("3.11.9"));
    assert_eq!(python(x, "click")[0].owner, Owner::Conda);
    assert_eq!(python(x, "asdf")[0].owner, Owner::Pip);
    assert!(conda(x, "click").ousted.is_empty());
}

#[test]
fn what_pip_put_in_condas_place_is_seen() {
    let mut image = Image::new();
    let file = "lib/python3.11/site-packages/click-8.1.7.dist-info/METADATA";
    take(&mut image, "opt/conda/envs/x/conda-meta/click-8.1.7-h0_0.json", &record("click", "8.1.7", &[file]));
    take(&mut image, &format!("{SITE}/click-8.1.8.dist-info/METADATA"), &metadata("click", "8.1.8"));
    let x = x(image);
    assert_eq!(conda(&x, "click").ousted, ["click"]);
    assert_eq!(python(&x, "click")[0].owner, Owner::Pip);
}

#[test]
fn hard_links_have_the_content_of_what_they_link_to() {
    let mut image = Image::new();
    let cached = "opt/conda/pkgs/click-8.1.7-py_0/site-packages/click-8.1.7.dist-info/METADATA";
    take(&mut image, cached, &metadata("click", "8.1.7"));
    link(&mut image, &format!("{SITE}/click-8.1.7.dist-info/METADATA"), cached);
    link(&mut image, &format!("{SITE}/a-1.dist-info/METADATA"), &format!("/{cached}"));
    link(&mut image, &format!("{SITE}/b-1.dist-info/METADATA"), "../a-1.dist-info/METADATA");
    link(&mut image, "usr/lib/c-1.dist-info/METADATA", "nowhere");
    assert_eq!(python(&x(image), "click").len(), 1, "all of them are click");
}

#[test]
fn copies_inside_packages_and_left_overs_do_not_count() {
    let mut image = Image::new();
    take(&mut image, &format!("{SITE}/a-1.dist-info/METADATA"), &metadata("a", "1"));
    take(&mut image, &format!("{SITE}/a/_vendor/b-1.dist-info/METADATA"), &metadata("b", "1"));
    take(&mut image, &format!("{SITE}/~c-1.dist-info/METADATA"), "");
    take(&mut image, "opt/conda/pkgs/d-1-0/info/conda-meta/d.json", "{");
    assert_eq!(x(image).python.len(), 1);
}

#[test]
fn two_versions_of_one_name_are_both_kept() {
    let mut image = Image::new();
    for version in ["1", "2"] {
        take(&mut image, &format!("{SITE}/a-{version}.dist-info/METADATA"), &metadata("a", version));
    }
    take(&mut image, &format!("{SITE}/a-2-py3.11.egg-info"), &metadata("a", "2"));
    assert_eq!(python(&x(image), "a").len(), 2);
}

#[test]
fn what_cannot_be_understood_is_an_error_and_never_an_absence() {
    let mut image = Image::new();
    take(&mut image, "opt/conda/envs/x/conda-meta/a-1-0.json", "{");
    take(&mut image, &format!("{SITE}/b-1.dist-info/METADATA"), "");
    take(&mut image, &format!("{SITE}/c-1.dist-info/METADATA"), &metadata("c", "1"));
    take(&mut image, &format!("{SITE}/c-1.dist-info/direct_url.json"), "{");
    link(&mut image, &format!("{SITE}/d-1.dist-info/METADATA"), "nowhere");
    let mut flaws = image.read().unwrap_err();
    flaws.sort_unstable();
    assert_eq!(flaws.len(), 4, "{flaws:?}");
    assert!(flaws[0].starts_with("opt/conda/envs/x/conda-meta/a-1-0.json: not a record"), "{flaws:?}");
    assert!(flaws[3].ends_with("a link to nowhere, which is not there"), "{flaws:?}");
}

#[test]
fn every_prefix_with_conda_meta_or_a_venvs_configuration_is_an_environment() {
    let mut image = Image::new();
    take(&mut image, "srv/here/conda-meta/history", "");
    take(&mut image, "srv/here/conda-meta/python-3.12.1-0.json", &record("python", "3.12.1", &[]));
    take(&mut image, "opt/venv/pyvenv.cfg", "version = 3.11.2\n");
    let site = "opt/venv/lib/python3.11/site-packages";
    take(&mut image, &format!("{site}/a-1.dist-info/METADATA"), &metadata("A.b", "1"));
    take(&mut image, &format!("{site}/a-1.dist-info/RECORD"), "a.py,,\n");
    take(&mut image, "usr/local/lib/python3.11/dist-packages/s-1.dist-info/METADATA", &metadata("s", "1"));
    take(&mut image, "home/jovyan/.local/lib/python3.11/site-packages/u-1.egg-info", &metadata("u", "1"));
    take(&mut image, "elsewhere/lib/python3.11/site-packages/n-1.dist-info/METADATA", &metadata("n", "1"));
    let found = image.read().unwrap().environments;
    let shown: Vec<String> = found
        .iter()
        .map(|e| format!("{} {} {:?}", e.name, e.python_version.as_deref().unwrap_or("-"), e.kind))
        .collect();
    assert_eq!(
        shown,
        ["user:jovyan 3.11 User", "venv 3.11.2 Venv", "here 3.12.1 Conda", "system 3.11 System"]
    );
    let a = &found[1].python[0];
    assert_eq!((a.name.as_str(), a.location.as_str()), ("a-b", "/opt/venv/lib/python3.11/site-packages"));
    assert!(a.record.is_some());
}

#[test]
fn a_distribution_in_development_is_found_through_its_link() {
    let mut image = Image::new();
    take(&mut image, "opt/venv/pyvenv.cfg", "version = 3.11.2\n");
    let link = "opt/venv/lib/python3.11/site-packages/tool.egg-link";
    take(&mut image, link, "/src/tool\n.");
    take(&mut image, "src/tool/tool.egg-info/PKG-INFO", &metadata("tool", "0.3"));
    let python = image.read().unwrap().environments.remove(0).python;
    assert_eq!((python[0].name.as_str(), python[0].version.as_str()), ("tool", "0.3"));
    assert!(python[0].origin.as_ref().unwrap().editable);
    let mut image = Image::new();
    take(&mut image, link, "/nowhere\n.");
    assert!(image.read().unwrap_err()[0].contains("/nowhere, which has no metadata"));
}

#[test]
fn kernels_npm_and_debian_packages_are_listed() {
    let mut image = Image::new();
    let kernel = r#"{"display_name": "Roman", "argv": ["python", "-m", "ipykernel"], "language": "python"}"#;
    take(&mut image, "opt/conda/conda-meta/history", "");
    take(&mut image, "opt/conda/share/jupyter/kernels/r/kernel.json", kernel);
    take(&mut image, "srv/share/jupyter/kernels/s/kernel.json", kernel);
    take(&mut image, "usr/lib/node_modules/@a/b/package.json", r#"{"name": "@a/b", "version": "1"}"#);
    take(&mut image, "var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 1\nArchitecture: all\n");
    take(&mut image, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let installed = image.read().unwrap();
    assert_eq!(installed.environments[0].kernels[0].display_name, "Roman");
    assert_eq!(installed.kernels[0].name, "s");
    assert_eq!((installed.npm[0].name.as_str(), installed.debian[0].name.as_str()), ("@a/b", "tzdata"));
    assert_eq!(installed.release.as_deref(), Some("debian 12"));
}
