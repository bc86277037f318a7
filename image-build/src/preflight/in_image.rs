//! What the specs hold that scripts in the image are known to trip over. Those scripts are the image's
//! own and may have been mended, so this is told and stops nothing.

use common::deployment::Deployment;
use common::settings::UseFrozen;

use super::{Oddities, shown};

/// What is odd of the mission's `environments`, in `mode`.
pub(super) fn oddities(deployment: &Deployment, environments: &[String], mode: UseFrozen) -> Oddities {
    let mut odd = Oddities::new();
    for environment in environments {
        let dir = deployment.environment_dir(environment);
        let path = shown(deployment, &dir);
        if environment.contains('.') && mode == UseFrozen::Floating {
            // D43
            odd.push(format!(
                "{path} has a dot in its name, which env-update takes for the kind of every file below it"
            ));
        }
        if !dir.join("kernel.name").exists() {
            // D45
            odd.push(format!(
                "{path}/kernel.name is missing, so its kernel has no name that people could see"
            ));
        } else if environment.contains("base") {
            odd.push(format!("{path} has `base` in its name, and kernel-setup makes no kernel for such"));
        }
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::settings::Settings;
    use std::fs;

    #[test]
    fn d43_d45_what_scripts_in_the_image_trip_over_is_told() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = root.path().join("deployments/roman/environments").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x\n").unwrap();
        };
        for file in ["py3.11/kernel.name", "baseline/kernel.name", "nameless/x.yml", "good/kernel.name"] {
            write(file);
        }
        let deployment = Settings::new(root.path(), "roman".parse().unwrap()).deployment();
        let names = ["baseline", "good", "nameless", "py3.11"].map(str::to_owned);
        let told = |mode| oddities(&deployment, &names, mode);
        let odd = told(UseFrozen::Floating);
        let parts = ["baseline has `base`", "nameless/kernel.name is missing", "py3.11 has a dot"];
        assert_eq!(odd.len(), 3, "{odd:?}");
        for (line, part) in odd.iter().zip(parts) {
            assert!(line.contains(part), "{part:?} is not in {line:?}");
        }
        assert_eq!(told(UseFrozen::Frozen).len(), 2, "what is frozen is neither solved nor updated");
        assert!(oddities(&deployment, &names[1..2], UseFrozen::Floating).is_empty());
    }
}
