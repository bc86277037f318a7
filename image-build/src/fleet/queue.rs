//! What runs when: each task as soon as what it needs is there, and a place for it.

use super::size::Size;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// What it is called.
    pub(super) name: String,
    /// The task that must have succeeded before, by its number.
    pub(super) after: Option<usize>,
    /// Where it runs, by number: each place has its own limits.
    pub(super) place: usize,
    /// How much memory it takes.
    pub(super) memory: Size,
}

/// How many at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many tasks run in one place.
    pub(super) jobs: usize,
    /// How much memory there is in one place; none if nobody counts it.
    pub(super) memory: Option<Size>,
    /// Whether others go on when one has failed.
    pub(super) keep_going: bool,
}

impl Limits {
    /// Whether `task` may run beside `running`; what is larger than the memory runs alone.
    fn allow(&self, task: &Task, running: &[&Task]) -> bool {
        let taken: u64 = running.iter().map(|other| other.memory.0).fold(task.memory.0, u64::saturating_add);
        let fits = self.memory.is_none_or(|memory| taken <= memory.0);
        running.len() < self.jobs && (fits || running.is_empty())
    }
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// It did what it should.
    Done,
    /// It failed.
    Failed,
    /// It will not be tried: what it needs failed, or somebody else did.
    Dropped,
}

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This task, by its number.
    Start(usize),
    /// Nothing until another one has ended.
    Wait,
    /// Nothing any more.
    Over,
}

/// The tasks and how they stand.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) tasks: Vec<Task>,
    pub(super) states: Vec<State>,
    /// What each task waited for last, by its number.
    pub(super) waited_for: Vec<Option<usize>>,
    last_ended: Option<usize>,
    limits: Limits,
}

impl Queue {
    pub(super) fn new(tasks: Vec<Task>, limits: Limits) -> Self {
        let count = tasks.len();
        let (states, waited_for) = (vec![State::Waiting; count], vec![None; count]);
        Self { tasks, states, waited_for, last_ended: None, limits }
    }

    /// The first task that can begin; it counts as running then.
    pub(super) fn next(&mut self) -> Next {
        if !self.limits.keep_going && self.states.contains(&State::Failed) {
            self.drop_waiting(|_| true);
        }
        loop {
            let states = self.states.clone();
            let fails =
                |task: &Task| task.after.is_some_and(|n| matches!(states[n], State::Failed | State::Dropped));
            if !self.drop_waiting(fails) {
                break;
            }
        }
        let ready = (0..self.tasks.len()).find(|n| self.is_ready(*n));
        if let Some(number) = ready {
            self.states[number] = State::Running;
            return Next::Start(number);
        }
        if self.states.contains(&State::Waiting) { Next::Wait } else { Next::Over }
    }

    /// Task `number` has ended.
    pub(super) fn end(&mut self, number: usize, succeeded: bool) {
        self.states[number] = if succeeded { State::Done } else { State::Failed };
        self.last_ended = Some(number);
        // Whoever still waits has waited for this one.
        for (waited, state) in self.waited_for.iter_mut().zip(&self.states) {
            if *state == State::Waiting {
                *waited = Some(number);
            }
        }
    }

    fn is_ready(&self, number: usize) -> bool {
        let task = &self.tasks[number];
        let beside = self.tasks.iter().zip(&self.states);
        let beside = beside.filter(|(other, state)| **state == State::Running && other.place == task.place);
        let running: Vec<&Task> = beside.map(|(other, _)| other).collect();
        self.states[number] == State::Waiting
            && task.after.is_none_or(|n| self.states[n] == State::Done)
            && self.limits.allow(task, &running)
    }

    fn drop_waiting(&mut self, which: impl Fn(&Task) -> bool) -> bool {
        let mut any = false;
        for (task, state) in self.tasks.iter().zip(&mut self.states) {
            if *state == State::Waiting && which(task) {
                (*state, any) = (State::Dropped, true);
            }
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Task 0, two upon it in the same place, and one more elsewhere.
    fn queue(jobs: usize, memory: Option<u64>, keep_going: bool) -> Queue {
        let task = |name: &str, after, place| Task { name: name.to_owned(), after, place, memory: Size(4) };
        let tasks = vec![
            task("common", None, 0),
            task("a", Some(0), 0),
            task("b", Some(0), 0),
            task("elsewhere", None, 1),
        ];
        Queue::new(tasks, Limits { jobs, memory: memory.map(Size), keep_going })
    }

    #[test]
    fn what_is_shared_comes_first_and_the_rest_together() {
        let mut queue = queue(2, None, false);
        assert_eq!((queue.next(), queue.next(), queue.next()), (Next::Start(0), Next::Start(3), Next::Wait));
        queue.end(0, true);
        assert_eq!((queue.next(), queue.next(), queue.next()), (Next::Start(1), Next::Start(2), Next::Over));
        assert_eq!(queue.waited_for, [None, Some(0), Some(0), None]);
    }

    #[test]
    fn jobs_and_memory_are_limits() {
        for mut queue in [queue(1, None, false), queue(9, Some(7), false), queue(9, Some(1), false)] {
            assert_eq!((queue.next(), queue.next()), (Next::Start(0), Next::Start(3)));
            queue.end(0, true);
            assert_eq!((queue.next(), queue.next()), (Next::Start(1), Next::Wait));
            queue.end(1, true);
            assert_eq!(queue.next(), Next::Start(2));
            assert_eq!(queue.waited_for[2], Some(1), "for the place");
        }
    }

    /// What is known of a build counts for it, and not one size for all.
    #[test]
    fn small_builds_run_beside_a_large_one_as_long_as_they_fit() {
        let task =
            |name: &str, memory| Task { name: name.to_owned(), after: None, place: 0, memory: Size(memory) };
        let tasks =
            vec![task("large", 6), task("larger", 20), task("small", 3), task("other", 1), task("last", 2)];
        let mut queue = Queue::new(tasks, Limits { jobs: 9, memory: Some(Size(10)), keep_going: false });
        let started: Vec<Next> = (0..4).map(|_| queue.next()).collect();
        assert_eq!(started, [Next::Start(0), Next::Start(2), Next::Start(3), Next::Wait]);
        queue.end(2, true);
        assert_eq!((queue.next(), queue.next()), (Next::Start(4), Next::Wait));
        for ended in [0, 3, 4] {
            queue.end(ended, true);
        }
        assert_eq!((queue.next(), queue.next()), (Next::Start(1), Next::Over), "alone, as it fits nowhere");
    }

    #[test]
    fn a_failure_stops_what_needs_it_and_with_keep_going_nothing_else() {
        let mut queue = queue(2, None, true);
        queue.next();
        queue.end(0, false);
        assert_eq!((queue.next(), queue.next()), (Next::Start(3), Next::Over));
        assert_eq!(queue.states, [State::Failed, State::Dropped, State::Dropped, State::Running]);
        let mut queue = self::queue(1, None, false);
        queue.next();
        queue.next();
        queue.end(3, false);
        assert_eq!(queue.next(), Next::Over);
        assert_eq!(queue.states[1], State::Dropped);
    }
}
