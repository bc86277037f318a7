//! The same work on several things at a time.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each of `jobs`, in their order; no more than `most` at once. Each is done,
/// whatever becomes of the others: for what waits more than it computes.
pub fn each<J: Sync, R: Send>(jobs: &[J], most: usize, work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let Ok(done) = run::<_, _, Infallible>(jobs, most, |job| Ok(work(job)));
    done
}

/// What `work` makes of each of `jobs`, in their order; no more than `most` at once, nor than there are
/// processors. The first failure keeps the rest from being begun, and is the result.
///
/// # Errors
/// `work` failed.
pub fn attempt<J: Sync, R: Send, E: Send>(
    jobs: &[J],
    most: usize,
    work: impl Fn(&J) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    run(jobs, thread::available_parallelism().map_or(1, |n| n.get().min(most)), work)
}

fn run<J: Sync, R: Send, E: Send>(
    jobs: &[J],
    most: usize,
    work: impl Fn(&J) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(jobs.len())));
    let run = || -> Result<(), E> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return Ok(()) };
            let result = work(job).inspect_err(|_| next.store(jobs.len(), Ordering::Relaxed))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..jobs.len().min(most)).map(|_| scope.spawn(run)).collect();
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
        let doubled: Vec<usize> = jobs.iter().map(|n| n * 2).collect();
        assert_eq!(each(&jobs, 8, |n| n * 2), doubled);
        assert_eq!(attempt(&jobs, 4, |n| Ok::<_, ()>(n * 2)), Ok(doubled));
        assert_eq!(each(&[] as &[usize], 8, |n| *n), [0; 0]);
    }

    /// Each job ends only when all of them have begun.
    #[test]
    fn as_many_as_may_be_run_at_the_same_time() {
        const MOST: usize = 8;
        let begun = std::sync::Barrier::new(MOST);
        assert_eq!(each(&[(); MOST], MOST, |()| begun.wait().is_leader()).iter().filter(|l| **l).count(), 1);
    }

    #[test]
    fn a_failure_is_the_result() {
        assert_eq!(attempt(&[1, 2, 3], 4, |n| if *n == 2 { Err("no") } else { Ok(*n) }), Err("no"));
    }
}
