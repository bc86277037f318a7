//! What two configurations say differently, besides times, histories and layers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::model::SettingDifference;

/// What says how and when an image was made, and not what it is.
const NO_SETTINGS: [&str; 9] = [
    "created",
    "history",
    "rootfs",
    "container",
    "container_config",
    "docker_version",
    "id",
    "parent",
    "moby.buildkit.buildinfo.v1",
];

/// What differs, sorted by name. What is empty is as good as not there: one engine writes it down and another
/// does not.
pub(super) fn differences(first: &Value, second: &Value) -> Vec<SettingDifference> {
    let mut found = Vec::new();
    let settings = names(first, second).into_iter().filter(|name| !NO_SETTINGS.contains(&name.as_str()));
    for name in settings {
        let of = |value: &'_ Value| value.get(&name).cloned().unwrap_or_default();
        let (mut one, mut other) = (of(first), of(second));
        if name == "config" {
            // The image that the last step was done upon: another form of history.
            for value in [&mut one, &mut other] {
                _ = value.as_object_mut().and_then(|object| object.remove("Image"));
            }
        }
        walk(&name, (&one, &other), &mut found);
    }
    found
}

fn names(first: &Value, second: &Value) -> BTreeSet<String> {
    let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
    [first, second].into_iter().filter_map(keys).flatten().collect()
}

fn walk(name: &str, (one, other): (&Value, &Value), found: &mut Vec<SettingDifference>) {
    if one == other || (is_empty(one) && is_empty(other)) {
        return;
    }
    let objects = |value: &Value| value.is_object() || value.is_null();
    if objects(one) && objects(other) {
        for key in names(one, other) {
            let of = |value: &'_ Value| value.get(&key).cloned().unwrap_or_default();
            walk(&format!("{name}.{key}"), (&of(one), &of(other)), found);
        }
        return;
    }
    if let (Value::Array(one), Value::Array(other)) = (one, other) {
        for at in 0..one.len().max(other.len()) {
            let of = |list: &Vec<Value>| list.get(at).cloned().unwrap_or_default();
            walk(&format!("{name}.{at}"), (&of(one), &of(other)), found);
        }
        return;
    }
    let shown = |value: &Value| (!value.is_null()).then(|| value.to_string());
    found.push(SettingDifference { name: name.to_owned(), first: shown(one), second: shown(other) });
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.values().all(is_empty),
        Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(first: &Value, second: &Value, expected: &[&str]) {
        let names: Vec<String> = differences(first, second).into_iter().map(|d| d.name).collect();
        assert_eq!(names, expected, "{first} {second}");
    }

    #[test]
    fn times_histories_and_what_is_empty_are_no_settings() {
        check(
            &json!({"created": "a", "history": [1], "os": "linux", "config": {"Image": "x", "Tty": false}}),
            &json!({"created": "b", "history": [], "os": "linux", "config": {"Image": "y", "Volumes": null}}),
            &[],
        );
    }

    #[test]
    fn what_differs_is_named() {
        check(
            &json!({"config": {"Env": ["A=1", "B=2"], "User": "1000"}, "architecture": "amd64"}),
            &json!({"config": {"Env": ["A=1", "B=3", "C=4"]}, "architecture": "arm64"}),
            &["architecture", "config.Env.1", "config.Env.2", "config.User"],
        );
    }
}
