//! What runs when: each task as soon as what it needs is there, and a place for it.

use super::size::Size;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// What it is called.
    pub(super) name: String,
    /// The task that must have succeeded before, by its number.
    pub(super) after: Option<usize>,
    /// Where it runs, by number: each place has its own limit of tasks.
    pub(super) place: usize,
}

/// How many at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many tasks run in one place.
    pub(super) jobs: usize,
    /// How much memory there is in one place; none if nobody counts it.
    pub(super) memory: Option<Size>,
    /// How much one task takes.
    pub(super) each: Size,
    /// Whether others go on when one has failed.
    pub(super) keep_going: bool,
}

impl Limits {
    /// How many tasks one place takes; a task that is larger than the memory runs alone.
    fn places(&self) -> usize {
        let by_memory = self.memory.map_or(u64::MAX, |memory| (memory.0 / self.each.0).max(1));
        self.jobs.min(usize::try_from(by_memory).unwrap_or(usize::MAX))
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
        let running = |n: &usize| self.states[*n] == State::Running && self.tasks[*n].place == task.place;
        let busy = (0..self.tasks.len()).filter(running).count();
        self.states[number] == State::Waiting
            && task.after.is_none_or(|n| self.states[n] == State::Done)
            && busy < self.limits.places()
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
        let task = |name: &str, after, place| Task { name: name.to_owned(), after, place };
        let tasks = vec![
            task("common", None, 0),
            task("a", Some(0), 0),
            task("b", Some(0), 0),
            task("elsewhere", None, 1),
        ];
        Queue::new(tasks, Limits { jobs, memory: memory.map(Size), each: Size(4), keep_going })
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
