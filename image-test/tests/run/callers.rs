//! What the caller's variables and words change.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::lab::{GREEN, Lab, TEST};
use crate::ran::Ran;

/// The tests alone ran without what every other command in the image is given, and --dev and the words of
/// the image's own test script were refused.
#[test]
fn the_callers_variables_and_the_images_own_words_reach_the_tests() {
    let lab = Lab::printing(GREEN, 0);
    lab.fake.print("off-hub", "prepared\n", 0);
    fs::create_dir_all(lab.repository.at("deployments/common/tools")).unwrap();
    let mut command = lab.command(&["--dev", "--test-imports", "x y"]);
    command.env("IMAGE_RUN_PARS", "--rm --memory 4g").env("SP_HOME", "jovyan");
    command.env("SP_HUB_INIT", "1").env("SP_USER", "1001");
    let ran = Ran(command.output().unwrap());
    assert_eq!(ran.code(), 0, "{}", ran.stderr());
    let call = lab.call();
    assert!(call.starts_with("docker run --rm --memory 4g -v "), "{call}");
    assert!(call.contains("/deployments/common/tools:/opt/tools:rw"), "{call}");
    let end = format!("--user 1001 --group-add users {} {TEST} --test-imports 'x y'", lab.id);
    assert!(call.ends_with(&end), "{call}");
    assert!(lab.fake.lines()[0].ends_with("post-start-hook off-hub"), "the hub's hook runs first");
    assert!(lab.repository.at("jovyan").is_dir());
    let before = lab.fake.lines().len();
    let piped = lab.repository.read("setup-env.json");
    let mut command = lab.command(&["-"]);
    command.env("IMAGE_RUN_PARS", "--rm --memory 4g").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(piped.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(lab.fake.lines()[before..].iter().all(|line| !line.contains("4g")), "the document's switches");
}
