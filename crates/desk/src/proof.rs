//! Proof that the log was not changed: a Merkle tree over its hashes, signed checkpoints, inclusion and consistency, in the C2SP formats.
//!
//! A leaf is the 32 bytes of an entry's hash, so that one entry is proved without showing the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;

use rand_core::OsRng;
use signed_note::{Note, NoteError, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash, HashReader, node_hash, record_hash, split_stored_hash_index};

use crate::audit::Audit;
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

impl Signed {
    /// A checkpoint from the text of its note, whoever signed it.
    ///
    /// # Errors
    /// A sentence: it is none.
    pub fn read(note: String) -> Result<Signed, String> {
        let (size, _) = unsigned(&note)?;
        Ok(Signed { size, note })
    }
}

/// Makes a pair of keys: the secret one, and the one to be published. The name stands in every checkpoint.
///
/// # Errors
/// The name has spaces or pluses.
pub fn new_key(name: &str) -> Result<(String, String), Error> {
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '+') {
        return Err(Error::Cannot {
            what: format!("{name:?} is no name of a key"),
            next: "a name has neither spaces nor pluses, as desk.example.org".to_owned(),
        });
    }
    Ok(signed_note::generate_key(&mut OsRng, name))
}

/// The public keys in a text, one a line.
///
/// # Errors
/// A sentence: there is none in it, or a line is something else.
pub fn read_keys(text: &str) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("PRIVATE+KEY+") {
            return Err("this is the secret key; the public one is in the file beside it that ends in .pub".to_owned());
        }
        StandardVerifier::new(line).map_err(|_| "this is no public key".to_owned())?;
        keys.push(line.to_owned());
    }
    if keys.is_empty() { Err("no public key is in it".to_owned()) } else { Ok(keys) }
}

/// Reads a checkpoint that one of these public keys signed.
///
/// # Errors
/// A sentence: it is none, or no such key signed it.
pub fn read_checkpoint(note: &str, keys: &[String]) -> Result<(u64, Hash), String> {
    signer(note, keys)?;
    unsigned(note)
}

/// What a checkpoint says, whoever signed it.
pub(crate) fn unsigned(note: &str) -> Result<(u64, Hash), String> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| "it is no signed note".to_owned())?;
    let checkpoint = Checkpoint::from_bytes(parsed.text()).map_err(|_| "it is no checkpoint".to_owned())?;
    Ok((checkpoint.size(), *checkpoint.hash()))
}

