use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, RANGE};
use rustls::{ServerConnection, StreamOwned};

use common::capsule::{
    Answer, Base, Blob, Capsule, CapsuleManifest, Index, OCI_LAYOUT, Recipe, Sameness, layout_index,
};
use common::digest::Digest;
use common::report::ImageIdentity;
use common::settings::Settings;

use super::message::Head;
use super::*;

/// What a test's server does with a request.
type Behaviour = dyn Fn(&Head, &mut dyn Write) + Send + Sync;

/// A server that ends each connection after one answer, and notes what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(
        tls: Option<&Authority>,
        behaviour: impl Fn(&Head, &mut dyn Write) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (noted, behaviour) = (Arc::clone(&asked), Arc::new(behaviour) as Arc<Behaviour>);
        let config = tls.map(|authority| authority.config("127.0.0.1").unwrap());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, behaviour, config) = (Arc::clone(&noted), Arc::clone(&behaviour), config.clone());
                thread::spawn(move || match config {
                    None => serve_one(stream, &noted, &*behaviour),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        let mut stream = StreamOwned::new(connection, stream);
                        serve_one(&mut stream, &noted, &*behaviour);
                        stream.conn.send_close_notify();
                        _ = stream.flush();
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve_one<W: Read + Write>(stream: W, asked: &Mutex<Vec<String>>, behaviour: &Behaviour) {
    let mut reader = BufReader::new(stream);
    let Ok(Some(head)) = Head::read(&mut reader) else { return };
    asked.lock().unwrap().push(format!("{} {}", head.method, head.target));
    behaviour(&head, reader.get_mut());
    _ = reader.get_mut().flush();
}

fn say(out: &mut dyn Write, head: &str, body: &[u8]) {
    _ = out.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes());
    _ = out.write_all(body);
}

const WHEEL: &[u8] = b"0123456789";

/// What a package index and its storage do.
fn index(head: &Head, out: &mut dyn Write) {
    let is_head = head.method == "HEAD";
    match (head.target.as_str(), head.header("range")) {
        ("/a.whl", Some("bytes=2-4")) => {
            say(out, "206 Partial Content\r\ncontent-length: 3\r\ncontent-range: bytes 2-4/10", b"234");
        }
        ("/a.whl", _) if is_head => say(out, "200 OK\r\ncontent-length: 10\r\netag: x", b""),
        ("/a.whl", _) => say(out, "200 OK\r\ncontent-length: 10\r\nset-cookie: secret=1\r\netag: x", WHEEL),
        ("/simple/", _) => {
            say(out, "200 OK\r\ntransfer-encoding: chunked", b"3\r\none\r\n4\r\nfour\r\n0\r\n\r\n");
        }
        ("/old", _) => say(out, "200 OK", b"until the end"),
        ("/empty", _) => say(out, "204 No Content", b""),
        ("/moved", _) => say(out, "302 Found\r\ncontent-length: 0\r\nlocation: /a.whl", b""),
        ("/cut", _) => say(out, "200 OK\r\ncontent-length: 10", b"012"),
        ("/cut-chunk", _) => say(out, "200 OK\r\ntransfer-encoding: chunked", b"3\r\none\r\n"),
        ("/busy", _) => say(out, "503 Service Unavailable\r\ncontent-length: 4", b"busy"),
        ("/large", _) => say(out, &format!("200 OK\r\ncontent-length: {LARGE}"), &vec![7; LARGE]),
        ("/private", _) if head.header("authorization").is_none() => {
            say(out, "401 Unauthorized\r\nwww-authenticate: Basic\r\ncontent-length: 2", b"no");
        }
        ("/private", _) => say(out, "200 OK\r\ncontent-length: 3", b"yes"),
        ("/to-storage", _) => {
            say(out, "302 Found\r\ncontent-length: 0\r\nlocation: /stored?X-Amz-Signature=hunter2", b"");
        }
        ("/stored?X-Amz-Signature=hunter2", _) => say(out, "200 OK\r\ncontent-length: 6", b"stored"),
        _ => say(out, "404 Not Found\r\ncontent-length: 4", b"none"),
    }
}

const LARGE: usize = 5 << 20;

fn recording(dir: &Path, authorities: Option<&Path>) -> Proxy {
    Proxy::start(Source::Record(Recorder::new(dir, authorities).unwrap())).unwrap()
}

fn answers(proxy: &Proxy) -> Vec<Answer> {
    proxy.settle().unwrap();
    let Source::Record(recorder) = proxy.source() else { panic!("it replays") };
    recorder.answers()
}

fn failed(proxy: &Proxy) -> Vec<String> {
    proxy.settle().unwrap();
    let Source::Record(recorder) = proxy.source() else { panic!("it replays") };
    recorder.failed()
}

/// A capsule of what `proxy` recorded in `dir`, and a proxy that answers from it.
fn replaying(dir: &Path, proxy: &Proxy) -> Proxy {
    let store = |bytes: &[u8]| {
        fs::write(dir.join("blobs/sha256").join(Digest::of(bytes).hex()), bytes).unwrap();
        Blob::of(bytes)
    };
    let config = store(b"{}");
    let image = ImageIdentity { name: "i".to_owned(), id: config.digest.clone() };
    let settings = Settings::new(Path::new("/"), "roman".parse().unwrap());
    let index = Index {
        schema_url: Index::schema_url(),
        schema: 1,
        release: "roman-1".to_owned(),
        commit: String::new(),
        recipe: Recipe::of(&settings, image.clone()),
        tested: image.clone(),
        recorded: image,
        sameness: Sameness::Identical,
        engine: String::new(),
        tool: String::new(),
        context: store(b"context"),
        record: store(b"record"),
        base: Base { config, layers: Vec::new(), is_oci: false, names: Vec::new() },
        answers: answers(proxy),
    };
    store(&index.bytes());
    let (_, descriptor, bytes) = CapsuleManifest::of(&index);
    store(&bytes);
    fs::write(dir.join("index.json"), layout_index(&descriptor, "t")).unwrap();
    fs::write(dir.join("oci-layout"), OCI_LAYOUT).unwrap();
    let capsule = Arc::new(Capsule::open(dir).unwrap());
    Proxy::start(Source::Replay(Replayer::new(capsule))).unwrap()
}

fn refused(proxy: &Proxy) -> Vec<String> {
    let Source::Replay(replayer) = proxy.source() else { panic!("it records") };
    replayer.refused()
}

fn client(proxy: &Proxy) -> Client {
    let authority = reqwest::Certificate::from_pem(proxy.certificate().as_bytes()).unwrap();
    let builder = Client::builder().proxy(reqwest::Proxy::all(proxy.url()).unwrap()).no_proxy();
    let builder = builder.proxy(reqwest::Proxy::all(proxy.url()).unwrap()).add_root_certificate(authority);
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn told(response: Response) -> (u16, Vec<u8>) {
    (response.status().as_u16(), response.bytes().unwrap().to_vec())
}

fn get(client: &Client, url: &str) -> (u16, Vec<u8>) {
    told(client.get(url).send().unwrap())
}

/// Asks everything once more of a proxy that has only the capsule.
fn check_all(client: &Client, url: &dyn Fn(&str) -> String) {
    assert_eq!(get(client, &url("/a.whl")), (200, WHEEL.to_vec()));
    assert_eq!(get(client, &url("/simple/")), (200, b"onefour".to_vec()));
    assert_eq!(get(client, &url("/old")), (200, b"until the end".to_vec()));
    assert_eq!(get(client, &url("/empty")), (204, Vec::new()));
    assert_eq!(get(client, &url("/missing")), (404, b"none".to_vec()), "an absence is an answer");
    let moved = client.get(url("/moved")).send().unwrap();
    assert_eq!((moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()), (302, "/a.whl"));
    let part = client.get(url("/a.whl")).header(RANGE, "bytes=2-4").send().unwrap();
    assert_eq!(part.headers()["content-range"], "bytes 2-4/10");
    assert_eq!(told(part), (206, b"234".to_vec()));
    let look = client.head(url("/a.whl")).send().unwrap();
    assert_eq!(look.headers()["content-length"], "10");
    assert_eq!(told(look), (200, Vec::new()));
}

fn check_round_trip(tls: bool) {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let bundle = dir.path().join("server.pem");
    fs::write(&bundle, authority.pem()).unwrap();
    let server = Server::start(tls.then_some(&authority), index);
    let scheme = if tls { "https" } else { "http" };
    let url = |path: &str| format!("{scheme}://{}{path}", server.address);
    let proxy = recording(dir.path(), tls.then_some(bundle.as_path()));
    let recorded = client(&proxy);
    check_all(&recorded, &url);
    let before = server.asked();
    check_all(&recorded, &url);
    assert_eq!(server.asked(), before, "what is known is not asked for again");

    let again = replaying(dir.path(), &proxy);
    let replayed = client(&again);
    check_all(&replayed, &url);
    assert_eq!(server.asked(), before, "no server was asked");
    let text = fs::read_to_string(dir.path().join("index.json")).unwrap();
    assert!(!text.contains("secret"));
    let cookies = |answer: &Answer| answer.headers.iter().any(|(name, _)| name == "set-cookie");
    assert!(!answers(&proxy).iter().any(cookies), "cookies are nobody else's");
    assert_eq!(refused(&again), [""; 0]);
}

#[test]
fn what_was_recorded_is_answered_without_any_server() {
    check_round_trip(false);
    check_round_trip(true);
}

#[test]
fn what_is_not_in_the_capsule_is_refused_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    assert_eq!(get(&client(&proxy), &server.url("/a.whl")).0, 200);
    let again = replaying(dir.path(), &proxy);
    let replayed = client(&again);
    let before = server.asked();
    let (status, text) = get(&replayed, &server.url("/simple/?token=hunter2"));
    assert_eq!(status, 403);
    assert!(String::from_utf8_lossy(&text).contains("is not in this capsule"));
    assert_eq!(get(&replayed, "https://elsewhere.example/x").0, 403, "also where nobody would answer");
    assert_eq!(told(replayed.post(server.url("/a.whl")).body("x").send().unwrap()).0, 403);
    let expected = [
        format!("GET {}", server.url("/simple/?token=-")),
        "GET https://elsewhere.example/x".to_owned(),
        format!("POST {}", server.url("/a.whl")),
    ];
    assert_eq!(refused(&again), expected);
    assert_eq!(server.asked(), before);
}

#[test]
fn parts_and_looks_of_what_is_there_whole_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    get(&client(&proxy), &server.url("/a.whl"));
    let again = replaying(dir.path(), &proxy);
    let ask = |range: &str| client(&again).get(server.url("/a.whl")).header(RANGE, range).send().unwrap();
    let part = ask("bytes=-3");
    assert_eq!(part.headers()["content-range"], "bytes 7-9/10");
    assert_eq!(told(part), (206, b"789".to_vec()));
    assert_eq!(told(ask("bytes=99-")).0, 416);
    assert_eq!(told(ask("lines=1")), (200, WHEEL.to_vec()));
    let look = client(&again).head(server.url("/a.whl")).send().unwrap();
    assert_eq!((look.headers()["content-length"].to_str().unwrap(), look.status().as_u16()), ("10", 200));
}

