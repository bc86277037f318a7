use std::convert::Infallible;

use super::*;

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn set(&mut self, size: usize, count: usize) -> u64 {
        let mut set = 0_u64;
        while set.count_ones() < u32::try_from(size).unwrap() {
            set |= 1 << self.next(count);
        }
        set
    }
}

fn bits(set: &[usize]) -> u64 {
    set.iter().fold(0, |bits, one| bits | 1 << one)
}

/// Fails with any of these sets in it; cannot be tested with the first of a pair and without the second.
struct Model {
    failing: Vec<u64>,
    needs: Vec<(usize, usize)>,
}

impl Model {
    fn answer(&self, set: u64) -> Answer {
        if self.needs.iter().any(|(one, other)| set & (1 << one) != 0 && set & (1 << other) == 0) {
            Answer::Untestable
        } else if self.failing.iter().any(|failing| set & failing == *failing) {
            Answer::Fails
        } else {
            Answer::Passes
        }
    }

    /// What was found, as bits, the culprits that are proven, and how many questions it took.
    fn search(&self, count: usize) -> (u64, Vec<(usize, bool)>, usize) {
        let mut runs = 0;
        let found = smallest(count, &mut |set| {
            runs += 1;
            Ok::<_, Infallible>(self.answer(bits(set)))
        });
        let Ok(found) = found;
        let members: Vec<usize> = found.culprits.iter().map(|(member, _)| *member).collect();
        (bits(&members), found.culprits, runs)
    }
}

/// About k·log₂(n): for each culprit a halving search, one look at what is kept, and one proof.
fn most(culprits: u32, count: usize) -> usize {
    let halvings = usize::try_from(count.next_power_of_two().ilog2()).unwrap();
    usize::try_from(culprits).unwrap() * (halvings + 2)
}

#[test]
fn what_is_found_is_minimal_as_brute_force_has_it_and_takes_about_k_log_n_runs() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..3000 {
        let count = 1 + numbers.next(12);
        let sets = 1 + numbers.next(3);
        let failing = (0..sets).map(|_| {
            let size = 1 + numbers.next(count.min(4));
            numbers.set(size, count)
        });
        let model = Model { failing: failing.collect(), needs: Vec::new() };
        let (found, culprits, runs) = model.search(count);
        // Brute force: of all subsets, those that fail and of which no proper subset does.
        let fails = |set: u64| model.answer(set) == Answer::Fails;
        let is_minimal =
            |set: u64| fails(set) && (0..set).filter(|sub| sub & set == *sub).all(|sub| !fails(sub));
        assert!(is_minimal(found), "round {round}: {found:b} of {:?}", model.failing);
        assert!(culprits.iter().all(|(_, proven)| *proven));
        assert!(
            runs <= most(found.count_ones(), count),
            "round {round}: {runs} runs for {found:b} of {count}"
        );
    }
}

#[test]
fn one_culprit_of_a_whole_lock_takes_ten_runs() {
    for culprit in [0, 1, 130, 261] {
        let mut runs = 0;
        let found = smallest(262, &mut |set| {
            runs += 1;
            Ok::<_, Infallible>(if set.contains(&culprit) { Answer::Fails } else { Answer::Passes })
        });
        assert_eq!(found, Ok(Found { culprits: vec![(culprit, true)] }));
        assert!(runs <= 10, "{runs}");
    }
}

#[test]
fn sets_that_cannot_be_tested_are_worked_around() {
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    for round in 0..3000 {
        let count = 2 + numbers.next(10);
        let size = 1 + numbers.next(count.min(3));
        let failing = vec![numbers.set(size, count)];
        let needs = (0..=numbers.next(3)).map(|_| (numbers.next(count), numbers.next(count))).collect();
        let model = Model { failing, needs };
        let (found, culprits, _) = model.search(count);
        assert_eq!(model.answer(found), Answer::Fails, "round {round}");
        for (member, proven) in culprits {
            let without = model.answer(found & !(1 << member));
            let expected = if proven { Answer::Passes } else { Answer::Untestable };
            assert_eq!(without, expected, "round {round}: {member} of {found:b}");
        }
    }
}

#[test]
fn a_failure_that_is_not_monotone_still_ends_in_a_set_that_fails_without_spare_members() {
    // 5 fails, 5 with 2 passes, 5 with 2 and 7 fails.
    let fails = |set: &[usize]| set.contains(&5) && (!set.contains(&2) || set.contains(&7));
    let found =
        smallest(9, &mut |set| Ok::<_, Infallible>(if fails(set) { Answer::Fails } else { Answer::Passes }));
    let members: Vec<usize> = found.unwrap().culprits.iter().map(|(member, _)| *member).collect();
    assert!(fails(&members), "{members:?}");
}
