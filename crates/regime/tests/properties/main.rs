//! Properties that must hold of every case, every day and every page, asked with many drawn at random from fixed seeds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/made_up.rs"]
mod made_up;

mod coverage;
mod draw;
mod epochs;
mod exact;
mod knowledge;
mod missing;
mod overlays;
mod programs;
mod round_trip;
mod small_world;
mod tiers;
