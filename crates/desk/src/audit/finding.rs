//! What an audit may find, and how it is said.

use std::fmt;

use serde::Serialize;

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
    OutOfOrder { seq: u64, at: i64 },
    /// An entry claims a moment before the one before it.
    BackDated { seq: u64, at: String, before: String },
    /// A text that is no entry.
    NotAnEntry { at: i64, why: String },
    /// An entry that does not follow from those before it.
    Impossible { seq: u64, why: String },
    /// The key that is kept beside an entry is not the entry's own.
    KeyDiffers { seq: u64 },
    /// Two entries begin the same command.
    KeyTwice { seq: u64, first: u64 },
    /// The log ends elsewhere than its head says.
    WrongEnd { head: i64, last: u64 },
    /// The head holds another hash than the last entry has.
    HeadHash { last: u64 },
    /// The head holds another moment than the last entry.
    HeadMoment { head: String, last: String },
    /// There is no head, more than one, or one of another number.
    Heads { count: u64 },
    /// The log is shorter than a checkpoint that was signed.
    CutOff { size: u64, last: u64 },
    /// The log up to here is not the one that was signed; up to the checkpoint before it still is.
    NotWhatWasSigned { size: u64, sound_upto: u64 },
    /// A checkpoint that none of the keys signed.
    BadCheckpoint { size: u64, why: String },
    /// A checkpoint is kept under a size that it does not state.
    CheckpointSize { kept: u64, says: u64 },
    /// Of two checkpoints there is no proof that the later log continues the earlier one.
    Growth { from: u64, to: u64, why: String },
    /// Something lies in a bundle, or is missing there.
    Bundle { file: String, why: String },
    /// A record does not follow from the log.
    RecordDiffers { name: String },
    /// A list does not follow from the log.
    ListDiffers { heading: String },
    /// What an entry put into lists is kept under another entry or in another order.
    ItemsDiffer { seq: i64 },
    /// A root that is kept for proofs is not what the entries give.
    TileDiffers { level: i64, place: i64 },
    /// A table, index, trigger or view is not as this program makes it.
    Schema { name: String, why: String },
    /// A part of the store could not be read.
    Unreadable { what: String, why: String },
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
            Finding::KeyDiffers { seq } => {
                write!(
                    f,
                    "the key kept beside entry {seq} is not the entry's own: its command could be done twice, or another be taken for done"
                )
            }
            Finding::KeyTwice { seq, first } => {
                write!(f, "entry {seq} does the command of entry {first} again: they have one key")
            }
            Finding::WrongEnd { head, last } => write!(f, "the log ends at {last}, its head says {head}"),
            Finding::HeadHash { last } => write!(f, "the head does not hold the hash of the last entry, {last}"),
            Finding::HeadMoment { head, last } => {
                write!(
                    f,
                    "the head holds the moment {head}, the last entry {last}: no command is taken that is dated before the head"
                )
            }
            Finding::Heads { count } => write!(f, "the table head must hold one row, of the number 1; it holds {count} in all"),
            Finding::CutOff { size, last } => write!(f, "{size} entries were signed for, the log ends at {last}"),
            Finding::NotWhatWasSigned { size, sound_upto } => {
                write!(f, "the first {size} entries are not those that were signed for: ")?;
                let from = sound_upto + 1;
                if from == *size {
                    write!(f, "entry {size} was rewritten")?;
                } else {
                    write!(f, "they were rewritten somewhere from entry {from} to entry {size}")?;
                }
                match sound_upto {
                    0 => write!(f, "; no earlier checkpoint says more closely where"),
                    _ => write!(f, "; up to entry {sound_upto} they are as signed"),
                }
            }
            Finding::BadCheckpoint { size, why } => write!(f, "checkpoint of {size} entries: {why}"),
            Finding::CheckpointSize { kept, says } => {
                write!(f, "the checkpoint kept as one of {kept} entries says that it is one of {says}")
            }
            Finding::Growth { from, to, why } => write!(f, "growth/{from}-{to}: {why}"),
            Finding::Bundle { file, why } => write!(f, "{file}: {why}"),
            Finding::RecordDiffers { name } => write!(f, "the record {name} does not follow from the log"),
            Finding::ListDiffers { heading } => write!(f, "the list `{heading}` does not follow from the log"),
            Finding::ItemsDiffer { seq } => {
                write!(f, "what entry {seq} put into lists is kept under another entry, in another place, or is not of the log")
            }
            Finding::TileDiffers { level, place } => {
                write!(f, "tile {place} of level {level} is not what the entries give: proofs made with it would not hold")
            }
            Finding::Schema { name, why } => write!(f, "{name} {why}"),
            Finding::Unreadable { what, why } => write!(f, "{what} could not be read to the end: {why}"),
        }
    }
}
