//! The examination of a log, offline: text by text in order, against its own chain, its clock and signed checkpoints; and what was
//! examined, and what was not.

mod finding;
mod store;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tlog_tiles::Hash;

use crate::apply::apply;
use crate::entry::{Entry, NO_HASH, Sealed};
use crate::proof::{Peaks, Signed, Tiles, signer, unsigned};
use crate::refusal::Stop;
use crate::state::State;

pub use finding::Finding;

/// What an audit looked at, what it found, and what it cannot say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Examined {
    /// How many entries were read.
    pub entries: u64,
    /// How many public keys were given.
    pub keys: u64,
    /// How many checkpoints a key that was given signed.
    pub signatures: u64,
    /// Up to where the log is the one that was signed; none where no signature says so.
    pub signed: Option<Upto>,
    /// How many entries no signature covers.
    pub unsigned: u64,
    /// What was examined, and how many of it.
    pub examined: Vec<(String, u64)>,
    /// What was not examined, or cannot be.
    pub not_examined: Vec<String>,
    /// What is not as it was sealed.
    pub findings: Vec<Finding>,
}

/// The last entry that a signature covers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upto {
    /// The entry.
    pub entry: u64,
    /// Name and number of the key.
    pub key: String,
    /// Whether the checkpoint was brought along, and not only kept beside the log.
    pub brought: bool,
}

impl Examined {
    /// Whether keys were given and no signature could be checked with them.
    pub fn nothing_checked(&self) -> bool {
        self.keys > 0 && self.signatures == 0
    }

    /// What was examined and what was not, a sentence a line; findings stand apart.
    pub fn told(&self) -> Vec<String> {
        let count = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let entries = count(self.entries, "entry", "entries");
        let mut lines = Vec::new();
        if self.findings.is_empty() {
            lines.push(format!("{entries}, and nothing found in what was examined"));
        } else {
            lines.push(format!("{entries}, {} found", self.findings.len()));
        }
        match &self.signed {
            Some(Upto { entry, key, brought }) => {
                let whence = if *brought { "that was brought along" } else { "that lies beside the log" };
                lines.push(format!("signed: entries 1 to {entry}, by {key}, in a checkpoint {whence}"));
                if self.unsigned == 0 {
                    lines.push("not signed: none".to_owned());
                } else {
                    let span = if self.unsigned == 1 {
                        format!("entry {}, which", self.entries)
                    } else {
                        format!("entries {} to {}, which", entry + 1, self.entries)
                    };
                    lines.push(format!(
                        "not signed: {span} came after it; whoever holds the log could have written anew what is not signed"
                    ));
                }
            }
            None => {
                let why = match (self.keys, self.signatures) {
                    (0, _) => "no public key was given",
                    (_, 0) => "no signature was checked, though a key was given: there is no checkpoint that it signed",
                    _ => "no checkpoint that was signed fits this log",
                };
                lines.push(format!("signed: nothing; {why}"));
                lines.push(format!("not signed: {entries}; whoever holds the log could have written anew what is not signed"));
            }
        }
        let examined: Vec<String> = self.examined.iter().map(|(what, n)| format!("{what} ({n})")).collect();
        lines.push(format!("examined: {}", examined.join(", ")));
        lines.extend(self.not_examined.iter().map(|what| format!("not examined: {what}")));
        lines
    }
}

/// What is said of every audit.
pub(crate) const DECISIONS: &str =
    "whether each entry was rightly decided: no command is decided again, and who acted is what the entry says";

/// A checkpoint as it is held against the log.
struct Held {
    /// The size under which it is kept; none where it was brought along.
    kept: Option<u64>,
    brought: bool,
    says: Result<(u64, Hash), String>,
    /// The key that signed it; none where no key was given.
    by: Option<Result<String, String>>,
}

impl Held {
    fn size(&self) -> u64 {
        self.says.as_ref().map_or(self.kept.unwrap_or(0), |(size, _)| *size)
    }
}

/// What a store keeps beside a text.
pub(crate) struct Kept<'a> {
    /// The place.
    pub place: i64,
    /// The command's key, if the entry is its first.
    pub key: Option<&'a str>,
    /// The hash.
    pub hash: &'a str,
}

