//! What engines print, understood.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde::Deserialize;

use super::mounted::Look;
use super::{EngineError, Healthcheck, ImageConfig, ImageFacts, Kind};
use crate::digest::Digest;
use crate::process::Invocation;

/// The two forms that an image may have. Podman and buildah keep either, and saving one as the other
/// would rewrite its configuration and so change its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Docker,
    Oci,
}

impl Form {
    /// What podman and buildah call an archive of this form.
    pub(super) const fn archive(self) -> &'static str {
        match self {
            Self::Docker => "docker-archive",
            Self::Oci => "oci-archive",
        }
    }
}

/// All that we read of an image.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) facts: ImageFacts,
    pub(super) config: ImageConfig,
    pub(super) form: Form,
}

/// `docker image inspect` and `podman image inspect`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    config: Option<ImageConfig>,
    size: Option<u64>,
    #[serde(default)]
    architecture: String,
    /// Podman has it here, and not among the settings.
    healthcheck: Option<Healthcheck>,
    #[serde(rename = "RootFS")]
    root_fs: Option<Layers>,
    /// Podman alone: how the image was made, and all those below it.
    history: Option<Vec<Made>>,
    created: Option<String>,
    /// Podman alone: docker has but its own form.
    manifest_type: Option<String>,
    repo_digests: Option<Vec<String>>,
}

/// What an image's files are made of.
#[derive(Debug, Default, Deserialize)]
struct Layers {
    #[serde(rename = "Layers", alias = "diff_ids", default)]
    digests: Option<Vec<String>>,
}

/// One step of an image's history.
#[derive(Debug, Default, Deserialize)]
struct Made {
    #[serde(default)]
    created_by: String,
}

impl Made {
    /// The trigger that this step set for builds upon the image, if it did.
    fn trigger(self) -> Option<String> {
        let step = self.created_by.trim_start_matches("/bin/sh -c #(nop)").trim_start();
        step.strip_prefix("ONBUILD ").map(str::to_owned)
    }
}

/// `buildah inspect --type image`, which calls things by other names.
#[derive(Debug, Deserialize)]
struct BuildahInspected {
    #[serde(rename = "FromImageID")]
    id: String,
    #[serde(rename = "OCIv1")]
    oci: BuildahImage,
    /// The same in docker's form, which has more.
    #[serde(rename = "Docker")]
    docker: Option<BuildahImage>,
    /// The manifest itself, as text.
    #[serde(rename = "Manifest", default)]
    manifest: String,
}

#[derive(Debug, Deserialize)]
struct BuildahImage {
    #[serde(default)]
    config: ImageConfig,
    #[serde(default)]
    architecture: String,
    rootfs: Option<Layers>,
    created: Option<String>,
}

/// What an engine of `kind` printed about an image.
pub(super) fn image(kind: Kind, call: &Invocation, text: &str) -> Result<Image, EngineError> {
    let parsed = match kind {
        Kind::Docker | Kind::Podman => serde_json::from_str(text).map(|[image]: [Inspected; 1]| image),
        Kind::Buildah => serde_json::from_str(text).map(BuildahInspected::plain),
    };
    let wrong = |reason: String| EngineError::Answer { call: call.to_string(), reason };
    let Inspected {
        id,
        config,
        size,
        architecture,
        created,
        healthcheck,
        root_fs,
        history,
        manifest_type,
        repo_digests,
    } = parsed.map_err(|e| wrong(e.to_string()))?;
    let id = id.parse().map_err(|e: crate::digest::NotADigest| wrong(e.to_string()))?;
    let mut config = ImageConfig { architecture, ..config.unwrap_or_default() };
    config.healthcheck = config.healthcheck.or(healthcheck);
    if kind == Kind::Podman {
        config.on_build = history.into_iter().flatten().filter_map(Made::trigger).collect();
    }
    let is_oci = manifest_type.is_some_and(|text| text.contains("application/vnd.oci.image.manifest"));
    Ok(Image {
        facts: ImageFacts {
            id,
            env: config.env.clone(),
            labels: config.labels.clone(),
            size,
            created,
            architecture: Some(config.architecture.clone()).filter(|name| !name.is_empty()),
            layers: root_fs.and_then(|layers| layers.digests).unwrap_or_default(),
            repo_digests: repo_digests.unwrap_or_default(),
        },
        config,
        form: if is_oci { Form::Oci } else { Form::Docker },
    })
}

