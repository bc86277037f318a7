//! The least set, against trying all of them.

use std::convert::Infallible;

use super::*;

/// Numbers that only look random, the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A small world of packages: which versions there are, and which of two do not go together.
#[derive(Debug)]
struct World {
    /// How many versions of each package there are.
    versions: Vec<usize>,
    /// What is frozen; a version that there is not is gone.
    frozen: Vec<usize>,
    /// (package, version, package, version) that do not go together.
    against: BTreeSet<(usize, usize, usize, usize)>,
}

impl World {
    fn random(numbers: &mut Numbers) -> Self {
        let count = 2 + numbers.below(5);
        let versions: Vec<usize> = (0..count).map(|_| 1 + numbers.below(3)).collect();
        // Now and then one more than there is: gone.
        let mut pick = |there_are: &usize| {
            let beyond = usize::from(numbers.below(3) == 0);
            numbers.below(there_are + beyond)
        };
        let frozen = versions.iter().map(&mut pick).collect();
        let mut against = BTreeSet::new();
        for _ in 0..numbers.below(3 * count) {
            let (one, other) = (numbers.below(count), numbers.below(count));
            if one < other {
                against.insert((one, numbers.below(versions[one]), other, numbers.below(versions[other])));
            }
        }
        Self { versions, frozen, against }
    }

    fn gone(&self) -> Pins {
        (0..self.frozen.len()).filter(|p| self.frozen[*p] >= self.versions[*p]).collect()
    }

    /// A solution, tried out package by package.
    fn solve(&self, relaxed: &Pins, chosen: &mut Vec<usize>) -> bool {
        let package = chosen.len();
        if package == self.versions.len() {
            return true;
        }
        for version in 0..self.versions[package] {
            let stays = relaxed.contains(&package) || version == self.frozen[package];
            let clash =
                |(other, taken): (usize, &usize)| self.against.contains(&(other, *taken, package, version));
            if stays && !chosen.iter().enumerate().any(clash) {
                chosen.push(version);
                if self.solve(relaxed, chosen) {
                    return true;
                }
                chosen.pop();
            }
        }
        false
    }

    /// The size of the smallest set with a solution, by trying all sets.
    fn smallest(&self) -> Option<usize> {
        let count = self.versions.len();
        let sets =
            (0_u32..1 << count).map(|bits| (0..count).filter(|p| bits >> p & 1 == 1).collect::<Pins>());
        sets.filter(|set| self.solve(set, &mut Vec::new())).map(|set| set.len()).min()
    }
}

struct Asked<'a> {
    world: &'a World,
    numbers: Numbers,
    searches: usize,
}

impl Searcher for Asked<'_> {
    type Solution = Vec<usize>;
    type Error = Infallible;

    fn search(&mut self, relaxed: &Pins) -> Result<Attempt<Vec<usize>>, Infallible> {
        self.searches += 1;
        let mut chosen = Vec::new();
        if self.world.solve(relaxed, &mut chosen) {
            return Ok(Attempt::Solved(chosen));
        }
        // Suspicions are worth nothing: any pins, sometimes none.
        let count = self.world.versions.len();
        Ok(Attempt::Conflict((0..self.numbers.below(4)).map(|_| self.numbers.below(count)).collect()))
    }
}

#[test]
fn no_smaller_set_has_a_solution_in_thousands_of_small_worlds() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut solved, mut hopeless, mut beyond_gone) = (0, 0, 0);
    for round in 0..4000 {
        let world = World::random(&mut numbers);
        let gone = world.gone();
        let mut asked = Asked { world: &world, numbers: Numbers(round + 1), searches: 0 };
        let found = least(world.versions.len(), &gone, &mut asked).unwrap_or_else(|never| match never {});
        match (found, world.smallest()) {
            (Some(found), Some(size)) => {
                assert_eq!(found.relaxed.len(), size, "{world:?}");
                assert!(gone.is_subset(&found.relaxed));
                for (package, version) in found.solution.iter().enumerate() {
                    let stays = found.relaxed.contains(&package) || *version == world.frozen[package];
                    assert!(stays, "what was not relaxed moved: {world:?}");
                }
                assert!(found.conflicts.iter().all(|conflict| !conflict.is_disjoint(&found.relaxed)));
                solved += 1;
                beyond_gone += usize::from(found.relaxed.len() > gone.len());
            }
            (None, None) => hopeless += 1,
            (found, size) => panic!("{found:?} {size:?} {world:?}"),
        }
    }
    assert!(solved > 1000 && hopeless > 50 && beyond_gone > 200, "{solved} {hopeless} {beyond_gone}");
}

/// A searcher of many pins, of which some named ones do not go together, and which suspects right.
struct Large {
    conflict: Pins,
    suspects: bool,
    searches: usize,
}

impl Searcher for Large {
    type Solution = ();
    type Error = Infallible;

    fn search(&mut self, relaxed: &Pins) -> Result<Attempt<()>, Infallible> {
        self.searches += 1;
        if self.conflict.is_disjoint(relaxed) {
            let suspects = if self.suspects { self.conflict.clone() } else { Pins::new() };
            return Ok(Attempt::Conflict(suspects));
        }
        Ok(Attempt::Solved(()))
    }
}

#[test]
fn few_searches_are_enough_for_a_real_lock() {
    let searches = |conflict: &[usize], suspects| {
        let conflict: Pins = conflict.iter().copied().collect();
        let mut large = Large { conflict, suspects, searches: 0 };
        let found = least(350, &Pins::from([7, 300]), &mut large).unwrap_or_else(|never| match never {});
        (found.unwrap().relaxed.len(), large.searches)
    };
    assert_eq!(searches(&[7, 9], false), (2, 1), "what is gone explains everything");
    let (size, count) = searches(&[20, 200], true);
    assert!(size == 3 && count <= 8, "{count}");
    let (size, count) = searches(&[20, 200], false);
    assert!(size == 3 && count <= 32, "{count}");
}