/// An examination in progress.
pub struct Audit {
    findings: Vec<Finding>,
    read: u64,
    last: u64,
    at: Timestamp,
    /// Hash that the next entry must hold; none where the chain is torn already and was reported.
    hash: Option<String>,
    last_hash: String,
    peaks: Peaks,
    tiles: Tiles,
    roots: BTreeMap<u64, Hash>,
    held: Vec<Held>,
    keys: u64,
    state: Option<State>,
    /// Whether all that follows from the log can be held against it: no entry is missing or out of order.
    whole: bool,
    /// What each entry put into lists, as a hash.
    lists: Vec<(u64, [u8; 32])>,
}

impl Audit {
    /// Begins, with the checkpoints that lie beside the log, those that one was given elsewhere, and the public keys that one trusts.
    /// `replay` also follows every entry through.
    pub fn new(beside: &[Signed], brought: &[Signed], keys: &[String], replay: bool) -> Audit {
        let mut held: Vec<Held> = Vec::new();
        for signed in beside {
            let elsewhere = brought.iter().any(|b| b.note == signed.note);
            let by = (!keys.is_empty()).then(|| signer(&signed.note, keys));
            held.push(Held { kept: Some(signed.size), brought: elsewhere, says: unsigned(&signed.note), by });
        }
        for signed in brought.iter().filter(|b| beside.iter().all(|s| s.note != b.note)) {
            let by = (!keys.is_empty()).then(|| signer(&signed.note, keys));
            held.push(Held { kept: None, brought: true, says: unsigned(&signed.note), by });
        }
        held.sort_by_key(Held::size);
        let mut roots = BTreeMap::new();
        roots.insert(0, Peaks::default().root());
        Audit {
            findings: Vec::new(),
            read: 0,
            last: 0,
            at: Timestamp::MIN,
            hash: Some(NO_HASH.to_owned()),
            last_hash: NO_HASH.to_owned(),
            peaks: Peaks::default(),
            tiles: Tiles::default(),
            roots,
            held,
            keys: keys.len() as u64,
            state: replay.then(State::whole),
            whole: replay,
            lists: Vec::new(),
        }
    }

    /// How many texts were read.
    pub fn size(&self) -> u64 {
        self.peaks.size
    }

    /// The root of what was read.
    pub fn root(&self) -> Hash {
        self.peaks.root()
    }

    /// The hash of the last text.
    pub fn last_hash(&self) -> &str {
        &self.last_hash
    }

    /// Something else that is not as it was.
    pub(crate) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The next text, byte by byte as it lies there.
    pub fn entry(&mut self, body: &[u8]) {
        self.text(body, None);
    }

    pub(crate) fn text(&mut self, body: &[u8], kept: Option<&Kept<'_>>) {
        self.read += 1;
        let hash = regime::hex(&Sha256::digest(body));
        self.last_hash.clone_from(&hash);
        self.peaks.push(&hash);
        self.tiles.push(&hash);
        if self.held.iter().any(|held| held.size() == self.peaks.size) {
            self.roots.insert(self.peaks.size, self.peaks.root());
        }
        let place = kept.map_or(i64::try_from(self.read).unwrap_or(i64::MAX), |kept| kept.place);
        let changed = kept.is_some_and(|kept| kept.hash != hash);
        if changed {
            self.found(Finding::Changed { seq: place.unsigned_abs() });
        }
        // What a store keeps beside a changed text is what the next one was chained to.
        let chained = kept.filter(|_| changed).map_or(hash.clone(), |kept| kept.hash.to_owned());
        match read(body) {
            Err(why) => {
                self.found(Finding::NotAnEntry { at: place, why });
                self.hash = None;
                self.last = self.last.max(u64::try_from(place).unwrap_or(0));
                (self.whole, self.state) = (false, None);
            }
            Ok(entry) => {
                self.linked(&entry, place, kept);
                self.hash = Some(chained);
                self.follow(Sealed { entry, body: String::new(), hash });
            }
        }
    }

