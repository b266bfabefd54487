//! Proof that the log was not changed: a Merkle tree over its hashes, signed checkpoints, inclusion and consistency, in the C2SP formats.
//!
//! A leaf is the 32 bytes of an entry's hash, so that one entry is proved without showing the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;

use rand_core::OsRng;
use signed_note::{Note, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, HashReader, node_hash, record_hash, split_stored_hash_index};

use crate::store::{Db, Error, Store, Value};

/// Entries under one tile, as in tlog-tiles of height 8.
const TILE: u64 = 256;

/// A signed statement: the log of this name had this many entries, with this root.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    /// How many entries.
    pub size: u64,
    /// The note, as it is published.
    pub note: String,
}

/// Makes a pair of keys: the secret one, and the one to be published. The name stands in every checkpoint.
///
/// # Errors
/// The name has spaces or pluses.
pub fn new_key(name: &str) -> Result<(String, String), Error> {
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '+') {
        return Err(Error::Broken(format!("{name:?} is no name of a key")));
    }
    Ok(signed_note::generate_key(&mut OsRng, name))
}

/// Reads a checkpoint that one of these public keys signed.
///
/// # Errors
/// A sentence: it is none, or no such key signed it.
pub fn read_checkpoint(note: &str, keys: &[String]) -> Result<(u64, Hash), String> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|e| format!("no signed note: {e}"))?;
    let mut verifiers: Vec<Box<dyn Verifier>> = Vec::new();
    for key in keys.iter().map(|k| k.trim()).filter(|k| !k.is_empty()).collect::<BTreeSet<_>>() {
        verifiers.push(Box::new(StandardVerifier::new(key).map_err(|e| format!("no public key: {e}"))?));
    }
    parsed.verify(&VerifierList::new(verifiers)).map_err(|e| format!("the signature does not hold: {e}"))?;
    let checkpoint = Checkpoint::from_bytes(parsed.text()).map_err(|_| "no checkpoint".to_owned())?;
    Ok((checkpoint.size(), *checkpoint.hash()))
}

/// The root of a log that grows entry by entry; it holds one hash for every power of two.
#[derive(Clone, Debug, Default)]
pub struct Peaks {
    peaks: Vec<Option<Hash>>,
    /// How many entries.
    pub size: u64,
}

impl Peaks {
    /// Adds an entry's hash (hex).
    pub fn push(&mut self, hash: &str) {
        let mut node = leaf(hash);
        for peak in &mut self.peaks {
            match peak.take() {
                Some(left) => node = node_hash(left, node),
                None => {
                    *peak = Some(node);
                    self.size += 1;
                    return;
                }
            }
        }
        self.peaks.push(Some(node));
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().flatten();
        let Some(first) = peaks.next() else { return tlog_tiles::EMPTY_HASH };
        peaks.fold(*first, |right, left| node_hash(*left, right))
    }
}

/// The leaf of an entry's hash.
fn leaf(hash: &str) -> Hash {
    record_hash(&bytes(hash))
}

/// The bytes of a hash in hex; what is none gives fewer bytes, and so another leaf.
fn bytes(hash: &str) -> Vec<u8> {
    let digits: Vec<u8> = hash.bytes().map_while(|b| (b as char).to_digit(16).map(|d| d as u8)).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |all, d| (all << 4) | d)).collect()
}

