//! The examination of a log, offline: text by text in order, against its own chain, its clock and signed checkpoints.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::apply::apply;
use crate::entry::{Entry, NO_HASH, Sealed, hash_of};
use crate::proof::{Peaks, Signed, read_checkpoint};
use crate::state::State;
use crate::store::{Error, Store};

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are places in the log
pub enum Finding {
    /// The text of an entry is not the one that was hashed.
    Changed { seq: u64 },
    /// Entries are gone.
    Removed { from: u64, to: u64 },
    /// An entry stands where another belongs.
    OutOfOrder { seq: u64, at: u64 },
    /// An entry claims a moment before the one before it.
    BackDated { seq: u64, at: String, before: String },
    /// A text that is no entry.
    NotAnEntry { at: u64, why: String },
    /// An entry that does not follow from those before it.
    Impossible { seq: u64, why: String },
    /// The log ends elsewhere than its head says.
    WrongEnd { head: u64, last: u64 },
    /// The log is shorter than a checkpoint that was signed.
    CutOff { size: u64, last: u64 },
    /// The log up to here is not the one that was signed; up to the checkpoint before it still is.
    NotWhatWasSigned { size: u64, sound_upto: u64 },
    /// A checkpoint that none of the keys signed.
    BadCheckpoint { size: u64, why: String },
    /// A record does not follow from the log.
    RecordDiffers { name: String },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Changed { seq } => write!(f, "entry {seq} was changed: its text does not give the hash in the chain"),
            Finding::Removed { from, to } if from == to => write!(f, "entry {from} was removed"),
            Finding::Removed { from, to } => write!(f, "entries {from} to {to} were removed"),
            Finding::OutOfOrder { seq, at } => write!(f, "entry {seq} stands at place {at}: reordered or doubled"),
            Finding::BackDated { seq, at, before } => write!(f, "entry {seq} is dated back: {at}, after one of {before}"),
            Finding::NotAnEntry { at, why } => write!(f, "place {at} holds no entry: {why}"),
            Finding::Impossible { seq, why } => write!(f, "entry {seq} does not follow from those before it: {why}"),
            Finding::WrongEnd { head, last } => write!(f, "the log ends at {last}, its head says {head}"),
            Finding::CutOff { size, last } => write!(f, "{size} entries were signed for, the log ends at {last}"),
            Finding::NotWhatWasSigned { size, sound_upto } => write!(
                f,
                "the first {size} entries are not those that were signed for: something in {} to {size} was rewritten",
                sound_upto + 1
            ),
            Finding::BadCheckpoint { size, why } => write!(f, "checkpoint of size {size}: {why}"),
            Finding::RecordDiffers { name } => write!(f, "the record {name} does not follow from the log"),
        }
    }
}

/// An examination in progress.
pub struct Audit {
    /// What was found so far.
    pub findings: Vec<Finding>,
    /// How many texts were read.
    pub read: u64,
    last: u64,
    at: Timestamp,
    /// Hash that the next entry must hold; none where the chain is torn already and was reported.
    hash: Option<String>,
    peaks: Peaks,
    roots: Vec<(u64, tlog_tiles::Hash)>,
    sizes: Vec<(u64, Result<tlog_tiles::Hash, String>)>,
    /// Checkpoints are given up to this one.
    state: Option<State>,
}

impl Audit {
    /// Begins, with the checkpoints that are at hand and the public keys that one trusts. `replay` also follows every entry through.
    pub fn new(checkpoints: &[Signed], keys: &[String], replay: bool) -> Audit {
        let mut sizes: Vec<(u64, Result<tlog_tiles::Hash, String>)> = Vec::new();
        for signed in checkpoints {
            match read_checkpoint(&signed.note, keys) {
                Ok((size, root)) => sizes.push((size, Ok(root))),
                Err(why) => sizes.push((signed.size, Err(why))),
            }
        }
        sizes.sort_by_key(|(size, _)| *size);
        Audit {
            findings: Vec::new(),
            read: 0,
            last: 0,
            at: Timestamp::MIN,
            hash: Some(NO_HASH.to_owned()),
            peaks: Peaks::default(),
            roots: Vec::new(),
            sizes,
            state: replay.then(State::whole),
        }
    }

