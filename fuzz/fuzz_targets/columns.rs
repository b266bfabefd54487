//! Any bytes as the seed of a regime made up at random and of rows for it, which both judges decide: one case by one, and in columns.
#![no_main]
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../crates/columns/tests/agree/both.rs"]
mod both;
#[path = "../../crates/regime/tests/common/mod.rs"]
mod common;
#[path = "../../crates/regime/tests/common/made_up.rs"]
mod made_up;
#[path = "../../crates/columns/tests/agree/table.rs"]
mod table;

use facts::Case;
use made_up::{DAYS, Dice, case, made_up};
use regime::{Corridor, Lens};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let seed = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mut dice = Dice(seed | 1);
    let mut corridor = Corridor::of(vec![made_up(&mut dice)], Lens::default());
    let rows = 1 + dice.below(300);
    let known = [4, 8, 24, 1000][dice.below(4)];
    let cases: Vec<Case> = (0..rows).map(|_| case(&corridor.laws[0], &mut dice, &DAYS, known)).collect();
    both::agree(&mut corridor, &cases, &mut dice);
});
