//! The smallest set of changes that makes something fail, in about k·log₂(n) questions.
//!
//! Group testing by prefixes: with the changes in a row, the shortest prefix that fails ends in a
//! culprit. It is kept from then on, and the search goes on in front of it until the culprits alone
//! fail. If failing is monotone (more changes never make it pass), each culprit is necessary: before
//! it was added, all that came to be kept later passed without it.
//!
//! Sets that cannot be tested are worked around: where a prefix cannot be, its neighbours are. What
//! then lies between the longest prefix that passes and the shortest that fails is thinned out one
//! by one. In the end each culprit is left out once, so nothing rests on monotony alone.

use std::collections::HashMap;

/// What is known of a set of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With them all is well.
    Passes,
    /// With them it fails.
    Fails,
    /// There is no environment with them and without the rest.
    Untestable,
}

/// The culprits, in the order of the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Each one, and whether the others without it could be tested, and passed.
    pub(crate) culprits: Vec<(usize, bool)>,
}

/// Asks each question once.
struct Oracle<'a, E> {
    ask: &'a mut dyn FnMut(&[usize]) -> Result<Answer, E>,
    known: HashMap<Vec<usize>, Answer>,
}

impl<E> Oracle<'_, E> {
    fn ask(&mut self, mut set: Vec<usize>) -> Result<Answer, E> {
        set.sort_unstable();
        if let Some(answer) = self.known.get(&set) {
            return Ok(*answer);
        }
        let answer = (self.ask)(&set)?;
        self.known.insert(set, answer);
        Ok(answer)
    }

    fn fails(&mut self, set: Vec<usize>) -> Result<bool, E> {
        Ok(self.ask(set)? == Answer::Fails)
    }
}

/// Finds a smallest set of the changes `0..count` that fails, where all of them fail and none passes.
pub(crate) fn smallest<E>(
    count: usize,
    ask: &mut dyn FnMut(&[usize]) -> Result<Answer, E>,
) -> Result<Found, E> {
    let known = HashMap::from([(Vec::new(), Answer::Passes), ((0..count).collect(), Answer::Fails)]);
    let mut oracle = Oracle { ask, known };
    let mut kept: Vec<usize> = Vec::new();
    // What is kept fails together with the changes in front of this one.
    let mut end = count;
    while !oracle.fails(kept.clone())? {
        let (passes, fails) = shortest_failing(&mut oracle, &kept, end)?;
        let block = thinned(&mut oracle, &kept, passes, fails)?;
        kept.extend(block);
        end = passes;
    }
    proven(&mut oracle, kept)
}

/// The longest prefix that does not fail together with `kept`, and the shortest that does; between
/// the two there is nothing that can be tested.
fn shortest_failing<E>(oracle: &mut Oracle<'_, E>, kept: &[usize], end: usize) -> Result<(usize, usize), E> {
    let (mut low, mut high) = (0, end);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        let mut places: Vec<usize> = (low + 1..high).collect();
        places.sort_by_key(|place| place.abs_diff(middle));
        let mut narrowed = false;
        for place in places {
            let answer = oracle.ask(kept.iter().copied().chain(0..place).collect())?;
            match answer {
                Answer::Passes => low = place,
                Answer::Fails => high = place,
                Answer::Untestable => continue,
            }
            narrowed = true;
            break;
        }
        if !narrowed {
            break;
        }
    }
    Ok((low, high))
}

/// Those of the changes from `passes` up to `fails` that are needed for a failure, each tried once.
fn thinned<E>(
    oracle: &mut Oracle<'_, E>,
    kept: &[usize],
    passes: usize,
    fails: usize,
) -> Result<Vec<usize>, E> {
    let mut block: Vec<usize> = (passes..fails).collect();
    if block.len() > 1 {
        for change in (passes..fails).rev() {
            let rest = without(&block, &[change]);
            if oracle.fails(kept.iter().copied().chain(0..passes).chain(rest.iter().copied()).collect())? {
                block = rest;
            }
        }
    }
    Ok(block)
}

/// The culprits without those that turn out not to be needed. Two that need each other go together.
fn proven<E>(oracle: &mut Oracle<'_, E>, mut kept: Vec<usize>) -> Result<Found, E> {
    kept.sort_unstable();
    'smaller: loop {
        let mut culprits = Vec::new();
        for change in kept.clone() {
            let rest = without(&kept, &[change]);
            match oracle.ask(rest.clone())? {
                Answer::Fails => {
                    kept = rest;
                    continue 'smaller;
                }
                answer => culprits.push((change, answer == Answer::Passes)),
            }
        }
        let entangled: Vec<usize> =
            culprits.iter().filter(|(_, proven)| !proven).map(|(one, _)| *one).collect();
        for (place, one) in entangled.iter().enumerate() {
            for other in &entangled[place + 1..] {
                let rest = without(&kept, &[*one, *other]);
                if oracle.fails(rest.clone())? {
                    kept = rest;
                    continue 'smaller;
                }
            }
        }
        return Ok(Found { culprits });
    }
}

fn without(set: &[usize], out: &[usize]) -> Vec<usize> {
    set.iter().copied().filter(|one| !out.contains(one)).collect()
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