    /// The next text. A store gives the place and the hash that it keeps beside it.
    pub fn entry(&mut self, body: &str, kept: Option<(u64, &str)>) {
        self.read += 1;
        let place = kept.map_or(self.read, |(seq, _)| seq);
        let entry: Entry = match serde_json::from_str(body) {
            Ok(entry) => entry,
            Err(why) => {
                self.findings.push(Finding::NotAnEntry { at: place, why: why.to_string() });
                self.hash = None;
                self.last = self.last.max(place);
                return;
            }
        };
        let hash = hash_of(body);
        let changed = kept.is_some_and(|(_, kept)| kept != hash);
        if changed {
            self.findings.push(Finding::Changed { seq: place });
        }
        if kept.is_some_and(|(seq, _)| seq != entry.seq) || entry.seq <= self.last {
            self.findings.push(Finding::OutOfOrder { seq: entry.seq, at: place });
            self.hash = None;
        } else if entry.seq > self.last + 1 {
            self.findings.push(Finding::Removed { from: self.last + 1, to: entry.seq - 1 });
            self.hash = None;
        }
        if self.hash.as_ref().is_some_and(|expected| *expected != entry.prev) {
            // The one before it, or its own link: whichever, the two do not belong together.
            let before = Finding::Changed { seq: entry.seq.saturating_sub(1).max(1) };
            if !self.findings.contains(&before) {
                self.findings.push(before);
            }
        }
        if entry.at < self.at {
            let (at, before) = (entry.at.to_string(), self.at.to_string());
            self.findings.push(Finding::BackDated { seq: entry.seq, at, before });
        }
        self.at = self.at.max(entry.at);
        self.last = self.last.max(entry.seq).max(place);
        // What a store keeps beside a changed text is what the next one was chained to.
        let chained = kept.filter(|_| changed).map_or(hash.clone(), |(_, kept)| kept.to_owned());
        self.peaks.push(&hash);
        self.hash = Some(chained);
        if self.sizes.iter().any(|(size, _)| *size == self.peaks.size) {
            self.roots.push((self.peaks.size, self.peaks.root()));
        }
        self.follow(Sealed { entry, body: String::new(), hash });
    }

    fn follow(&mut self, sealed: Sealed) {
        if let Some(state) = &mut self.state
            && let Err(stop) = apply(state, &sealed)
        {
            let why = format!("{stop:?}");
            self.findings.push(Finding::Impossible { seq: sealed.entry.seq, why });
            self.state = None;
        }
    }

    /// Ends: checkpoints are held against the log.
    pub fn finish(mut self) -> (Vec<Finding>, Option<State>) {
        let mut sound = 0;
        for (size, root) in std::mem::take(&mut self.sizes) {
            match root {
                Err(why) => self.findings.push(Finding::BadCheckpoint { size, why }),
                Ok(_) if size > self.peaks.size => self.findings.push(Finding::CutOff { size, last: self.peaks.size }),
                Ok(root) => match self.roots.iter().find(|(s, _)| *s == size) {
                    Some((_, own)) if *own == root => sound = sound.max(size),
                    _ => self.findings.push(Finding::NotWhatWasSigned { size, sound_upto: sound }),
                },
            }
        }
        (self.findings, self.state)
    }
}

impl Store {
    /// Examines the whole store: chain, clock, checkpoints of its own and others, and that every record follows from the log.
    ///
    /// # Errors
    /// The database failed.
    pub fn audit(&mut self, others: &[Signed], keys: &[String]) -> Result<(u64, Vec<Finding>), Error> {
        let mut checkpoints = if keys.is_empty() { Vec::new() } else { self.checkpoints()? };
        checkpoints.extend_from_slice(others);
        let head = self.head()?;
        let mut audit = Audit::new(&checkpoints, keys, true);
        self.entries(1, |seq, hash, body| {
            audit.entry(body, Some((seq, hash)));
            Ok(())
        })?;
        let (read, last, hash) = (audit.read, audit.last, audit.hash.clone());
        let (mut findings, state) = audit.finish();
        if head.seq != last {
            findings.push(Finding::WrongEnd { head: head.seq, last });
        } else if hash.is_some_and(|hash| hash != head.hash) && last > 0 && findings.is_empty() {
            findings.push(Finding::Changed { seq: last });
        }
        // Where the log itself is not sound, nothing can be held against it.
        if let (Some(state), true) = (state, findings.is_empty()) {
            for kind in crate::state::Record::KINDS.iter().filter(|k| **k != "done") {
                let kept = self.records(kind)?;
                let names = state.names(&format!("{kind}/")).into_iter();
                let unkept = names.filter(|name| kept.binary_search_by(|(k, _)| k.cmp(name)).is_err());
                findings.extend(unkept.map(|name| Finding::RecordDiffers { name }));
                for (name, record) in &kept {
                    if state.record(name).ok().flatten() != Some(record) {
                        findings.push(Finding::RecordDiffers { name: name.clone() });
                    }
                }
            }
        }
        Ok((read, findings))
    }
}
