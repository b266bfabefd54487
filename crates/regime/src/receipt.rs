//! Receipts: a hash over pack, engine, lens, case and outcome, so that the same decision can be reproduced and proved later.

use facts::Case;
use sha2::{Digest, Sha256};

use crate::epoch::{Lens, View};
use crate::judge::Decision;
use crate::law::Law;

/// SHA-256 over every text of a regime (drafts laid over it included), in hex.
pub fn pack_hash(law: &Law) -> &str {
    law.hash.get_or_init(|| {
        let mut hash = Sha256::new();
        for source in &law.sources {
            part(&mut hash, &source.path);
            part(&mut hash, &source.text);
        }
        hex(&hash.finalize())
    })
}

/// SHA-256 over what a decision rests on and what it was, in hex. `pack` is the regime's [`pack_hash`].
pub fn receipt(law: &Law, pack: &str, lens: &Lens, case: &Case, decision: &Decision) -> String {
    let mut hash = Sha256::new();
    part(&mut hash, concat!("tollgate ", env!("CARGO_PKG_VERSION")));
    part(&mut hash, &law.id);
    part(&mut hash, pack);
    part(&mut hash, if lens.view == View::Text { "text" } else { "practice" });
    part(&mut hash, &lens.known.map_or(String::new(), |d| d.to_string()));
    part(&mut hash, &case.canonical(&law.dictionary));
    part(&mut hash, decision.outcome.text());
    hex(&hash.finalize())
}

/// Each part with its length, so that no two lists of parts run together alike.
fn part(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