#[test]
fn an_answer_that_breaks_off_is_not_recorded_and_the_client_sees_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    let client = client(&proxy);
    for path in ["/cut", "/cut-chunk"] {
        let whole = client.get(server.url(path)).send().and_then(Response::bytes);
        assert!(whole.is_err(), "{path}");
    }
    assert_eq!(answers(&proxy), []);
    assert_eq!(failed(&proxy).len(), 2);
    assert_eq!(fs::read_dir(dir.path().join("blobs/sha256")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no half file is left");
}

#[test]
fn a_server_that_is_busy_or_not_there_is_passed_on_and_not_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    assert_eq!(get(&client(&proxy), &server.url("/busy")), (503, b"busy".to_vec()));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(get(&client(&proxy), &format!("http://{nobody}/")).0, 502);
    assert_eq!(answers(&proxy), []);
    assert!(failed(&proxy)[0].contains(&nobody.to_string()));
}

#[test]
fn who_asks_is_told_to_the_server_and_never_kept() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    let url = server.url("/private");
    assert_eq!(get(&client(&proxy), &url).0, 401);
    let login = "Basic YWRhOmh1bnRlcjI=";
    let known = client(&proxy).get(&url).header(AUTHORIZATION, login).send().unwrap();
    assert_eq!(told(known), (200, b"yes".to_vec()), "that somebody must log in is no answer");
    assert_eq!(get(&client(&proxy), &server.url("/to-storage")), (200, b"stored".to_vec()));
    let again = replaying(dir.path(), &proxy);
    assert_eq!(get(&client(&again), &url), (200, b"yes".to_vec()), "the capsule knows nobody");
    assert_eq!(get(&client(&again), &server.url("/to-storage")), (200, b"stored".to_vec()));
    for blob in fs::read_dir(dir.path().join("blobs/sha256")).unwrap() {
        let text = String::from_utf8_lossy(&fs::read(blob.unwrap().path()).unwrap()).into_owned();
        assert!(!text.contains("YWRh") && !text.contains("hunter2") && !text.contains("stored?"), "{text}");
    }
}

