//! Root file systems of this machine's own programs, as tars: images in a second, without a download.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of this machine by their places in the image.
type Files = BTreeMap<PathBuf, PathBuf>;

/// A shell and what a script of ours needs; with the test script, if any.
pub(crate) fn of_scripts(test: Option<&str>) -> Vec<u8> {
    let mut files = Files::new();
    for name in ["sh", "sleep", "true"] {
        program(&mut files, name, &which(name));
    }
    let mut builder = packed(files);
    if let Some(text) = test {
        append(&mut builder, "opt/environments/test", text);
    }
    builder.into_inner().unwrap()
}

/// A Python that is the image's own and that of the environment `roman-cal`, with these modules.
/// Nothing if this machine's own is not where Debian has it.
pub(crate) fn of_python(modules: &[(&str, &str)]) -> Option<Vec<u8>> {
    let python = Path::new("/usr/bin/python3").canonicalize().ok()?;
    let library = Path::new("/usr/lib").join(python.file_name()?);
    if !library.join("lib-dynload").is_dir() {
        eprintln!("skipped: {} has no library in {}", python.display(), library.display());
        return None;
    }
    let mut files = Files::new();
    for name in ["sh", "sleep", "true"] {
        program(&mut files, name, &which(name));
    }
    program(&mut files, "python3", &python);
    // A uv that is taken along needs no more than any real image has.
    if let Some(uv) = find("uv") {
        libraries(&mut files, &uv);
    }
    let skipped = ["test", "idlelib", "tkinter", "__pycache__", "lib2to3", "ensurepip"];
    let walk = walkdir::WalkDir::new(&library).into_iter();
    for entry in walk.filter_entry(|e| !skipped.contains(&&*e.file_name().to_string_lossy())).flatten() {
        if entry.path().is_file() {
            let real = entry.path().canonicalize().unwrap();
            if real.extension().is_some_and(|ending| ending == "so") {
                libraries(&mut files, &real);
            }
            files.insert(entry.path().strip_prefix("/").unwrap().to_owned(), real);
        }
    }
    let mut builder = packed(files);
    append(
        &mut builder,
        "opt/conda/envs/roman-cal/bin/python",
        "#!/bin/sh\nPYTHONPATH=/opt/modules PYTHONHOME=/usr exec /bin/python3 \"$@\"\n",
    );
    for (name, text) in modules {
        append(&mut builder, &format!("opt/modules/{name}.py"), text);
    }
    Some(builder.into_inner().unwrap())
}

fn packed(files: Files) -> tar::Builder<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for dir in ["opt/environments", "tmp", "etc", "root"] {
        builder.append_dir(dir, "/").unwrap();
    }
    for (inside, file) in files {
        builder.append_path_with_name(file, inside).unwrap();
    }
    builder
}

fn append(builder: &mut tar::Builder<Vec<u8>>, path: &str, text: &str) {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len().try_into().unwrap());
    header.set_mode(0o755);
    builder.append_data(&mut header, path, text.as_bytes()).unwrap();
}

fn program(files: &mut Files, name: &str, program: &Path) {
    let program = program.canonicalize().unwrap();
    libraries(files, &program);
    files.insert(Path::new("bin").join(name), program);
}

/// What the loader needs for `binary`.
fn libraries(files: &mut Files, binary: &Path) {
    let output = Command::new("ldd").arg(binary).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    for library in listed.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new) {
        if let Ok(real) = library.canonicalize() {
            files.insert(library.strip_prefix("/").unwrap().to_owned(), real);
        }
    }
}

fn which(name: &str) -> PathBuf {
    find(name).unwrap()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}