/// Which of these keys signed a checkpoint, by its name and number.
pub(crate) fn signer(note: &str, keys: &[String]) -> Result<String, String> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| "it is no signed note".to_owned())?;
    let mut verifiers: Vec<Box<dyn Verifier>> = Vec::new();
    for key in keys.iter().map(|k| k.trim()).filter(|k| !k.is_empty()).collect::<BTreeSet<_>>() {
        verifiers.push(Box::new(StandardVerifier::new(key).map_err(|_| "this is no public key".to_owned())?));
    }
    let (signed, _) = parsed.verify(&VerifierList::new(verifiers)).map_err(|error| match error {
        NoteError::InvalidSignature { name, id } => format!("the signature of {name}+{id:08x} does not hold"),
        _ => "no key that was given signed it".to_owned(),
    })?;
    let first = signed.first().ok_or("no key that was given signed it")?;
    Ok(format!("{}+{:08x}", first.name(), first.id()))
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
    /// Signs where the log stands now, and keeps the checkpoint. Only what is published proves something later. The log is examined
    /// first, entry by entry, and held against what was signed before: what is not sound is not signed.
    ///
    /// # Errors
    /// The key is none, the log is empty or not sound, or the database failed.
    pub fn checkpoint(&mut self, secret: &str) -> Result<Signed, Error> {
        let cannot = |what: &str, next: &str| Error::Cannot { what: what.to_owned(), next: next.to_owned() };
        let signer = StandardSigner::new(secret.trim()).map_err(|_| {
            cannot("this is no secret key", "`tollgate desk key NAME --out FILE` makes a pair; FILE is the secret one")
        })?;
        let before = self.checkpoints()?;
        let head = self.head()?;
        if head.seq == 0 {
            return Err(cannot("the log is empty: there is nothing to sign", "open the desk first"));
        }
        let mut audit = Audit::new(&before, &[], &[], false);
        audit.walk(self, Some(head.seq))?;
        let (size, root, last) = (audit.size(), audit.root(), audit.last_hash().to_owned());
        let found = audit.finish().0.findings;
        let unsound = |what: &str| Error::Broken(format!("{what}; nothing was signed"));
        if let Some(first) = found.first() {
            let more = if found.len() > 1 { format!(", and {} more", found.len() - 1) } else { String::new() };
            return Err(unsound(&format!("{first}{more}")));
        }
        if size != head.seq || last != head.hash {
            return Err(unsound("the log does not end where its head says"));
        }
        self.grow(size)?;
        if self.root(size)? != root {
            return Err(unsound("the tiles that are kept for proofs are not what the entries give"));
        }
        let checkpoint = Checkpoint::new(signer.name(), size, root, "").map_err(|e| Error::Broken(e.to_string()))?;
        let text = checkpoint.to_bytes();
        // Who signs beside another signs the same note.
        let beside = before.iter().find(|signed| signed.size == size).and_then(|s| Note::from_bytes(s.note.as_bytes()).ok());
        if beside.as_ref().is_some_and(|note| note.text() != text) {
            let what = format!("a checkpoint of these {size} entries was signed under another name");
            return Err(cannot(&what, "sign with a key of that name, or after the next entry"));
        }
        let mut note = match beside {
            Some(note) => note,
            None => Note::new(&text, &[]).map_err(|e| Error::Broken(e.to_string()))?,
        };
        note.add_sigs(&[&signer]).map_err(|e| Error::Broken(e.to_string()))?;
        let note = String::from_utf8_lossy(&note.to_bytes()).into_owned();
        let row = vec![vec![int(size), note.as_str().into()]];
        self.db().insert("checkpoint", &["size", "note"], "ON CONFLICT (size) DO UPDATE SET note = excluded.note", &row)?;
        Ok(Signed { size, note })
    }

    /// Every checkpoint that was signed, the oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn checkpoints(&mut self) -> Result<Vec<Signed>, Error> {
        let rows = self.db().settled(|db| db.rows("SELECT size, note FROM checkpoint ORDER BY size", &[]))?;
        let signed = |row: Vec<Value>| {
            let [size, note] = row.try_into().unwrap_or([Value::Null, Value::Null]);
            Signed { size: size.int().unsigned_abs(), note: note.text() }
        };
        Ok(rows.into_iter().map(signed).collect())
    }

    /// Proof that an entry stands in the latest checkpoint.
    ///
    /// # Errors
    /// There is no such entry, it was not signed yet, or the database failed.
    pub fn prove(&mut self, seq: u64) -> Result<String, Error> {
        let last = self.head()?.seq;
        let cannot = |what: String, next: &str| Err(Error::Cannot { what, next: next.to_owned() });
        let sign = "`tollgate desk checkpoint --secret FILE` signs where the log stands; then it can be proved";
        if seq == 0 {
            return cannot("there is no entry 0".to_owned(), "entries are numbered from 1; `tollgate desk log` shows them");
        }
        if seq > last {
            let of = if last == 1 { "1 entry".to_owned() } else { format!("{last} entries") };
            return cannot(format!("there is no entry {seq}: the log has {of}"), "`tollgate desk log` shows them");
        }
        match self.checkpoints()?.pop() {
            None => cannot("nothing was signed yet".to_owned(), sign),
            Some(latest) if seq > latest.size => {
                cannot(format!("entry {seq} came after the latest checkpoint ({} entries)", latest.size), sign)
            }
            Some(latest) => self.prove_entry(seq, &latest),
        }
    }

    /// Proof that an entry stands in a checkpoint, in the format of C2SP tlog-proof.
    ///
    /// # Errors
    /// The checkpoint does not reach so far or is not this log's, or the database failed.
    pub fn prove_entry(&mut self, seq: u64, checkpoint: &Signed) -> Result<String, Error> {
        if seq == 0 || seq > checkpoint.size {
            return Err(Error::Cannot {
                what: format!("the checkpoint of {} entries does not hold entry {seq}", checkpoint.size),
                next: "prove it against a later one".to_owned(),
            });
        }
        let broken = |what: &str| Error::Broken(format!("{what}: entry {seq} cannot be proved"));
        let (size, root) = unsigned(&checkpoint.note).map_err(|why| broken(&format!("the checkpoint is unsound, {why}")))?;
        let (proof, leaves) = self.db().settled(|db| {
            let leaves = bases(db, 0, seq - 1, 1)?;
            let tree = Tree(RefCell::new(db));
            let proof = tlog_tiles::prove_record(size, seq - 1, &tree).map_err(|e| broken(&e.to_string()))?;
            Ok((proof, leaves))
        })?;
        let leaf = leaves.first().copied().ok_or_else(|| broken("the entry is not there"))?;
        // What goes out holds, or nothing does.
        tlog_tiles::check_record(&proof, size, root, seq - 1, leaf)
            .map_err(|_| broken("the log is not the one that was signed"))?;
        let hashes: Vec<String> = proof.iter().map(|h| format!("{h}\n")).collect();
        Ok(format!("c2sp.org/tlog-proof@v1\nindex {}\n{}\n{}", seq - 1, hashes.concat(), checkpoint.note))
    }

    /// Proof that the log of an earlier checkpoint begins the log of a later one: hashes, a line each.
    ///
    /// # Errors
    /// The checkpoints are in the wrong order, or the database failed.
    pub fn prove_growth(&mut self, from: u64, to: u64) -> Result<String, Error> {
        if from == 0 || from > to {
            return Err(Error::Cannot {
                what: format!("a log of {to} entries does not continue one of {from}"),
                next: "name the earlier checkpoint first".to_owned(),
            });
        }
        let proof = self
            .db()
            .settled(|db| tlog_tiles::prove_tree(to, from, &Tree(RefCell::new(db))).map_err(|e| Error::Broken(e.to_string())))?;
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
                let root = tile(bases(self.db(), level - 1, place * TILE, TILE)?)?;
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
    for note in [earlier, later] {
        signer(note, keys)?;
    }
    check_growth_of(proof, earlier, later)
}

