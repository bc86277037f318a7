//! Changes of the record.

use common::digest::Digest;
use common::evidence::Frozen;

use super::super::support::NAME;
use super::{CAL, Case, PIP, RECORD};

/// Changes of the record.
pub const RECORDS: &[Case] = &[
    ("the record's image is another", "RT071", |w| w.edit_record(w.release.id.hex(), Digest::of(b"x").hex())),
    ("the record's image has another name", "RT071", |w| w.edit_record(NAME, "notebook-evil:latest")),
    ("the record's version is another", "RT072", |w| w.edit_record("roman-12.0.0", "roman-12.0.1")),
    ("the record's calibration is another", "RT072", |w| {
        w.edit_record("\"roman-cal\": \"0.13.0\"", "\"roman-cal\": \"0.13.1\"");
    }),
    ("the record's lock is another", "RT073", |w| {
        let lock = Digest::of(w.read(PIP).as_bytes());
        w.edit_record(lock.hex(), Digest::of(b"x").hex());
    }),
    ("the record's receipt is another", "RT073", |w| {
        let receipt = Digest::of(w.read(&format!("{CAL}/sources.lock.json")).as_bytes());
        w.edit_record(receipt.hex(), Digest::of(b"x").hex());
    }),
    ("the record counts another test", "RT074", |w| w.edit_record("\"passed\": 1", "\"passed\": 2")),
    ("the record tells of no bill of materials", "RT073", |w| {
        let bill = w.release.store().read::<Frozen>(&w.release.id).unwrap().unwrap().sbom.unwrap();
        w.edit_record(&format!("\"sbom\": \"{bill}\""), "\"sbom\": null");
    }),
    ("the record tells of another bill of materials", "RT073", |w| {
        let bill = w.release.store().read::<Frozen>(&w.release.id).unwrap().unwrap().sbom.unwrap();
        w.edit_record(bill.hex(), Digest::of(b"x").hex());
    }),
    ("the record has a blank more", "RT070", |w| w.write(RECORD, &(w.read(RECORD) + " "))),
    ("the record has a key more", "RT070", |w| w.edit_record("\"schema\": 1,", "\"schema\": 1, \"x\": 1,")),
    ("the record is of a later form", "RT070", |w| w.edit_record("\"schema\": 1,", "\"schema\": 2,")),
    ("the record is deleted", "RT070", |w| w.remove(RECORD)),
    ("the record is edited and committed", "RT071", |w| {
        w.edit_record(w.release.id.hex(), Digest::of(b"x").hex());
        w.git(&["commit", "-q", "--amend", "-a", "--no-edit"]);
    }),
];
