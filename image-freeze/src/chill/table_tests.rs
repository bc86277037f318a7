//! The documented rules, row by row: what the original made of a line, and what we make of it.

use std::str::FromStr as _;

use common::chill_policy::ChillPolicy;
use common::requirement::{CondaFile, PipFile, PipSource};

use super::{compat, loosen};

/// A pip line, what the textual rules make of it, and what the default makes of it.
const PIP: [(&str, &str, &str); 28] = [
    ("a==1.2.3", "a~=1.2.3", "a~=1.2.3"),
    ("b==1.2", "b==1.2", "b==1.2"),
    ("c==1", "c==1", "c==1"),
    ("n==2022a", "n==2022a", "n==2022a"),
    ("m==0.1b4", "m==0.1b4", "m==0.1b4"),
    ("d==1.2.3.4", "d~=1.2.3.4", "d~=1.2.3.4"),
    ("e==1.2.3.post1", "e~=1.2.3.post1", "e~=1.2.3.post1"),
    ("f==1.2.3rc1", "f~=1.2.3rc1", "f~=1.2.3rc1"),
    ("g==1.2.3.dev0", "g~=1.2.3.dev0", "g~=1.2.3.dev0"),
    ("h==2023.3.post1", "h==2023.3.post1", "h==2023.3.post1"),
    ("l==1!2.3.4", "l==1!2.3.4", "l==1!2.3.4"),
    ("x==v1.2.3", "x==v1.2.3", "x==v1.2.3"),
    ("i==1.2.3+cu118", "i~=1.2.3+cu118", "i==1.2.3+cu118"),
    ("j==1.2.3.*", "j~=1.2.3.*", "j==1.2.3.*"),
    ("k===1.2.3", "k=~=1.2.3", "k===1.2.3"),
    ("o>=1.2.3", "o>=1.2.3", "o>=1.2.3"),
    ("p~=1.2.3", "p~=1.2.3", "p~=1.2.3"),
    ("v == 1.2.3", "v == 1.2.3", "v == 1.2.3"),
    ("w==1.2.3,!=1.2.5", "w~=1.2.3,!=1.2.5", "w~=1.2.3,!=1.2.5"),
    (
        "q==1.2.3 ; python_version == \"3.11.1\"",
        "q~=1.2.3 ; python_version == \"3.11.1\"",
        "q~=1.2.3 ; python_version == \"3.11.1\"",
    ),
    ("r==1.2.3 \\\n    --hash=sha256:00", "r~=1.2.3 \\\n    --hash=sha256:00", "r~=1.2.3"),
    ("s[extra]==1.2.3", "s[extra]~=1.2.3", "s[extra]~=1.2.3"),
    ("t @ git+https://h/x@v==1.2.3", "t @ git+https://h/x@v~=1.2.3", "t @ git+https://h/x@v==1.2.3"),
    ("u @ git+https://h/x@1.2.3#egg=u", "u @ git+https://h/x@1.2.3#egg=u", "u @ git+https://h/x@1.2.3#egg=u"),
    ("# pinned foo==1.2.3", "# pinned foo~=1.2.3", "# pinned foo==1.2.3"),
    ("a==1.2.3  # not b==1.2.3", "a~=1.2.3  # not b~=1.2.3", "a~=1.2.3  # not b==1.2.3"),
    ("    # via b", "    # via b", "    # via b"),
    ("--index-url https://h/==1.2.3", "--index-url https://h/~=1.2.3", "--index-url https://h/==1.2.3"),
];

/// A line of `dependencies`, what the textual rules make of it, and what the default makes of it.
const CONDA: [(&str, &str, &str); 28] = [
    ("  - a=1.2.3", "  - a~=1.2.3", "  - a~=1.2.3"),
    ("  - b=1.2", "  - b=1.2", "  - b=1.2"),
    ("  - v=1", "  - v=1", "  - v=1"),
    ("  - c=2022a", "  - c=2022a", "  - c=2022a"),
    ("  - o=9e", "  - o=9e", "  - o=9e"),
    ("  - d=1.2.3.4", "  - d~=1.2.3.4", "  - d~=1.2.3.4"),
    ("  - f=1.2.3post1", "  - f~=1.2.3post1", "  - f~=1.2.3post1"),
    ("  - g=1.2.3rc1", "  - g~=1.2.3rc1", "  - g~=1.2.3rc1"),
    ("  - n=2023.3.post1", "  - n=2023.3.post1", "  - n=2023.3.post1"),
    ("  - q=1!2.3.4", "  - q=1!2.3.4", "  - q=1!2.3.4"),
    ("  - e=1.2.3=h123_0", "  - e~=1.2.3=h123_0", "  - e=1.2.3=h123_0"),
    ("  - i==1.2.3", "  - i=~=1.2.3", "  - i~=1.2.3"),
    ("  - j~=1.2.3", "  - j~~=1.2.3", "  - j~=1.2.3"),
    ("  - k>=1.2.3", "  - k>~=1.2.3", "  - k>=1.2.3"),
    ("  - w>=1,<=1.2.3", "  - w>=1,<~=1.2.3", "  - w>=1,<=1.2.3"),
    ("  - p=1.2.3.*", "  - p~=1.2.3.*", "  - p=1.2.3.*"),
    ("  - l=1.2.3 # was l=1.2.2", "  - l=1.2.3 # was l~=1.2.2", "  - l~=1.2.3 # was l=1.2.2"),
    ("  - \"r=1.2.3\"", "  - \"r~=1.2.3\"", "  - \"r~=1.2.3\""),
    ("  - ch::s=1.2.3", "  - ch::s~=1.2.3", "  - ch::s~=1.2.3"),
    ("  - t =1.2.3", "  - t ~=1.2.3", "  - t ~=1.2.3"),
    ("  - u=1.2=py_1.2.3", "  - u=1.2=py_1.2.3", "  - u=1.2=py_1.2.3"),
    ("  - tzdata=3.1.20191231", "  - tzdata~=3.1.20191231", "  - tzdata~=3.1.20191231"),
    ("# a=1.2.3", "# a=1.2.3", "# a=1.2.3"),
    ("  # - z=1.2.3", "  # - z=1.2.3", "  # - z=1.2.3"),
    ("  - a\nprefix: /x=1.2.3", "  - a\nprefix: /x=1.2.3", "  - a\nprefix: /x=1.2.3"),
    (
        "  - a\nchannels:\n  - https://x/t=1.2.3",
        "  - a\nchannels:\n  - https://x/t~=1.2.3",
        "  - a\nchannels:\n  - https://x/t=1.2.3",
    ),
    ("  - pip:\n    - four==1.2.3", "  - pip:\n    - four~=1.2.3", "  - pip:\n    - four==1.2.3"),
    ("  - pip:\n      - six==1.2.3", "  - pip:\n      - six==1.2.3", "  - pip:\n      - six==1.2.3"),
];