/// The same, whoever signed the checkpoints.
pub(crate) fn check_growth_of(proof: &str, earlier: &str, later: &str) -> Result<(u64, u64), String> {
    let ((from, old), (to, new)) = (unsigned(earlier)?, unsigned(later)?);
    if from == 0 || from > to {
        return Err(format!("a log of {to} entries does not continue one of {from}"));
    }
    let no = || "the later log does not continue the earlier one".to_owned();
    let hashes = proof.split_terminator('\n').map(Hash::parse_hash).collect::<Result<Vec<_>, _>>().map_err(|_| no())?;
    tlog_tiles::check_tree(&hashes, to, new, from, old).map_err(|_| no())?;
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
    if (rows.len() as u64) < count {
        // What is not kept yet follows from what lies below it.
        return (from..from + count).map(|place| tile(bases(db, level - 1, place * TILE, TILE)?)).collect();
    }
    rows.into_iter()
        .filter_map(|r| r.into_iter().next())
        .map(|hash| Hash::parse_hash(&hash.text()).map_err(|e| Error::Broken(e.to_string())))
        .collect()
}

/// The root of a full tile.
fn tile(hashes: Vec<Hash>) -> Result<Hash, Error> {
    let [root] = <[Hash; 1]>::try_from(folded(hashes)).map_err(|_| Error::Broken("a tile is not full".to_owned()))?;
    Ok(root)
}

/// The roots of all full tiles of a log that grows entry by entry, level by level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiles {
    open: Vec<Vec<Hash>>,
    full: Vec<Vec<Hash>>,
}

impl Tiles {
    /// Adds an entry's hash (hex).
    pub(crate) fn push(&mut self, hash: &str) {
        let mut node = leaf(hash);
        for level in 0.. {
            if self.open.len() == level {
                self.open.push(Vec::new());
            }
            let Some(open) = self.open.get_mut(level) else { return };
            open.push(node);
            if (open.len() as u64) < TILE {
                return;
            }
            let Some(root) = folded(std::mem::take(open)).first().copied() else { return };
            if self.full.len() == level {
                self.full.push(Vec::new());
            }
            self.full.get_mut(level).into_iter().for_each(|full| full.push(root));
            node = root;
        }
    }

    /// The root of a full tile; levels count from 1, as they are kept.
    pub(crate) fn root(&self, level: u64, place: u64) -> Option<&Hash> {
        self.full.get(usize::try_from(level).ok()?.checked_sub(1)?)?.get(usize::try_from(place).ok()?)
    }
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