impl Store {
    /// Signs where the log stands now, and keeps the checkpoint. Only what is published proves something later.
    ///
    /// # Errors
    /// The key is none, the log is empty, or the database failed.
    pub fn checkpoint(&mut self, secret: &str) -> Result<Signed, Error> {
        let signer = StandardSigner::new(secret.trim()).map_err(|e| Error::Broken(format!("no secret key: {e}")))?;
        let size = self.head()?.seq;
        if size == 0 {
            return Err(Error::Broken("the log is empty".to_owned()));
        }
        self.grow(size)?;
        let root = self.root(size)?;
        let checkpoint = Checkpoint::new(signer.name(), size, root, "").map_err(|_| Error::Broken("no origin".to_owned()))?;
        let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|e| Error::Broken(e.to_string()))?;
        note.add_sigs(&[&signer]).map_err(|e| Error::Broken(e.to_string()))?;
        let note = String::from_utf8_lossy(&note.to_bytes()).into_owned();
        let row = vec![vec![int(size), note.as_str().into()]];
        self.db().insert("checkpoint", &["size", "note"], "ON CONFLICT (size) DO NOTHING", &row)?;
        Ok(Signed { size, note })
    }

    /// Every checkpoint that was signed, the oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn checkpoints(&mut self) -> Result<Vec<Signed>, Error> {
        let rows = self.db().rows("SELECT size, note FROM checkpoint ORDER BY size", &[])?;
        let signed = |row: Vec<Value>| {
            let [size, note] = row.try_into().unwrap_or([Value::Null, Value::Null]);
            Signed { size: size.int().unsigned_abs(), note: note.text() }
        };
        Ok(rows.into_iter().map(signed).collect())
    }

    /// Proof that an entry stands in a checkpoint, in the format of C2SP tlog-proof.
    ///
    /// # Errors
    /// The checkpoint does not reach so far, or the database failed.
    pub fn prove_entry(&mut self, seq: u64, checkpoint: &Signed) -> Result<String, Error> {
        if seq == 0 || seq > checkpoint.size {
            return Err(Error::Broken(format!("the checkpoint of size {} does not hold entry {seq}", checkpoint.size)));
        }
        self.grow(checkpoint.size)?;
        let tree = Tree(RefCell::new(self.db()));
        let proof = tlog_tiles::prove_record(checkpoint.size, seq - 1, &tree).map_err(|e| Error::Broken(e.to_string()))?;
        let hashes: Vec<String> = proof.iter().map(|h| format!("{h}\n")).collect();
        Ok(format!("c2sp.org/tlog-proof@v1\nindex {}\n{}\n{}", seq - 1, hashes.concat(), checkpoint.note))
    }

    /// Proof that the log of an earlier checkpoint begins the log of a later one: hashes, a line each.
    ///
    /// # Errors
    /// The checkpoints are in the wrong order, or the database failed.
    pub fn prove_growth(&mut self, from: u64, to: u64) -> Result<String, Error> {
        if from == 0 || from > to {
            return Err(Error::Broken(format!("a log of {to} entries does not continue one of {from}")));
        }
        self.grow(to)?;
        let tree = Tree(RefCell::new(self.db()));
        let proof = tlog_tiles::prove_tree(to, from, &tree).map_err(|e| Error::Broken(e.to_string()))?;
        Ok(proof.iter().map(|h| format!("{h}\n")).collect())
    }

    fn root(&mut self, size: u64) -> Result<Hash, Error> {
        let tree = Tree(RefCell::new(self.db()));
        tlog_tiles::tree_hash(size, &tree).map_err(|e| Error::Broken(e.to_string()))
    }

    /// Keeps the roots of tiles that became full, level by level.
    fn grow(&mut self, size: u64) -> Result<(), Error> {
        let (mut level, mut full) = (1, size / TILE);
        while full > 0 {
            let sql = "SELECT count(*) FROM tile WHERE level = $1";
            let kept = self.db().rows(sql, &[int(level)])?.first().and_then(|r| r.first()).map_or(0, Value::int).unsigned_abs();
            let mut rows = Vec::new();
            for place in kept..full {
                let hashes = bases(self.db(), level - 1, place * TILE, TILE)?;
                let [root] = <[Hash; 1]>::try_from(folded(hashes)).map_err(|_| Error::Broken("a tile is not full".to_owned()))?;
                rows.push(vec![int(level), int(place), root.to_string().into()]);
            }
            self.db().insert("tile", &["level", "place", "hash"], "ON CONFLICT (level, place) DO NOTHING", &rows)?;
            (level, full) = (level + 1, full / TILE);
        }
        Ok(())
    }
}

