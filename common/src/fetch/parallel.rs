//! The same work on several things at a time, for what waits more than it computes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// No more than this many at once: servers limit how many connections one client may have.
const MOST: usize = 8;

/// What `work` makes of each of `jobs`, in their order. Each is done, whatever becomes of the others.
pub fn each<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(jobs.len())));
    let run = || {
        while let Some((number, job)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, jobs.get(n)?)))
        {
            let result = work(job);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.len().min(MOST) {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        let jobs: Vec<usize> = (0..100).collect();
        assert_eq!(each(&jobs, |n| n * 2), jobs.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(each(&[] as &[usize], |n| *n), [0; 0]);
    }

    /// Each job ends only when all of them have begun.
    #[test]
    fn as_many_as_may_be_run_at_the_same_time() {
        let begun = std::sync::Barrier::new(MOST);
        assert_eq!(each(&[(); MOST], |()| begun.wait().is_leader()).iter().filter(|l| **l).count(), 1);
    }
}
