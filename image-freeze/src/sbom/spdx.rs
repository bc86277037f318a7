//! SPDX 2.3, as JSON.

use common::clock;
use common::inventory::Inventory;
use serde_json::{Value, json};

use super::component::{self, Component};
use super::{TOOL, name, to_text, uuid};

/// Where nothing is known of when the image was made.
const BEGINNING: &str = "1970-01-01T00:00:00Z";

/// `inventory` as a bill of materials of SPDX.
pub(crate) fn spdx(inventory: &Inventory) -> String {
    let image = &inventory.image;
    let uuid = uuid(inventory, "spdx");
    let at = clock::of_made(image.created.as_deref()).unwrap_or_else(|| BEGINNING.to_owned());
    let mut whole = json!({
        "SPDXID": "SPDXRef-Image",
        "name": name(inventory),
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
    });
    if let Some(id) = &image.id {
        whole["versionInfo"] = json!(id);
        whole["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": id.hex()}]);
    }
    let mut packages = vec![whole];
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")];
    for (number, component) in component::of(inventory).iter().enumerate() {
        let id = format!("SPDXRef-Package-{}", number + 1);
        packages.push(entry(component, &id));
        relationships.push(relation("SPDXRef-Image", "CONTAINS", &id));
    }
    to_text(&json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name(inventory),
        "documentNamespace": format!("https://spdx.org/spdxdocs/image-{uuid}"),
        "creationInfo": {"created": at, "creators": [format!("Tool: {}-{}", TOOL.0, TOOL.1)]},
        "packages": packages,
        "relationships": relationships,
    }))
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

fn entry(component: &Component, id: &str) -> Value {
    let download = component.url.as_deref().filter(|url| url.starts_with("http"));
    let mut entry = json!({
        "SPDXID": id,
        "name": component.name,
        "versionInfo": component.version,
        "downloadLocation": download.unwrap_or("NOASSERTION"),
        "filesAnalyzed": false,
        "comment": format!("in {}", component.place),
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": component.purl,
        }],
    });
    let sums = [("SHA256", &component.sha256), ("MD5", &component.md5)];
    let sums = sums.into_iter().filter_map(|(algorithm, value)| {
        value.as_ref().map(|value| json!({"algorithm": algorithm, "checksumValue": value}))
    });
    let sums: Vec<Value> = sums.collect();
    if !sums.is_empty() {
        entry["checksums"] = json!(sums);
    }
    entry
}