/// Checks a proof of [`Store::prove_entry`] for an entry's text, offline.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_entry(proof: &str, body: &str, keys: &[String]) -> Result<u64, String> {
    let rest = proof.strip_prefix("c2sp.org/tlog-proof@v1\n").ok_or("no proof of the format tlog-proof@v1")?;
    let (lines, note) = rest.split_once("\n\n").ok_or("the proof has no checkpoint")?;
    let mut lines = lines.lines();
    let index = lines.next().and_then(|l| l.strip_prefix("index ")).and_then(|n| n.parse::<u64>().ok()).ok_or("no index")?;
    let hashes = lines.map(Hash::parse_hash).collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    let (size, root) = read_checkpoint(note, keys)?;
    if index >= size {
        return Err("the checkpoint does not reach so far".to_owned());
    }
    let leaf = leaf(&crate::entry::hash_of(body));
    tlog_tiles::check_record(&hashes, size, root, index, leaf).map_err(|_| format!("entry {} is not in the log", index + 1))?;
    Ok(index + 1)
}

/// Checks a proof of [`Store::prove_growth`] between two checkpoints, offline.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check_growth(proof: &str, earlier: &str, later: &str, keys: &[String]) -> Result<(u64, u64), String> {
    let ((from, old), (to, new)) = (read_checkpoint(earlier, keys)?, read_checkpoint(later, keys)?);
    if from == 0 || from > to {
        return Err(format!("a log of {to} entries does not continue one of {from}"));
    }
    let hashes = proof.lines().map(Hash::parse_hash).collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    tlog_tiles::check_tree(&hashes, to, new, from, old)
        .map_err(|_| "the later log does not continue the earlier one".to_owned())?;
    Ok((from, to))
}

/// The tree as the proofs ask for it, over a database.
struct Tree<'a>(RefCell<&'a mut Db>);

impl HashReader for Tree<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let mut db = self.0.borrow_mut();
        let failed = |e: Error| tlog_tiles::Error::InvalidInput(io::Error::other(e.to_string()).to_string());
        indexes
            .iter()
            .map(|index| {
                let (level, n) = split_stored_hash_index(*index);
                // The nearest level below that is kept: entries, tiles, tiles of tiles.
                let (base, width) = (u64::from(level) / 8, 1 << (level % 8));
                let hashes = bases(&mut db, base, n * width, width).map_err(failed)?;
                folded(hashes).first().copied().ok_or(tlog_tiles::Error::IndexesNotInTree)
            })
            .collect()
    }
}

/// Some hashes side by side of a level that is kept: leaves at 0, roots of tiles above.
fn bases(db: &mut Db, level: u64, from: u64, count: u64) -> Result<Vec<Hash>, Error> {
    if level == 0 {
        let sql = "SELECT hash FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq";
        let rows = db.rows(sql, &[int(from + 1), int(from + 1 + count)])?;
        return Ok(rows.into_iter().filter_map(|r| r.into_iter().next()).map(|hash| leaf(&hash.text())).collect());
    }
    let sql = "SELECT hash FROM tile WHERE level = $1 AND place >= $2 AND place < $3 ORDER BY place";
    let rows = db.rows(sql, &[int(level), int(from), int(from + count)])?;
    rows.into_iter()
        .filter_map(|r| r.into_iter().next())
        .map(|hash| Hash::parse_hash(&hash.text()).map_err(|e| Error::Broken(e.to_string())))
        .collect()
}

/// A power of two of hashes to their common root.
fn folded(mut hashes: Vec<Hash>) -> Vec<Hash> {
    while hashes.len() > 1 && hashes.len().is_power_of_two() {
        hashes = hashes.chunks_exact(2).filter_map(|p| if let [l, r] = p { Some(node_hash(*l, *r)) } else { None }).collect();
    }
    hashes
}

fn int(n: u64) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
