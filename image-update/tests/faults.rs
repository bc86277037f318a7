//! Everything that a network can do wrong: the right content with status 0, or a clear error and the old
//! files, each within its time limit.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::Write as _;
use std::time::{Duration, Instant};

use support::server::{Asked, Server, Wire, answer, content, good, send};
use support::{Clone, PIP};

/// What must come of a fault.
enum Then {
    /// Status 0 and the right files.
    Right,
    /// This status, these words, and the old files.
    Refused(i32, &'static [&'static str]),
}

type Fault = (&'static str, fn(&Asked, &mut dyn Wire), Then);

fn raw(wire: &mut dyn Wire, text: &str) {
    send(wire, text.as_bytes());
}

fn header(wire: &mut dyn Wire, headers: &str) {
    answer(wire, "200 OK", headers, PIP.as_bytes());
}

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn gzip(wire: &mut dyn Wire, body: &[u8]) {
    answer(wire, "200 OK", "Content-Encoding: gzip\r\n", body);
}

/// `fault` for the first request, and then all is well.
macro_rules! once {
    ($fault:expr) => {
        |asked: &Asked, wire: &mut dyn Wire| {
            let fault: fn(&mut dyn Wire) = $fault;
            if asked.before == 0 { fault(wire) } else { good(asked, wire) }
        }
    };
}

/// Small on the way, and larger than anything may be.
static BOMB: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| zipped(&"#\n".repeat(4 << 20)));

const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\nasdf==3.0.1\ngw";

