use common::inventory::{
    CondaPackage, DebianPackage, Distribution, Environment, EnvironmentKind, ImageFacts, NpmPackage, Origin,
    Owner,
};

use super::*;

fn inventory() -> Inventory {
    let mut inventory = Inventory::of(ImageFacts {
        names: vec!["roman:1".to_owned()],
        id: Some(Digest::of(b"image")),
        created: Some("2024-08-05T10:15:30.123456789Z".to_owned()),
        distribution: Some("debian 12".to_owned()),
        ..ImageFacts::default()
    });
    let text = str::to_owned;
    let distribution = |name: &str, owner, origin| Distribution {
        name: text(name),
        version: text("1.0+local"),
        owner,
        installer: None,
        origin,
        record: None,
        location: text("/opt/conda/lib/python3.11/site-packages"),
    };
    let origin = Origin { url: text("https://h/x"), commit: Some(text("abc")), ..Origin::default() };
    inventory.environments = vec![Environment {
        name: text("base"),
        prefix: text("/opt/conda"),
        kind: EnvironmentKind::Conda,
        python_version: None,
        conda: vec![CondaPackage {
            name: text("fftw"),
            version: text("3.3.10"),
            build: text("h1_0"),
            channel: Some(text("https://conda.example.org/forge/linux-64")),
            subdir: Some(text("linux-64")),
            md5: Some("0".repeat(32)),
            ..CondaPackage::default()
        }],
        python: vec![distribution("a", Owner::Pip, Some(origin)), distribution("b", Owner::Conda, None)],
        kernels: Vec::new(),
    }];
    let deb = |name: &str, state| DebianPackage {
        name: text(name),
        architecture: text("amd64"),
        version: text("1:2-3+b1"),
        state,
    };
    inventory.debian = vec![deb("libc6", None), deb("gone", Some(text("config-files")))];
    inventory.npm = vec![NpmPackage {
        name: text("@s/x"),
        version: text("2.0.0"),
        location: text("/usr/lib/node_modules/@s/x"),
    }];
    inventory
}

const PURLS: [&str; 4] = [
    "pkg:conda/fftw@3.3.10?build=h1_0&channel=forge&subdir=linux-64",
    "pkg:pypi/a@1.0%2Blocal?vcs_url=git%2Bhttps:%2F%2Fh%2Fx%40abc",
    "pkg:deb/debian/libc6@1:2-3%2Bb1?arch=amd64&distro=debian-12",
    "pkg:npm/%40s/x@2.0.0",
];

#[test]
fn a_bill_of_cyclonedx_lists_each_package_once() {
    let text = cyclonedx(&inventory());
    assert_eq!(text, cyclonedx(&inventory()), "the same image gives the same bytes");
    let bom: Value = serde_json::from_str(&text).unwrap();
    let components = bom["components"].as_array().unwrap();
    let purls: Vec<&str> = components.iter().map(|c| c["purl"].as_str().unwrap()).collect();
    assert_eq!(purls, PURLS);
    assert_eq!(bom["metadata"]["component"]["version"], Digest::of(b"image").as_str());
    let serial = bom["serialNumber"].as_str().unwrap();
    assert_eq!((serial.len(), &serial[23..24]), (45, "8"), "{serial}");
}

#[test]
fn a_bill_of_spdx_says_the_same() {
    let text = spdx(&inventory());
    assert_eq!(text, spdx(&inventory()));
    let bom: Value = serde_json::from_str(&text).unwrap();
    let packages = &bom["packages"].as_array().unwrap()[1..];
    let purls: Vec<&str> =
        packages.iter().map(|p| p["externalRefs"][0]["referenceLocator"].as_str().unwrap()).collect();
    assert_eq!(purls, PURLS);
    assert_eq!(bom["relationships"].as_array().unwrap().len(), 5);
    if std::env::var_os("SOURCE_DATE_EPOCH").is_none() {
        assert_eq!(bom["creationInfo"]["created"], "2024-08-05T10:15:30Z");
    }
}
