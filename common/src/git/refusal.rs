//! What a push that came to nothing says of itself: who refused it, and why.

use crate::process::Captured;

/// Why a remote did not take what was pushed, or why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has moved on meanwhile: a commit, or a tag, that is not here.
    Moved,
    /// A hook or a rule says no: the remote's, or this clone's `pre-push`.
    Rules,
}

/// Reasons of a remote that has a fault of its own.
const FAULTS: [&str; 8] = [
    "unpacker error",
    "internal server error",
    "failed to update",
    "failed to write",
    "missing necessary objects",
    "unable to",
    "timeout",
    "remote failed to report status",
];
/// Reasons that only tell that another ref was not taken.
const FOLLOWING: [&str; 3] = ["atomic push fail", "atomic transaction fail", "transaction failed"];
/// Reasons of git's own: what is there is not what was thought.
const MOVED: [&str; 7] = [
    "non-fast-forward",
    "fetch first",
    "needs force",
    "already exists",
    "stale info",
    "cannot lock ref",
    "incorrect old value",
];

impl Refusal {
    /// Reads what `git push --porcelain` gave. None where nobody refused: nobody answered, or something
    /// broke.
    pub(super) fn of(captured: &Captured) -> Option<Self> {
        let stderr = String::from_utf8_lossy(&captured.stderr).to_lowercase();
        let stdout = String::from_utf8_lossy(&captured.stdout).to_lowercase();
        // `!<TAB>FROM:TO<TAB>[remote rejected] (REASON)`, one line a ref.
        let lines = stdout.lines().filter(|line| line.starts_with("!\t"));
        let reasons: Vec<&str> = lines.filter_map(|line| line.rsplit('\t').next()).collect();
        let has = |reason: &str, words: &[&str]| words.iter().any(|word| reason.contains(word));
        let own: Vec<&&str> = reasons.iter().filter(|reason| !has(reason, &FOLLOWING)).collect();
        if own.iter().any(|reason| has(reason, &FAULTS)) {
            return None;
        }
        if own.iter().any(|reason| has(reason, &MOVED)) {
            return Some(Self::Moved);
        }
        // Without a line for any ref: this clone's own hook. What broke on the way is fatal.
        let sent_nothing = reasons.is_empty() && stderr.contains("failed to push some refs");
        let broken =
            ["fatal:", "rpc failed", "unexpected disconnect"].iter().any(|word| stderr.contains(word));
        (!own.is_empty() || (sent_nothing && !broken)).then_some(Self::Rules)
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use crate::process::{Captured, Exit};

    fn of(stdout: &str, stderr: &str) -> Option<Refusal> {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
        Refusal::of(&Captured { exit: Exit::Code(1), stdout, stderr })
    }

    #[test]
    fn who_refused_a_push_is_told_from_what_broke() {
        let line = |reason: &str| of(&format!("To x\n!\trefs/tags/a:refs/tags/a\t{reason}\nDone\n"), "");
        for rules in [
            "[remote rejected] (pre-receive hook declined)",
            "[remote rejected] (protected branch hook declined)",
            "[remote rejected] (push declined due to repository rule violations)",
            "[remote rejected] (deletion prohibited)",
        ] {
            assert_eq!(line(rules), Some(Refusal::Rules), "{rules}");
        }
        for moved in [
            "[rejected] (non-fast-forward)",
            "[rejected] (fetch first)",
            "[rejected] (already exists)",
            "[remote rejected] (cannot lock ref 'refs/heads/main': is at a but expected b)",
        ] {
            assert_eq!(line(moved), Some(Refusal::Moved), "{moved}");
        }
        for broken in ["[remote rejected] (unpacker error)", "[remote rejected] (Internal Server Error)"] {
            assert_eq!(line(broken), None, "{broken}");
        }
        let hook = "a word of the hook\nerror: failed to push some refs to 'x'\n";
        assert_eq!(of("", hook), Some(Refusal::Rules));
        assert_eq!(of("", "fatal: unable to access 'x': could not resolve host\n"), None);
        assert_eq!(of("", "error: RPC failed; HTTP 502\nerror: failed to push some refs to 'x'\n"), None);
    }

    /// Of an all-or-nothing push every ref is told; only one of them has the reason.
    #[test]
    fn the_reason_of_one_ref_is_that_of_all() {
        let two =
            |reason: &str| of(&format!("!\ta:a\t[rejected] (atomic push failed)\n!\tb:b\t{reason}\n"), "");
        assert_eq!(two("[rejected] (already exists)"), Some(Refusal::Moved));
        assert_eq!(two("[remote rejected] (hook declined)"), Some(Refusal::Rules));
        assert_eq!(two("[remote rejected] (unpacker error)"), None);
    }
}