/// What happens to the second file; the first one always comes well.
const FAULTS: &[Fault] = &[
    ("400", |_, w| answer(w, "400 Bad Request", "", b"no\n"), Then::Refused(69, &["status 400", "\"no\""])),
    (
        "401",
        |_, w| answer(w, "401 Unauthorized", "", b""),
        Then::Refused(77, &["status 401", "--token-file"]),
    ),
    ("403", |_, w| answer(w, "403 Forbidden", "", b"<html>"), Then::Refused(77, &["status 403", "web page"])),
    (
        "404",
        |_, w| answer(w, "404 Not Found", "", b"{\"errors\":[]}"),
        Then::Refused(69, &["404", "message"]),
    ),
    ("410", |_, w| answer(w, "410 Gone", "", b""), Then::Refused(69, &["410"])),
    ("204 and nothing", |_, w| raw(w, "HTTP/1.1 204 No Content\r\n\r\n"), Then::Refused(69, &["status 204"])),
    ("206 unasked", |_, w| answer(w, "206 Partial Content", "", b"a==1\n"), Then::Refused(69, &["206"])),
    ("304 unasked", |_, w| raw(w, "HTTP/1.1 304 Not Modified\r\n\r\n"), Then::Refused(76, &["sent nothing"])),
    ("408 once", once!(|w| answer(w, "408 Request Timeout", "", b"")), Then::Right),
    ("429 once, with a time", once!(|w| answer(w, "429 Slow", "Retry-After: 0\r\n", b"")), Then::Right),
    ("500 once", once!(|w| answer(w, "500 Oops", "", b"")), Then::Right),
    ("500 always", |_, w| answer(w, "500 Oops", "", b"trace\n"), Then::Refused(69, &["tried 3 times"])),
    ("502 once", once!(|w| answer(w, "502 Bad Gateway", "", b"<html>")), Then::Right),
    ("503 once", once!(|w| answer(w, "503 Busy", "Retry-After: 0\r\n", b"")), Then::Right),
    (
        "503 for longer than we have",
        |_, w| answer(w, "503 Busy", "Retry-After: 600\r\n", b""),
        Then::Refused(69, &["503"]),
    ),
    (
        "a login page",
        |_, w| answer(w, "200 OK", "Content-Type: text/html\r\n", b"<!DOCTYPE html>\n<title>Sign in</title>"),
        Then::Refused(65, &["<!DOCTYPE html>", "is the VPN up?"]),
    ),
    (
        "a web page as text",
        |_, w| answer(w, "200 OK", "", b"<html>404</html>"),
        Then::Refused(65, &["web page"]),
    ),
    ("empty", |_, w| answer(w, "200 OK", "", b""), Then::Refused(65, &["is empty"])),
    ("blank", |_, w| answer(w, "200 OK", "", b" \n\n"), Then::Refused(65, &["is empty"])),
    ("a word", |_, w| answer(w, "200 OK", "", b"Forbidden\n"), Then::Refused(65, &["in place of a list"])),
    ("short, once", once!(|w| raw(w, HALF)), Then::Right),
    ("short, always", |_, w| raw(w, HALF), Then::Refused(76, &["did not come whole", "tried 3 times"])),
    (
        "a cut chunk",
        |_, w| raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2c\r\nasdf==3.0"),
        Then::Refused(76, &["did not come whole"]),
    ),
    (
        "chunks without their end",
        |_, w| raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na==1\n\n\r\n"),
        Then::Refused(76, &["did not come whole"]),
    ),
    (
        "a bad chunk",
        |_, w| raw(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na==1\n"),
        Then::Refused(76, &["did not come whole"]),
    ),
    (
        "no length, cut in a line",
        |_, w| raw(w, "HTTP/1.0 200 OK\r\n\r\nasdf==3.0.1\ngwc"),
        Then::Refused(65, &["cut off"]),
    ),
    (
        "a reset mid-body, once",
        once!(|w| {
            raw(w, HALF);
            w.reset();
        }),
        Then::Right,
    ),
    (
        "a reset mid-body, always",
        |_, w| {
            raw(w, HALF);
            w.reset();
        },
        Then::Refused(76, &["did not come whole", "tried 3 times"]),
    ),
    ("a reset before the answer, once", once!(|w| w.reset()), Then::Right),
    (
        "a stall mid-body",
        |_, w| {
            raw(w, HALF);
            std::thread::sleep(Duration::from_secs(30));
        },
        Then::Refused(124, &["nothing came for 2 s"]),
    ),
    (
        "a stall, once",
        once!(|w| {
            raw(w, HALF);
            std::thread::sleep(Duration::from_secs(30));
        }),
        Then::Right,
    ),
    (
        "drops that never end",
        |_, w| {
            raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n");
            for _ in 0..300 {
                raw(w, "#");
                std::thread::sleep(Duration::from_millis(100));
            }
        },
        Then::Refused(124, &["more than 12 s in all"]),
    ),
    (
        "mute",
        |_, _| std::thread::sleep(Duration::from_secs(30)),
        Then::Refused(124, &["nothing came for 2 s"]),
    ),
    ("a drop without a word", |_, _| (), Then::Refused(69, &["cannot reach", "is the VPN up?"])),
    ("what is no HTTP", |_, w| raw(w, "220 ftp.example ready\r\n"), Then::Refused(69, &["cannot reach"])),
    ("gzip", |_, w| gzip(w, &zipped(PIP)), Then::Right),
    ("bad gzip", |_, w| gzip(w, PIP.as_bytes()), Then::Refused(76, &["compression"])),
    ("cut gzip", |_, w| gzip(w, &zipped(PIP)[..30]), Then::Refused(76, &["compression"])),
    ("a gzip bomb", |_, w| gzip(w, &BOMB), Then::Refused(76, &["larger than 4096 KiB"])),
    ("another encoding", |_, w| header(w, "Content-Encoding: br\r\n"), Then::Refused(76, &["\"br\""])),
    (
        "a redirect",
        |asked, w| {
            if asked.path.starts_with("/else/") {
                good(asked, w);
            } else {
                raw(w, "HTTP/1.1 302 Found\r\nLocation: /else/pip.txt\r\nContent-Length: 0\r\n\r\n");
            }
        },
        Then::Right,
    ),
    (
        "a redirect loop",
        |_, w| raw(w, "HTTP/1.1 301 Moved\r\nLocation: ?again\r\nContent-Length: 0\r\n\r\n"),
        Then::Refused(76, &["redirects more than 10 times"]),
    ),
    (
        "a redirect to nowhere",
        |_, w| raw(w, "HTTP/1.1 302 Found\r\n\r\n"),
        Then::Refused(76, &["without saying"]),
    ),
    (
        "a redirect to a file",
        |_, w| raw(w, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"),
        Then::Refused(76, &["\"file\""]),
    ),
    (
        "a redirect to a host that was not named",
        |_, w| raw(w, "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/x\r\nContent-Length: 0\r\n\r\n"),
        Then::Refused(78, &["plain HTTP", "--insecure-host localhost:1"]),
    ),
    (
        "an endless body",
        |_, w| {
            raw(w, "HTTP/1.1 200 OK\r\n\r\n");
            while w.write_all(&[b'#'; 1 << 16]).is_ok() {}
        },
        Then::Refused(76, &["larger than 4096 KiB"]),
    ),
    (
        "a huge length",
        |_, w| raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n#"),
        Then::Refused(76, &["larger"]),
    ),
    ("binary", |_, w| answer(w, "200 OK", "", b"\x7fELF\x02\x01\xff\xfe"), Then::Refused(65, &["not UTF-8"])),
    ("NUL", |_, w| answer(w, "200 OK", "", b"a==1\n\0b==1\n"), Then::Refused(65, &["this is no text"])),
    (
        "no UTF-8",
        |_, w| answer(w, "200 OK", "", b"a==1\n# \xff\n"),
        Then::Refused(65, &[":2: not UTF-8 text"]),
    ),
    (
        "a wrong SHA-256",
        |_, w| header(w, &format!("X-Checksum-Sha256: {}\r\n", "0".repeat(64))),
        Then::Refused(76, &["SHA-256"]),
    ),
    (
        "a wrong SHA-1",
        |_, w| header(w, &format!("X-Checksum-Sha1: {}\r\n", "0".repeat(40))),
        Then::Refused(76, &["SHA-1"]),
    ),
    (
        "a wrong MD5",
        |_, w| header(w, &format!("X-Checksum-Md5: {}\r\n", "0".repeat(32))),
        Then::Refused(76, &["MD5"]),
    ),
    (
        "a wrong Digest",
        |_, w| header(w, "Digest: md5=AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
        Then::Refused(76, &["digest says"]),
    ),
    (
        "an unreadable digest",
        |_, w| header(w, "X-Checksum-Sha256: x\r\n"),
        Then::Refused(76, &["cannot be read"]),
    ),
    (
        "half a line",
        |_, w| answer(w, "200 OK", "", b"a==1\nb ==\n"),
        Then::Refused(65, &["pip.txt:2: ", "^^^^"]),
    ),
];

fn serve(fault: fn(&Asked, &mut dyn Wire)) -> Server {
    Server::start(
        move |asked, wire| {
            if asked.path.contains("explicit.txt") { good(asked, wire) } else { fault(asked, wire) }
        },
    )
}

fn prove((name, fault, then): &Fault) {
    let server = serve(*fault);
    let clone = Clone::with_sources(server.port);
    let (before, status, begun) = (clone.files(), clone.repository.status(), Instant::now());
    let run = clone.update("0.13.0");
    let took = begun.elapsed();
    assert!(took < Duration::from_mins(1), "{name}: {took:?}");
    match then {
        Then::Right => {
            assert_eq!(run.status, Some(0), "{name}: {}", run.text);
            assert_eq!(clone.read("roman-cal.pip"), content("/pip.txt").unwrap(), "{name}");
            assert_eq!(clone.read("CAL_VERSION"), "0.13.0\n", "{name}");
        }
        Then::Refused(expected, parts) => {
            assert_eq!((run.status, run.stdout.len()), (Some(*expected), 0), "{name}: {}", run.text);
            for part in *parts {
                assert!(run.text.contains(part), "{name}: {part:?} in {}", run.text);
            }
            assert_eq!((clone.files(), clone.repository.status()), (before, status), "{name}");
        }
    }
    assert_eq!(clone.litter(), [] as [&str; 0], "{name}");
}

/// D12, D12a: of 25 such faults the original survived one; it destroyed the good file in eleven.
#[test]
fn d12_d12a_whatever_the_network_does_the_files_are_right_or_as_they_were() {
    assert!(FAULTS.len() >= 25 && BOMB.len() < 1 << 18, "{} {}", FAULTS.len(), BOMB.len());
    let failures: Vec<String> = common::fetch::each(FAULTS, |fault| {
        let result = std::panic::catch_unwind(|| prove(fault));
        result.err().map(|_| fault.0.to_owned())
    })
    .into_iter()
    .flatten()
    .collect();
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn nobody_there_and_no_such_host_are_told_apart_from_a_wrong_file() {
    let clone = Clone::with_sources(1);
    let before = clone.files();
    clone
        .update("0.13.0")
        .failed(69, &["cannot reach http://127.0.0.1:1/v0.13.0/", "refused", "is the VPN up?"]);
    let elsewhere = ["--source-url=https://no-such-host.invalid", "--cal-version=0.13.0"];
    clone.run(&elsewhere).failed(69, &["cannot reach https://no-such-host.invalid/v0.13.0/"]);
    assert_eq!(clone.files(), before);
}

/// The wait for an answer used to end by its own limit only, however long after the limit for all.
#[test]
fn the_limit_for_all_also_ends_a_wait_for_an_answer_or_for_the_rest_of_it() {
    for begun in ["", HALF] {
        let server = Server::start(move |_, wire| {
            raw(wire, begun);
            std::thread::sleep(Duration::from_secs(30));
        });
        let clone = Clone::with_sources(server.port);
        let limits =
            ["--insecure-host=127.0.0.1", "--cal-version=0.13.0", "--read-timeout=15", "--timeout=0.5"];
        support::ran(clone.command(&limits).output().unwrap()).failed(124, &["more than 0.5 s in all"]);
    }
}

#[test]
fn plain_http_needs_the_hosts_name() {
    let server = Server::start(good);
    let clone = Clone::with_sources(server.port);
    let run = support::ran(clone.command(&["--cal-version", "0.13.0"]).output().unwrap());
    run.failed(78, &["plain HTTP", &format!("--insecure-host 127.0.0.1:{}", server.port)]);
    assert!(server.asked().is_empty());
    clone.repository.configure(|settings| settings.insecure_hosts = vec!["127.0.0.1".to_owned()]);
    let run = support::ran(clone.command(&["--cal-version", "0.13.0"]).output().unwrap());
    assert_eq!(run.status, Some(0), "{}", run.text);
}

/// Whom a server leads us to must not learn who we are.
#[test]
fn credentials_go_to_the_server_that_was_meant_and_no_further() {
    let other = Server::start(good);
    let port = other.port;
    let first = Server::start(move |asked, wire| {
        let to = format!("http://127.0.0.1:{port}{}", asked.path);
        raw(wire, &format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
    });
    let mut clone = Clone::with_sources(first.port);
    let token = clone.repository.root().parent().unwrap().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    std::fs::write(token.with_file_name(".netrc"), "default login ada password hunter2\n").unwrap();
    let check = |run: support::Run, sent: &str| {
        assert_eq!(run.status, Some(0), "{}", run.text);
        assert!(!run.text.contains("s3cret") && !run.text.contains("hunter2"), "{}", run.text);
        let asked = first.asked();
        assert_eq!(asked.last().unwrap().headers["authorization"], sent);
        assert!(other.asked().iter().all(|asked| !asked.headers.contains_key("authorization")));
        std::fs::remove_file(clone.repository.at(support::ENV).join("roman-cal.pip")).unwrap();
    };
    check(
        clone.run(&["-v", "--cal-version=0.13.0", "--token-file", token.to_str().unwrap()]),
        "Bearer s3cret",
    );
    check(clone.run(&["-v", "--cal-version=0.13.0"]), "Basic YWRhOmh1bnRlcjI=");
    let url = format!("--source-url=http://eve:hunter2@127.0.0.1:{}", first.port);
    check(clone.run(&["-v", "--cal-version=0.13.0", &url]), "Basic ZXZlOmh1bnRlcjI=");
    assert!(!clone.read("sources.lock.json").contains("hunter2"));
    clone.set("HOME", "/nonexistent");
    assert_eq!(clone.update("0.13.0").status, Some(0));
    assert!(!first.asked().last().unwrap().headers.contains_key("authorization"));
}

/// What a server leads us to may be signed: whoever reads the address may fetch the file.
#[test]
fn the_query_of_a_redirect_is_neither_written_down_nor_shown() {
    let server = Server::start(|asked, wire| match asked.path.split_once('?') {
        None => {
            let to = format!("{}?sig=hunter2", asked.path);
            raw(wire, &format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
        }
        Some((path, _)) if path.starts_with("/v0.13.0/") => {
            let content = support::server::content(path).unwrap();
            support::server::answer(wire, "200 OK", "", content.as_bytes());
        }
        Some(_) => support::server::answer(wire, "404 Not Found", "", b"no\n"),
    });
    let clone = Clone::with_sources(server.port);
    let run = clone.run(&["-v", "--cal-version=0.13.0"]);
    assert_eq!(run.status, Some(0), "{}", run.text);
    let receipt = clone.read("sources.lock.json");
    assert!(receipt.contains("/v0.13.0/pip.txt\"") && !receipt.contains("hunter2"), "{receipt}");
    let run = clone.run(&["-v", "--cal-version=0.14.0"]);
    run.failed(69, &["/v0.14.0/", "404"]);
    assert!(!run.text.contains("hunter2"), "{}", run.text);
}

#[test]
fn proxies_are_taken_from_the_environment() {
    let proxy = Server::start(|asked, wire| good(asked, wire));
    let mut clone = Clone::with_sources(1);
    clone.variables.retain(|(name, _)| name != "NO_PROXY");
    clone.set("http_proxy", &format!("http://127.0.0.1:{}", proxy.port));
    assert_eq!(clone.update("0.13.0").status, Some(0));
    assert!(proxy.asked().iter().all(|asked| asked.path.starts_with("http://127.0.0.1:1/v0.13.0/")));
}