/// Every version specifier of `text`, as the reference implementation of PEP 440 in Rust reads it.
fn specifiers(text: &str) -> Vec<String> {
    let file = PipFile::parse(text.as_bytes(), "r.txt").unwrap();
    let each = file.requirements().filter(|r| matches!(r.source, PipSource::Specifiers(_)));
    each.map(|r| text[r.span.clone()].to_owned()).collect()
}

#[test]
fn d28_pip_pins_row_by_row() {
    for (line, by_text, by_meaning) in PIP {
        let line = format!("{line}\n");
        assert_eq!(compat::pip(&line).text, format!("{by_text}\n"), "--compat");
        let loosened = loosen::pip(&line, "r.txt", &ChillPolicy::default()).unwrap().text;
        assert_eq!(loosened, format!("{by_meaning}\n"));
        for specifier in specifiers(&loosened) {
            assert!(pep440_rs::VersionSpecifiers::from_str(&specifier).is_ok(), "{specifier}");
        }
    }
}

#[test]
fn d28_conda_pins_row_by_row() {
    for (line, by_text, by_meaning) in CONDA {
        let around = |line: &str| format!("name: x\ndependencies:\n{line}\n");
        assert_eq!(compat::conda(&around(line)).text, around(by_text), "--compat");
        let loosened = loosen::conda(&around(line), "r.yml", &ChillPolicy::default()).unwrap().text;
        assert_eq!(loosened, around(by_meaning));
        CondaFile::parse(loosened.as_bytes(), "r.yml").unwrap();
    }
}

/// What `~=` turns into must still allow what was frozen.
#[test]
fn every_loosened_pin_still_allows_the_frozen_version() {
    for (line, _, _) in PIP {
        let before = PipFile::parse(line.as_bytes(), "r.txt").unwrap();
        let after = loosen::pip(line, "r.txt", &ChillPolicy::default()).unwrap().text;
        let after = PipFile::parse(after.as_bytes(), "r.txt").unwrap();
        for (old, new) in before.requirements().zip(after.requirements()) {
            if let (Some(pinned), PipSource::Specifiers(range)) = (old.pin(), &new.source) {
                assert!(range.contains(pinned), "{line}: {range}");
            }
        }
    }
}

#[test]
fn line_ends_and_a_missing_last_one_are_kept() {
    let check = |text: &str, expected: &str| {
        assert_eq!(loosen::pip(text, "r", &ChillPolicy::default()).unwrap().text, expected);
        assert_eq!(compat::pip(text).text, expected);
    };
    check("a==1.2.3\r\nb==1.2.3", "a~=1.2.3\r\nb~=1.2.3");
    let yml = "dependencies:\r\n  - a=1.2.3\r\n  - b=1.2.3";
    let expected = "dependencies:\r\n  - a~=1.2.3\r\n  - b~=1.2.3";
    assert_eq!(loosen::conda(yml, "r", &ChillPolicy::default()).unwrap().text, expected);
    assert_eq!(compat::conda(yml).text, expected);
}

#[test]
fn pins_and_what_was_loosened_are_counted() {
    let loosened =
        loosen::pip("a==1.2.3\nb==1.2\nc>=1\nd @ https://h/d.zip\n", "r", &ChillPolicy::default()).unwrap();
    assert_eq!((loosened.pins, loosened.freed), (2, 1));
    let loosened =
        loosen::conda("dependencies:\n  - a=1.2.3\n  - b=1.2=h0\n  - c\n", "r", &ChillPolicy::default())
            .unwrap();
    assert_eq!((loosened.pins, loosened.freed), (2, 1));
}