    /// Place, link and moment of an entry, and the key that is kept beside it.
    fn linked(&mut self, entry: &Entry, place: i64, kept: Option<&Kept<'_>>) {
        let stands = kept.is_none() || i64::try_from(entry.seq) == Ok(place);
        if !stands || entry.seq <= self.last {
            self.found(Finding::OutOfOrder { seq: entry.seq, at: place });
            (self.hash, self.whole) = (None, false);
        } else if entry.seq > self.last.saturating_add(1) {
            self.found(Finding::Removed { from: self.last + 1, to: entry.seq - 1 });
            (self.hash, self.whole) = (None, false);
        }
        if self.hash.as_ref().is_some_and(|expected| *expected != entry.prev) {
            // The one before it, or its own link: whichever, the two do not belong together.
            let before = Finding::Changed { seq: entry.seq.saturating_sub(1).max(1) };
            if !self.findings.contains(&before) {
                self.found(before);
            }
        }
        if entry.at < self.at {
            let (at, before) = (entry.at.to_string(), self.at.to_string());
            self.found(Finding::BackDated { seq: entry.seq, at, before });
        }
        self.at = self.at.max(entry.at);
        self.last = self.last.max(entry.seq).max(u64::try_from(place).unwrap_or(0));
        let first = !entry.digest.is_empty();
        if kept.is_some_and(|kept| kept.key != first.then_some(entry.key.as_str())) {
            self.found(Finding::KeyDiffers { seq: entry.seq });
        }
        let before =
            self.state.as_ref().filter(|_| first).and_then(|state| state.done(&entry.key).ok().flatten()).map(|d| d.first);
        if let Some(first) = before {
            self.found(Finding::KeyTwice { seq: entry.seq, first });
        }
    }

    fn follow(&mut self, sealed: Sealed) {
        let Some(state) = &mut self.state else { return };
        let seq = sealed.entry.seq;
        if let Err(stop) = apply(state, &sealed) {
            let why = match stop {
                Stop::Refused(refusal) => refusal.to_string(),
                Stop::Record(name) => format!("{name} is not there"),
                Stop::List(heading) => format!("the list {heading} is not there"),
            };
            self.findings.push(Finding::Impossible { seq, why });
            (self.whole, self.state) = (false, None);
            return;
        }
        let added = state.take_added();
        if !added.is_empty() {
            let mut of = Items::default();
            added.iter().for_each(|(_, heading, item)| of.push(heading, item));
            self.lists.push((seq, of.done()));
        }
    }

    /// Ends: checkpoints are held against the log. With what follows from it, where all of it could be followed.
    pub fn finish(mut self) -> (Examined, Option<State>) {
        let (signed, signatures) = self.checkpoints();
        let entries = self.read;
        let examined = Examined {
            entries,
            keys: self.keys,
            signatures,
            unsigned: entries - signed.as_ref().map_or(0, |upto| upto.entry.min(entries)),
            signed,
            examined: vec![("entries".to_owned(), entries), ("checkpoints".to_owned(), self.held.len() as u64)],
            not_examined: Vec::new(),
            findings: self.findings,
        };
        (examined, self.state.filter(|_| self.whole))
    }

    fn checkpoints(&mut self) -> (Option<Upto>, u64) {
        let (mut signed, mut signatures, mut sound) = (None, 0, 0);
        for held in &self.held {
            let size = held.size();
            let (says, root) = match &held.says {
                Ok(says) => *says,
                Err(why) => {
                    self.findings.push(Finding::BadCheckpoint { size, why: why.clone() });
                    continue;
                }
            };
            if let Some(kept) = held.kept.filter(|kept| *kept != says) {
                self.findings.push(Finding::CheckpointSize { kept, says });
            }
            let by = match &held.by {
                Some(Err(why)) => {
                    self.findings.push(Finding::BadCheckpoint { size, why: why.clone() });
                    continue;
                }
                Some(Ok(by)) => {
                    signatures += 1;
                    Some(by)
                }
                None => None,
            };
            match self.roots.get(&says) {
                None => self.findings.push(Finding::CutOff { size: says, last: self.peaks.size }),
                Some(own) if *own != root => {
                    self.findings.push(Finding::NotWhatWasSigned { size: says, sound_upto: sound });
                }
                Some(_) => {
                    sound = says;
                    if let Some(key) = by.filter(|_| says > 0) {
                        signed = Some(Upto { entry: says, key: key.clone(), brought: held.brought });
                    }
                }
            }
        }
        (signed, signatures)
    }
}

/// An entry from the bytes of its text.
fn read(body: &[u8]) -> Result<Entry, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    if !(text.starts_with('{') && text.ends_with('}')) {
        return Err("it is not one JSON object without anything around it".to_owned());
    }
    serde_json::from_str(text).map_err(|why| why.to_string())
}

/// What one entry put into lists, in order.
#[derive(Default)]
struct Items(Sha256);

impl Items {
    fn push(&mut self, heading: &str, item: &str) {
        for text in [heading, item] {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text.as_bytes());
        }
    }

    fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
