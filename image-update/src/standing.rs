//! What an environment's directory holds now.

use std::fs;
use std::path::Path;

use crate::desired::Standing;
use crate::error::Error;

/// No list of packages is larger, in bytes; a larger file is none of ours.
const MOST: u64 = 16 << 20;

/// The files of `dir`; not those of directories in it, which hold tests.
pub fn read(dir: &Path) -> Result<Standing, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Read { path, source }
    };
    let mut files = Standing::new();
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let path = entry.map_err(failed(dir))?.path();
        let is_small = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST);
        // What we write has a name in UTF-8.
        if let (true, Some(name)) = (is_small, path.file_name().and_then(|name| name.to_str())) {
            files.insert(name.to_owned(), fs::read(&path).map_err(failed(&path))?);
        }
    }
    Ok(files)
}

/// The names that `later` has with other content, has not, or has and `before` has not; sorted.
pub fn changed(before: &Standing, later: &Standing) -> Vec<String> {
    let names = before.keys().chain(later.keys().filter(|name| !before.contains_key(*name)));
    let mut changed: Vec<String> = names.filter(|n| before.get(*n) != later.get(*n)).cloned().collect();
    changed.sort_unstable();
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_removed_and_edited_files_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("a.pip", "1");
        write("b.yml", "1");
        write("same", "1");
        let before = read(dir.path()).unwrap();
        write("a.pip", "2");
        fs::rename(dir.path().join("b.yml"), dir.path().join("b.yml.disabled")).unwrap();
        let after = read(dir.path()).unwrap();
        assert_eq!(changed(&before, &after), ["a.pip", "b.yml", "b.yml.disabled"]);
        assert!(changed(&after, &after).is_empty());
    }
}
