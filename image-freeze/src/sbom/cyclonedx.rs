//! `CycloneDX` 1.6, as JSON.

use common::clock;
use common::inventory::Inventory;
use serde_json::{Value, json};

use super::component::{self, Component};
use super::{TOOL, name, to_text, uuid};

/// `inventory` as a bill of materials of `CycloneDX`.
pub(crate) fn cyclonedx(inventory: &Inventory) -> String {
    let image = &inventory.image;
    let mut metadata = json!({
        "tools": {"components": [{"type": "application", "name": TOOL.0, "version": TOOL.1}]},
        "component": {"type": "container", "bom-ref": "image", "name": name(inventory)},
    });
    if let Some(at) = clock::of_made(image.created.as_deref()) {
        metadata["timestamp"] = json!(at);
    }
    if let Some(id) = &image.id {
        metadata["component"]["version"] = json!(id);
        metadata["component"]["hashes"] = json!([{"alg": "SHA-256", "content": id.hex()}]);
    }
    let components = component::of(inventory);
    let references: Vec<String> = components.iter().map(reference).collect();
    let components: Vec<Value> = components.iter().zip(&references).map(|(c, r)| entry(c, r)).collect();
    to_text(&json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid(inventory, "cyclonedx")),
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{"ref": "image", "dependsOn": references}],
    }))
}

/// The same package can be in several environments.
fn reference(component: &Component) -> String {
    format!("{}#{}", component.purl, component.place)
}

fn entry(component: &Component, reference: &str) -> Value {
    let mut entry = json!({
        "type": "library",
        "bom-ref": reference,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
        "properties": [{"name": "image-freeze:place", "value": component.place}],
    });
    let hashes = [("SHA-256", &component.sha256), ("MD5", &component.md5)];
    let hashes = hashes
        .into_iter()
        .filter_map(|(alg, value)| value.as_ref().map(|content| json!({"alg": alg, "content": content})));
    let hashes: Vec<Value> = hashes.collect();
    if !hashes.is_empty() {
        entry["hashes"] = json!(hashes);
    }
    if let Some(url) = &component.url {
        entry["externalReferences"] = json!([{"type": "distribution", "url": url}]);
    }
    entry
}
