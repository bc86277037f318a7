//! The same work on many layers, several at a time: hashing and compressing is all that takes long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::OciError;

/// No more than this many at once: a disk gains nothing from more.
const MOST: usize = 4;

/// What `work` makes of each of `jobs`, in their order. The first failure keeps the rest from being
/// begun, and is the result.
///
/// # Errors
/// `work` failed.
pub fn each<J: Sync, R: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<R, OciError> + Sync,
) -> Result<Vec<R>, OciError> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let run = || -> Result<(), OciError> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return Ok(()) };
            let result = work(job).inspect_err(|_| next.store(jobs.len(), Ordering::Relaxed))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        }
    };
    let workers = thread::available_parallelism().map_or(1, |n| n.get().min(MOST)).min(jobs.len());
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(run)).collect();
        let mine = run();
        let others = others.into_iter().map(|worker| worker.join().expect("a worker does not panic"));
        others.fold(mine, Result::and)
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Vec<usize> = (0..100).collect();
        assert_eq!(each(&jobs, |n| Ok(n * 2)).unwrap(), jobs.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(each(&[] as &[usize], |n| Ok(*n)).unwrap(), [0; 0]);
    }

    #[test]
    fn a_failure_is_the_result() {
        let missing = || OciError::Missing { place: "here".to_owned(), name: "it".to_owned() };
        let result = each(&[1, 2, 3], |n| if *n == 2 { Err(missing()) } else { Ok(*n) });
        assert!(matches!(result, Err(OciError::Missing { .. })));
    }
}
