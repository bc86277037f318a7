//! A git remote over HTTP: git's own `http-backend` behind a small server.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::support::Release;

/// Hands each request to `git http-backend` as CGI has it. Prints its port first.
const SERVER: &str = r#"
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while (size := int(self.rfile.readline(), 16)):
                body += self.rfile.read(size); self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(length)
        env = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
            QUERY_STRING=query, REQUEST_METHOD=self.command, CONTENT_LENGTH=str(len(body)),
            CONTENT_TYPE=self.headers.get("Content-Type", ""), REMOTE_USER="releaser", REMOTE_ADDR="127.0.0.1",
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(v.split()[0]) for k, v in fields if k == "Status"), 200)
        self.send_response(status)
        for key, value in fields:
            if key != "Status": self.send_header(key, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)
    do_GET = do_POST = answer
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

/// A directory of bare repositories on a free port of this machine, ended by its id.
pub struct Web {
    child: Child,
    dir: tempfile::TempDir,
    port: u16,
}

impl Web {
    /// None where python or git's backend is not installed.
    pub fn start() -> Option<Self> {
        let paths = Command::new("git").arg("--exec-path").output().ok()?;
        let exec = String::from_utf8(paths.stdout).ok()?;
        if !std::path::Path::new(exec.trim()).join("git-http-backend").exists() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("python3");
        command.args(["-c", SERVER]).arg(dir.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().ok();
        if port.is_none() {
            _ = child.kill();
            _ = child.wait();
        }
        Some(Self { port: port?, child, dir })
    }

    /// A bare repository as the remote `origin` of `release`, with the branch pushed; its address.
    pub fn repository(&self, release: &Release) -> String {
        let path = self.dir.path().join("bare.git");
        let path = path.to_str().unwrap();
        release.repository.run_git(&["init", "-q", "--bare", "-b", "main", path]);
        let url = format!("http://127.0.0.1:{}/bare.git", self.port);
        release.repository.run_git(&["remote", "add", "origin", &url]);
        release.repository.run_git(&["push", "-q", "-u", "origin", "main"]);
        url
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