#[test]
fn what_a_client_gives_up_is_recorded_whole() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    write!(stream, "GET {} HTTP/1.1\r\nHost: h\r\n\r\n", server.url("/large")).unwrap();
    stream.read_exact(&mut [0; 100]).unwrap();
    drop(stream);
    assert_eq!(answers(&proxy)[0].body, Blob::of(&vec![7; LARGE]));
}

/// Everything that comes on one raw connection to the proxy, to its end.
fn raw(proxy: &Proxy, text: &str) -> String {
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).unwrap();
    String::from_utf8_lossy(&told).into_owned()
}

#[test]
fn a_connection_takes_one_request_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    let ask = |path: &str, more: &str| format!("GET {} HTTP/1.1\r\nHost: h\r\n{more}\r\n", server.url(path));
    let all = [ask("/simple/", ""), ask("/missing", ""), ask("/a.whl", "Connection: close\r\n")].concat();
    let told = raw(&proxy, &all);
    assert_eq!(told.matches("HTTP/1.1 ").count(), 3, "{told}");
    assert!(
        told.contains("3\r\none\r\n") || told.contains("7\r\nonefour\r\n"),
        "chunks go on as chunks: {told}"
    );
    assert!(told.ends_with("0123456789"), "{told}");
    let old = raw(&proxy, &format!("GET {} HTTP/1.0\r\n\r\n", server.url("/simple/")));
    assert!(old.ends_with("onefour") && !old.contains("chunked"), "{old}");
}

#[test]
fn a_tunnel_may_hold_plain_requests_and_leads_to_one_host() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(None, index);
    let proxy = recording(dir.path(), None);
    let mut stream = TcpStream::connect(proxy.address).unwrap();
    write!(stream, "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", server.address).unwrap();
    let mut opened = [0; 39];
    stream.read_exact(&mut opened).unwrap();
    assert_eq!(&opened, b"HTTP/1.1 200 Connection established\r\n\r\n");
    write!(stream, "GET /a.whl HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.ends_with("0123456789"), "{told}");
    assert_eq!(answers(&proxy)[0].asked.url, server.url("/a.whl"));
}

#[test]
fn who_speaks_no_http_or_takes_it_for_a_server_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let proxy = recording(dir.path(), None);
    for text in ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "nonsense\r\n\r\n", "GET ftp://h/ HTTP/1.1\r\n\r\n"] {
        let told = raw(&proxy, text);
        assert!(told.starts_with("HTTP/1.1 400 "), "{text:?}: {told}");
    }
}
