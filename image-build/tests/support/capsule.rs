//! Capsules for tests: of a repository's tree, of an image of an engine, and of what was recorded.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use common::capsule::{
    Answer, Base, BaseLayer, Blob, CapsuleManifest, Index, OCI_LAYOUT, Recipe, Sameness, layout_index,
};
use common::console::Console;
use common::digest::Digest;
use common::engine::Engine;
use common::report::ImageIdentity;
use common::settings::Settings;
use serde_json::Value;

/// Writes what `image-build --record` wants into `dir`: the tree below `root` and the recipe.
pub fn begin(dir: &Path, root: &Path, recipe: &Recipe) {
    fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(dir.join("context.tar")).unwrap());
    tar.mode(tar::HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    tar.append_dir_all("deployments", root.join("deployments")).unwrap();
    tar.into_inner().unwrap();
    fs::write(dir.join("recipe.json"), serde_json::to_vec(recipe).unwrap()).unwrap();
}

/// The recipe of `settings` upon the image `base` of `engine`.
pub fn recipe(settings: &Settings, engine: &Engine, base: &str) -> Recipe {
    let facts = engine.inspect(base, &Console::silent()).unwrap().unwrap();
    Recipe::of(settings, ImageIdentity { name: base.to_owned(), id: facts.id })
}

/// Makes what was recorded in `dir` a capsule, with the base image out of `engine`.
pub fn finish(dir: &Path, engine: &Engine, change: impl FnOnce(&mut Index)) {
    let recipe: Recipe = serde_json::from_slice(&fs::read(dir.join("recipe.json")).unwrap()).unwrap();
    let answers = fs::read(dir.join("answers.json")).map(|text| serde_json::from_slice(&text).unwrap());
    let answers: Vec<Answer> = answers.unwrap_or_default();
    let mut index = Index {
        schema_url: Index::schema_url(),
        schema: 1,
        release: "trial-1.0.0".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        tested: recipe.base.clone(),
        recorded: recipe.base.clone(),
        sameness: Sameness::OtherId,
        engine: engine.kind.to_string(),
        tool: "image-tools".to_owned(),
        context: store(dir, &fs::read(dir.join("context.tar")).unwrap()),
        record: store(dir, b"{}"),
        base: base(dir, engine, &recipe.base.id),
        recipe,
        answers,
    };
    change(&mut index);
    for scaffold in ["context.tar", "recipe.json", "answers.json"] {
        _ = fs::remove_file(dir.join(scaffold));
    }
    store(dir, &index.bytes());
    let (_, descriptor, bytes) = CapsuleManifest::of(&index);
    store(dir, &bytes);
    fs::write(dir.join("index.json"), layout_index(&descriptor, "trial")).unwrap();
    fs::write(dir.join("oci-layout"), OCI_LAYOUT).unwrap();
}

pub fn store(dir: &Path, bytes: &[u8]) -> Blob {
    fs::write(dir.join("blobs/sha256").join(Digest::of(bytes).hex()), bytes).unwrap();
    Blob::of(bytes)
}

fn base(dir: &Path, engine: &Engine, id: &Digest) -> Base {
    let saved = tempfile::tempdir().unwrap();
    let archive = saved.path().join("base.tar");
    engine.save(id.as_str(), &archive, &Console::silent()).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for entry in tar::Archive::new(fs::File::open(archive).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    let json = |name: &str| serde_json::from_slice::<Value>(&files[name]).unwrap();
    let named = |value: &Value| {
        let digest: Digest = value["digest"].as_str().unwrap().parse().unwrap();
        format!("blobs/sha256/{}", digest.hex())
    };
    let is_oci = !files.contains_key("manifest.json");
    let (config, layers): (String, Vec<String>) = if is_oci {
        let manifest = json(&named(&json("index.json")["manifests"][0]));
        (named(&manifest["config"]), manifest["layers"].as_array().unwrap().iter().map(named).collect())
    } else {
        let image = json("manifest.json")[0].clone();
        let layers = image["Layers"].as_array().unwrap().iter();
        (
            image["Config"].as_str().unwrap().to_owned(),
            layers.map(|l| l.as_str().unwrap().to_owned()).collect(),
        )
    };
    let diff_ids = json(&config)["rootfs"]["diff_ids"].clone();
    let diff_ids: Vec<Digest> = serde_json::from_value(diff_ids).unwrap();
    let layer = |(diff_id, name): (Digest, String)| BaseLayer { diff_id, blob: store(dir, &files[&name]) };
    let layers = diff_ids.into_iter().zip(layers).map(layer).collect();
    Base { config: store(dir, &files[&config]), layers, is_oci, names: Vec::new() }
}