/// `buildah images --json`, or podman's: an image that has lost its names has none.
#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(alias = "Id")]
    id: String,
    #[serde(alias = "Names")]
    names: Option<Vec<String>>,
}

/// All names in what buildah or podman printed that are those of the image `id`, in their order.
pub(super) fn names(id: &Digest, call: &Invocation, text: &str) -> Result<Vec<String>, EngineError> {
    let wrong = |e: serde_json::Error| EngineError::Answer { call: call.to_string(), reason: e.to_string() };
    let listed: Vec<Listed> = serde_json::from_str(text).map_err(wrong)?;
    let own = listed.into_iter().filter(|listed| listed.id.parse().is_ok_and(|found: Digest| found == *id));
    let mut names = Vec::new();
    for name in own.filter_map(|listed| listed.names).flatten() {
        // Podman may have a line for each name, and all names in each.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The ids in what an engine of `kind` printed about `images`, in their order; none if it is not
/// plain which is whose.
pub(super) fn ids(kind: Kind, images: &[&str], text: &str) -> Option<Vec<Option<Digest>>> {
    if kind != Kind::Buildah {
        let found: Vec<Inspected> = serde_json::from_str(text).ok()?;
        let ids: Vec<_> = found.iter().map(|image| image.id.parse().ok()).collect();
        return (ids.len() == images.len()).then_some(ids);
    }
    let listed: Vec<Listed> = serde_json::from_str(text).ok()?;
    let id = |image: &&str| {
        let has = |listed: &&Listed| listed.names.iter().flatten().any(|name| same_name(name, image));
        listed.iter().find(has).and_then(|listed| listed.id.parse().ok())
    };
    Some(images.iter().map(id).collect())
}

/// Whether an engine's `full` name is what people call `image`.
fn same_name(full: &str, image: &str) -> bool {
    let plain = |name: &str| {
        let local = ["localhost/", "docker.io/library/", "docker.io/"];
        let name = local.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        name.strip_suffix(":latest").unwrap_or(name).to_owned()
    };
    plain(full) == plain(image)
}

impl BuildahInspected {
    fn plain(self) -> Inspected {
        let BuildahImage { config, architecture, created, rootfs } = match self.docker {
            // An image in the OCI form has this too, and it may be empty there.
            Some(docker) if docker.config != ImageConfig::default() => docker,
            _ => self.oci,
        };
        let (config, manifest_type) = (Some(config), Some(self.manifest));
        Inspected {
            id: self.id,
            config,
            architecture,
            created,
            root_fs: rootfs,
            manifest_type,
            ..Inspected::default()
        }
    }
}

/// Whether an engine's complaint means that it has no such image, and nothing worse.
pub(super) fn is_no_image(stderr: &str) -> bool {
    says(stderr, &["no such image", "no such object", "image not known", "unable to find image"])
}

/// Whether a complaint means that the path is not in the container, and nothing worse.
pub(super) fn is_no_path(stderr: &str) -> bool {
    says(stderr, &["no such container:path", "could not find the file", "could not be found on container"])
}

/// Whether a complaint of `find` means that there is no such file, and nothing worse.
pub(super) fn is_no_file(stderr: &str) -> bool {
    says(stderr, &["no such file or directory", "not a directory"])
}

/// What `find -printf %y%l` printed.
pub(super) fn look(printed: &[u8]) -> Look {
    match printed.split_first() {
        Some((b'l', target)) => Look::Link(OsStr::from_bytes(target).into()),
        _ => Look::There,
    }
}

/// Whether a complaint is that podman's default limits cannot be set, or that crun does not take
/// this host's cgroups.
pub(super) fn is_podman_quirk(stderr: &str) -> bool {
    says(stderr, &["rlimit", "cgroups in hybrid mode"])
}

fn says(stderr: &str, phrases: &[&str]) -> bool {
    let stderr = stderr.to_lowercase();
    phrases.iter().any(|phrase| stderr.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "039a1e91d179aed1b33103627e54f7c35d933209aeb1a22c9babf38da462f486";

    fn facts(kind: Kind, text: &str) -> ImageFacts {
        image(kind, &Invocation::new("engine"), text).unwrap().facts
    }

    #[test]
    fn docker_and_podman_and_buildah_tell_the_same() {
        let docker = format!(
            r#"{{"Id":"sha256:{HEX}","RepoTags":["a:latest"],"Config":{{"User":"","Env":["A=1","B=x=y"],"Labels":{{"l":"v"}},"Cmd":null}},"Size":22}}"#
        );
        let podman = docker.replace("sha256:", "");
        let buildah = format!(
            r#"{{"Type":"buildah 0.0.1","FromImageID":"{HEX}","OCIv1":{{"config":{{"Env":["A=1","B=x=y"],"Labels":{{"l":"v"}}}}}}}}"#
        );
        let (docker, podman) = (format!("[{docker}]"), format!("[{podman}]"));
        let told = facts(Kind::Docker, &docker);
        assert_eq!(told.id.hex(), HEX);
        assert_eq!(told.variable("B"), Some("x=y"));
        assert_eq!(told.variable("C"), None);
        assert_eq!((told.labels["l"].as_str(), told.size), ("v", Some(22)));
        assert_eq!(facts(Kind::Podman, &podman), told);
        assert_eq!(facts(Kind::Buildah, &buildah), ImageFacts { size: None, ..told });
    }

    #[test]
    fn an_images_form_is_that_of_its_manifest() {
        let oci = r#""application/vnd.oci.image.manifest.v1+json""#;
        let docker = r#""application/vnd.docker.distribution.manifest.v2+json""#;
        let check = |kind, text: &str, form| {
            assert_eq!(image(kind, &Invocation::new("engine"), text).unwrap().form, form, "{text}");
        };
        check(Kind::Docker, &format!(r#"[{{"Id":"{HEX}"}}]"#), Form::Docker);
        for (kind, form) in [(oci, Form::Oci), (docker, Form::Docker)] {
            check(Kind::Podman, &format!(r#"[{{"Id":"{HEX}","ManifestType":{kind}}}]"#), form);
            let manifest = serde_json::json!(format!(r#"{{"schemaVersion":2,"mediaType":{kind}}}"#));
            let text = format!(r#"{{"FromImageID":"{HEX}","OCIv1":{{}},"Manifest":{manifest}}}"#);
            check(Kind::Buildah, &text, form);
        }
    }

    #[test]
    fn an_image_begins_with_the_layers_of_what_it_is_built_upon() {
        let docker = |layers: &str| {
            let text = format!(r#"[{{"Id":"sha256:{HEX}","RootFS":{{"Type":"layers","Layers":{layers}}}}}]"#);
            facts(Kind::Docker, &text)
        };
        let (below, above) = (docker(r#"["a","b"]"#), docker(r#"["a","b","c"]"#));
        assert!(above.is_upon(&below) && !below.is_upon(&above));
        assert!(!docker(r#"["a","x","c"]"#).is_upon(&below));
        assert!(docker("null").is_upon(&below), "the engine does not tell");
        let text = format!(
            r#"{{"FromImageID":"{HEX}","OCIv1":{{"rootfs":{{"type":"layers","diff_ids":["a","b"]}}}}}}"#
        );
        assert_eq!(facts(Kind::Buildah, &text).layers, below.layers);
    }

    #[test]
    fn an_image_without_any_settings_is_no_error() {
        let text = format!(r#"[{{"Id":"sha256:{HEX}","Config":{{"Env":null,"Labels":null}},"Size":0}}]"#);
        assert!(facts(Kind::Docker, &text).env.is_empty());
        let text = format!(r#"{{"FromImageID":"{HEX}","OCIv1":{{"rootfs":null}}}}"#);
        assert!(facts(Kind::Buildah, &text).labels.is_empty());
    }

    #[test]
    fn what_find_prints_is_a_letter_and_a_target() {
        assert_eq!(look(b"l/opt/a b"), Look::Link("/opt/a b".into()));
        assert_eq!(look(b"d"), Look::There);
        assert!(is_no_file("find: \u{2018}/x\u{2019}: No such file or directory"));
        assert!(!is_no_file("find: /x: Permission denied"));
    }

    #[test]
    fn several_images_are_told_in_one_answer_or_not_at_all() {
        let other = HEX.replace('0', "1");
        let text = format!(r#"[{{"Id":"sha256:{HEX}"}},{{"Id":"{other}"}}]"#);
        let both = vec![Some(HEX.parse().unwrap()), Some(other.parse().unwrap())];
        assert_eq!(ids(Kind::Docker, &["a", "b"], &text), Some(both.clone()));
        assert_eq!(ids(Kind::Podman, &["a", "b", "c"], &text), None, "one is not there, and which?");
        let text = format!(
            r#"[{{"id":"{other}","names":["localhost/b:latest"]}},{{"id":"{HEX}","names":["docker.io/library/x:1","localhost/a:latest"]}},{{"id":"{HEX}","names":null}}]"#
        );
        assert_eq!(ids(Kind::Buildah, &["a:latest", "b"], &text), Some(both));
        assert_eq!(ids(Kind::Buildah, &["c"], &text), Some(vec![None]));
    }

    #[test]
    fn names_are_told_in_the_order_of_the_store() {
        let call = Invocation::new("podman").arg("images");
        let names = |text: &str| names(&HEX.parse().unwrap(), &call, text).unwrap();
        let other = HEX.replace('0', "1");
        let text = format!(
            r#"[{{"id":"{other}","names":["localhost/c:1"]}},{{"id":"{HEX}","names":["localhost/b:1","localhost/a:latest"]}}]"#
        );
        assert_eq!(names(&text), ["localhost/b:1", "localhost/a:latest"]);
        let text =
            format!(r#"[{{"Id":"{HEX}","Names":["b:1","a:1"]}},{{"Id":"{HEX}","Names":["b:1","a:1"]}}]"#);
        assert_eq!(names(&text), ["b:1", "a:1"]);
        assert_eq!(names(&format!(r#"[{{"id":"{HEX}","names":null}}]"#)), [""; 0]);
    }

    #[test]
    fn nonsense_is_told_with_the_call() {
        let call = Invocation::new("docker").arg("image");
        for text in ["", "[]", r#"[{"Id":"abc"}]"#] {
            let error = image(Kind::Docker, &call, text).unwrap_err().to_string();
            assert!(error.starts_with("cannot understand what `docker image` printed: "), "{error}");
        }
    }

    /// The words of docker 20.10 and 28.2, podman 4.3 and buildah 1.28.
    #[test]
    fn a_missing_image_is_told_from_a_broken_engine() {
        for text in [
            "Error: No such image: nope",
            "Error response from daemon: no such image: nope: No such image: nope:latest",
            "Error: nope: image not known",
        ] {
            assert!(is_no_image(text), "{text}");
        }
        assert!(!is_no_image("Cannot connect to the Docker daemon at unix:///nope."));
        for text in [
            "Error: No such container:path: n:/nope",
            "Error response from daemon: Could not find the file /nope in container n",
            "Error: \"/nope\" could not be found on container n: no such file or directory",
        ] {
            assert!(is_no_path(text), "{text}");
        }
    }
}
