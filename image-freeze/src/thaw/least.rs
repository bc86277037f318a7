//! The least set of pins to relax so that there is a solution, in few searches.
//!
//! What is gone must be relaxed. Beyond that, a search without a solution is boiled down to a
//! *conflict*: pins that cannot all stay, whatever the others do. Any answer has to relax at least
//! one pin of each conflict; so the smallest set that meets all known conflicts is tried, and either
//! it is a solution, and none is smaller, or the failure shows a conflict that was not known.

use std::collections::BTreeSet;

/// Pins, by their number in the lock.
pub(crate) type Pins = BTreeSet<usize>;

/// What searches for solutions.
pub(crate) trait Searcher {
    /// A solution.
    type Solution;
    /// Why a search failed, other than by finding that there is no solution.
    type Error;

    /// Searches with the pins in `relaxed` free and all others as they are, for a solution that is worth
    /// having.
    ///
    /// # Errors
    /// The search failed otherwise.
    fn search(&mut self, relaxed: &Pins) -> Result<Attempt<Self::Solution>, Self::Error>;

    /// The same where it only matters whether there is a solution.
    ///
    /// # Errors
    /// The search failed otherwise.
    fn solves(&mut self, relaxed: &Pins) -> Result<bool, Self::Error> {
        Ok(matches!(self.search(relaxed)?, Attempt::Solved(_)))
    }
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attempt<S> {
    /// There is a solution.
    Solved(S),
    /// There is none. The searcher suspects these pins, and may be wrong.
    Conflict(Pins),
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Least<S> {
    /// The pins to relax: no smaller set has a solution.
    pub relaxed: Pins,
    /// A solution with them relaxed.
    pub solution: S,
    /// The conflicts that made it necessary; what is gone is one by itself.
    pub conflicts: Vec<Pins>,
}

/// Finds the least of `count` pins to relax, `gone` being among them; `None` if there is no solution
/// even with all of them relaxed.
///
/// # Errors
/// A search failed otherwise than by finding that there is no solution.
pub(crate) fn least<S: Searcher>(
    count: usize,
    gone: &Pins,
    searcher: &mut S,
) -> Result<Option<Least<S::Solution>>, S::Error> {
    let mut conflicts: Vec<Pins> = gone.iter().map(|pin| Pins::from([*pin])).collect();
    loop {
        let relaxed = smallest_meeting(&conflicts);
        let suspects = match searcher.search(&relaxed)? {
            Attempt::Solved(solution) => return Ok(Some(Least { relaxed, solution, conflicts })),
            Attempt::Conflict(suspects) => suspects,
        };
        let kept: Pins = (0..count).filter(|pin| !relaxed.contains(pin)).collect();
        let suspects: Pins = suspects.intersection(&kept).copied().collect();
        let mut boil = Boil { count, searcher };
        let conflict = if !suspects.is_empty() && suspects != kept && boil.is_conflict(&suspects)? {
            boil.down(&suspects)?
        } else {
            boil.down(&kept)?
        };
        if conflict.is_empty() {
            return Ok(None);
        }
        conflicts.push(conflict);
    }
}

struct Boil<'a, S> {
    count: usize,
    searcher: &'a mut S,
}

impl<S: Searcher> Boil<'_, S> {
    /// Whether `pins` cannot all stay, with every other pin free.
    fn is_conflict(&mut self, pins: &Pins) -> Result<bool, S::Error> {
        let free = (0..self.count).filter(|pin| !pins.contains(pin)).collect();
        Ok(!self.searcher.solves(&free)?)
    }

    /// A part of the conflict `pins` that is one itself and has no smaller one in it; empty if there
    /// is a conflict even without any pin.
    fn down(&mut self, pins: &Pins) -> Result<Pins, S::Error> {
        if self.is_conflict(&Pins::new())? {
            return Ok(Pins::new());
        }
        let pins: Vec<usize> = pins.iter().copied().collect();
        self.halves(&Pins::new(), false, &pins)
    }

    /// `QuickXplain` (Junker 2004): what of `pins` makes a conflict together with `background`,
    /// which has `grown` since it was last found to be none.
    fn halves(&mut self, background: &Pins, grown: bool, pins: &[usize]) -> Result<Pins, S::Error> {
        if grown && self.is_conflict(background)? {
            return Ok(Pins::new());
        }
        if let [only] = pins {
            return Ok(Pins::from([*only]));
        }
        let (left, right) = pins.split_at(pins.len() / 2);
        let with = |some: &Pins, more: &[usize]| some.iter().chain(more).copied().collect::<Pins>();
        let of_right = self.halves(&with(background, left), true, right)?;
        let found: Vec<usize> = of_right.iter().copied().collect();
        let of_left = self.halves(&with(background, &found), !found.is_empty(), left)?;
        Ok(of_left.union(&of_right).copied().collect())
    }
}

/// The smallest set that has a pin of each of the conflicts; of several, the one with the first pins.
fn smallest_meeting(conflicts: &[Pins]) -> Pins {
    let mut size = conflicts.iter().filter(|conflict| conflict.len() == 1).count();
    size = size.min(conflicts.len());
    loop {
        let mut chosen = Pins::new();
        if meets(conflicts, size, &mut chosen) {
            return chosen;
        }
        size += 1;
    }
}

/// Whether at most `size` more pins beside those `chosen` meet all of `conflicts`; chooses them.
fn meets(conflicts: &[Pins], size: usize, chosen: &mut Pins) -> bool {
    let open = conflicts.iter().filter(|conflict| conflict.is_disjoint(chosen));
    // The narrowest first: it leaves the fewest choices.
    let Some(narrowest) = open.min_by_key(|conflict| conflict.len()) else { return true };
    if size == 0 {
        return false;
    }
    for pin in narrowest {
        chosen.insert(*pin);
        if meets(conflicts, size - 1, chosen) {
            return true;
        }
        chosen.remove(pin);
    }
    false
}

#[cfg(test)]
#[path = "least_tests.rs"]
mod tests;
