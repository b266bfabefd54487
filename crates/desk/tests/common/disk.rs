//! A disk in memory under SQLite. What is written is kept apart from what a sync made durable; power may fail after any step, a step may
//! fail, room may run out, and a disk may lie about its syncs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, unreachable_pub)]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use sqlite_plugin::flags::{AccessFlags, LockLevel, OpenOpts, ShmLockMode};
use sqlite_plugin::vars::{
    SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_IOERR, SQLITE_IOERR_DELETE_NOENT, SQLITE_IOERR_FSYNC,
    SQLITE_IOERR_READ, SQLITE_IOERR_WRITE,
};
use sqlite_plugin::vfs::{RegisterOpts, Vfs, VfsHandle, VfsResult, register_static};

use super::chance::Chance;

/// The unit in which a write may be torn.
const SECTOR: usize = 512;

/// One step that changes the disk.
#[derive(Clone, Debug)]
pub enum Step {
    Create {
        name: String,
    },
    Delete {
        name: String,
    },
    Write {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: usize,
        size: usize,
    },
    /// With `names` the directory is made durable as well, as SQLite does on Unix when it first syncs a new log or journal.
    Sync {
        file: usize,
        names: bool,
    },
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut { size: usize },
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Change>,
}

/// What is on the disk, and what would be after a loss of power.
#[derive(Clone, Default)]
pub struct Contents {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced_names: Vec<(String, Option<usize>)>,
}

/// What becomes of unsynced writes when power fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// All of them reached the disk.
    Nothing,
    /// None of them did.
    Everything,
    /// Each was kept, dropped, torn at a byte or in sectors, in any order.
    Seeded,
}

/// What became of the unsynced writes of some crashes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fate {
    pub kept: u64,
    pub dropped: u64,
    pub torn: u64,
}

fn write(image: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if image.len() < at + bytes.len() {
        image.resize(at + bytes.len(), 0);
    }
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn change(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, bytes } => write(image, *at, bytes),
        Change::Cut { size } => image.resize(*size, 0),
    }
}

impl Contents {
    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Create { name } => {
                self.files.push(File::default());
                let file = self.files.len() - 1;
                self.names.insert(name.clone(), file);
                self.unsynced_names.push((name.clone(), Some(file)));
            }
            Step::Delete { name } => {
                self.names.remove(name);
                self.unsynced_names.push((name.clone(), None));
            }
            Step::Write { file, at, bytes } => self.edit(*file, Change::Write { at: *at, bytes: bytes.clone() }),
            Step::Cut { file, size } => self.edit(*file, Change::Cut { size: *size }),
            Step::Sync { file, names } => {
                let file = &mut self.files[*file];
                for one in file.unsynced.drain(..) {
                    change(&mut file.durable, &one);
                }
                if *names {
                    self.durable_names = self.names.clone();
                    self.unsynced_names.clear();
                }
            }
        }
    }

    fn edit(&mut self, file: usize, one: Change) {
        let file = &mut self.files[file];
        change(&mut file.now, &one);
        file.unsynced.push(one);
    }

    /// What is left after power failed.
    pub fn after(&self, loss: Loss, chance: &mut Chance, fate: &mut Fate) -> Contents {
        // A file system's journal keeps the order of names made and removed.
        let upto = match loss {
            Loss::Nothing => self.unsynced_names.len(),
            Loss::Everything => 0,
            Loss::Seeded => chance.below(self.unsynced_names.len() + 1),
        };
        let mut names = self.durable_names.clone();
        for (name, file) in &self.unsynced_names[..upto] {
            match file {
                Some(file) => names.insert(name.clone(), *file),
                None => names.remove(name),
            };
        }
        let mut left = Contents::default();
        for (name, file) in names {
            let image = self.files[file].after(loss, chance, fate);
            left.files.push(File { durable: image.clone(), now: image, unsynced: Vec::new() });
            left.names.insert(name, left.files.len() - 1);
        }
        left.durable_names = left.names.clone();
        left
    }
}

impl File {
    fn after(&self, loss: Loss, chance: &mut Chance, fate: &mut Fate) -> Vec<u8> {
        let mut image = self.durable.clone();
        // Some crashes lose much and some next to nothing.
        let odds = [1, 2, 8, 100][chance.below(4)];
        let mut order: Vec<usize> = (0..self.unsynced.len()).collect();
        // In half of the crashes the writes reached the disk in another order.
        if loss == Loss::Seeded && chance.below(2) == 0 {
            for n in (1..order.len()).rev() {
                order.swap(n, chance.below(n + 1));
            }
        }
        for n in order {
            let one = &self.unsynced[n];
            match (loss, one) {
                (Loss::Nothing, _) => {
                    change(&mut image, one);
                    fate.kept += 1;
                }
                (Loss::Everything, _) => fate.dropped += 1,
                (Loss::Seeded, one) => match (chance.below(3 + odds), one) {
                    (3.., _) => {
                        change(&mut image, one);
                        fate.kept += 1;
                    }
                    (0, Change::Write { at, bytes }) => {
                        write(&mut image, *at, &bytes[..chance.below(bytes.len())]);
                        fate.torn += 1;
                    }
                    (1, Change::Write { at, bytes }) => {
                        for (n, sector) in bytes.chunks(SECTOR).enumerate() {
                            match chance.below(8) {
                                0..4 => write(&mut image, at + n * SECTOR, sector),
                                // Power failed while the sector was written.
                                4 => write(&mut image, at + n * SECTOR, &vec![chance.below(256) as u8; sector.len()]),
                                _ => {}
                            }
                        }
                        fate.torn += 1;
                    }
                    _ => fate.dropped += 1,
                },
            }
        }
        image
    }
}

/// What goes wrong at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The step is the last one.
    Power,
    /// The next sync is.
    PowerInSync,
    /// From here on no file can grow.
    Full,
    /// The step fails.
    Step,
    /// The next sync fails; with `forget` it never will keep what it should have kept, as on Linux.
    Sync { forget: bool },
    /// The next read fails.
    Read,
}

#[derive(Default)]
struct State {
    contents: Contents,
    steps: u64,
    faults: Vec<(u64, Fault)>,
    off: bool,
    full: bool,
    bad_read: bool,
    lies: bool,
    log: Option<Vec<(Step, usize)>>,
    acknowledged: usize,
    shared: Vec<Arc<[AtomicU64]>>,
}

impl State {
    fn run(&mut self, step: Step) -> VfsResult<()> {
        if self.off {
            return Err(SQLITE_IOERR);
        }
        self.steps += 1;
        let sync = matches!(step, Step::Sync { .. });
        let due =
            |(at, fault): &(u64, Fault)| *at <= self.steps && (sync || !matches!(fault, Fault::PowerInSync | Fault::Sync { .. }));
        let fault = self.faults.iter().position(due).map(|n| self.faults.swap_remove(n).1);
        match fault {
            Some(Fault::Power | Fault::PowerInSync) => self.off = true,
            Some(Fault::Full) => self.full = true,
            Some(Fault::Read) => self.bad_read = true,
            Some(Fault::Step) => return Err(if sync { SQLITE_IOERR_FSYNC } else { SQLITE_IOERR_WRITE }),
            Some(Fault::Sync { forget }) => {
                if let (Step::Sync { file, .. }, true) = (&step, forget) {
                    self.contents.files[*file].unsynced.clear();
                }
                return Err(SQLITE_IOERR_FSYNC);
            }
            None => {}
        }
        if let (Step::Write { file, at, bytes }, true) = (&step, self.full)
            && at + bytes.len() > self.contents.files[*file].now.len()
        {
            // Half of it may have found room.
            let bytes = bytes[..bytes.len() / 2].to_vec();
            self.contents.apply(&Step::Write { file: *file, at: *at, bytes });
            return Err(SQLITE_FULL);
        }
        // A sync that power cut short kept nothing for sure.
        if !(sync && (self.lies || self.off)) {
            self.contents.apply(&step);
        }
        if let Some(log) = &mut self.log {
            log.push((step, self.acknowledged));
        }
        if self.off { Err(SQLITE_IOERR) } else { Ok(()) }
    }
}

/// A disk, as the tests hold it.
pub struct Disk {
    /// Where a store on it stands.
    pub place: String,
    state: Arc<Mutex<State>>,
}

impl Disk {
    pub fn new(name: &str) -> Disk {
        let state = Arc::<Mutex<State>>::default();
        register_static(CString::new(name).unwrap(), Below(state.clone()), RegisterOpts { make_default: false }).unwrap();
        Disk { place: format!("file:/desk.db?vfs={name}"), state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Switched on with these contents: nothing is wrong, nobody has it open.
    pub fn start(&self, contents: Contents) {
        *self.state() = State { contents, ..State::default() };
    }

    /// A disk that says that it synced, and did not.
    pub fn lie(&self) {
        self.state().lies = true;
    }

    /// Something goes wrong after so many more steps.
    pub fn arm(&self, after: u64, fault: Fault) {
        let mut state = self.state();
        let at = state.steps + after;
        state.faults.push((at, fault));
    }

    /// Whether power failed.
    pub fn off(&self) -> bool {
        self.state().off
    }

    /// There is room again, and no step fails but for want of power.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.full, state.bad_read) = (false, false);
        state.faults.retain(|(_, fault)| matches!(fault, Fault::Power | Fault::PowerInSync));
    }

    /// From now on every step is written down, with how much was acknowledged before it.
    pub fn record(&self) {
        self.state().log = Some(Vec::new());
    }

    pub fn acknowledge(&self, batches: usize) {
        self.state().acknowledged = batches;
    }

    pub fn recorded(&self) -> Vec<(Step, usize)> {
        self.state().log.take().unwrap()
    }

    /// What a loss of power now would leave.
    pub fn after(&self, loss: Loss, chance: &mut Chance, fate: &mut Fate) -> Contents {
        self.state().contents.after(loss, chance, fate)
    }
}

/// The disk as SQLite sees it.
struct Below(Arc<Mutex<State>>);

/// An open file: one with a name, or a passing one that nobody else sees.
struct Open {
    file: Option<usize>,
    passing: Vec<u8>,
    names: bool,
}

impl VfsHandle for Open {
    fn readonly(&self) -> bool {
        false
    }

    fn in_memory(&self) -> bool {
        false
    }
}

impl Below {
    fn state(&self) -> VfsResult<MutexGuard<'_, State>> {
        self.0.lock().map_err(|_| SQLITE_IOERR)
    }
}

impl Vfs for Below {
    type Handle = Open;

    fn open(&self, path: Option<&str>, opts: OpenOpts) -> VfsResult<Open> {
        use sqlite_plugin::flags::{CreateMode, OpenKind, OpenMode};
        let mut state = self.state()?;
        let Some(path) = path else { return Ok(Open { file: None, passing: Vec::new(), names: false }) };
        if !state.contents.names.contains_key(path) {
            if !matches!(opts.mode(), OpenMode::ReadWrite { create: CreateMode::Create | CreateMode::MustCreate }) {
                return Err(SQLITE_CANTOPEN);
            }
            state.run(Step::Create { name: path.to_owned() })?;
        }
        let names = matches!(opts.kind(), OpenKind::MainJournal | OpenKind::SuperJournal | OpenKind::Wal);
        Ok(Open { file: state.contents.names.get(path).copied(), passing: Vec::new(), names })
    }

    fn delete(&self, path: &str) -> VfsResult<()> {
        let mut state = self.state()?;
        if !state.contents.names.contains_key(path) {
            return Err(SQLITE_IOERR_DELETE_NOENT);
        }
        state.run(Step::Delete { name: path.to_owned() })
    }

    fn access(&self, path: &str, _: AccessFlags) -> VfsResult<bool> {
        Ok(self.state()?.contents.names.contains_key(path))
    }

    fn file_size(&self, open: &mut Open) -> VfsResult<usize> {
        Ok(match open.file {
            Some(file) => self.state()?.contents.files[file].now.len(),
            None => open.passing.len(),
        })
    }

    fn truncate(&self, open: &mut Open, size: usize) -> VfsResult<()> {
        match open.file {
            Some(file) => self.state()?.run(Step::Cut { file, size }),
            None => {
                open.passing.truncate(size);
                Ok(())
            }
        }
    }

    fn write(&self, open: &mut Open, at: usize, bytes: &[u8]) -> VfsResult<usize> {
        match open.file {
            Some(file) => self.state()?.run(Step::Write { file, at, bytes: bytes.to_vec() })?,
            None => write(&mut open.passing, at, bytes),
        }
        Ok(bytes.len())
    }

    fn read(&self, open: &mut Open, at: usize, into: &mut [u8]) -> VfsResult<usize> {
        let mut state = self.state()?;
        if state.off || std::mem::take(&mut state.bad_read) {
            return Err(SQLITE_IOERR_READ);
        }
        let image = open.file.map_or(&open.passing, |file| &state.contents.files[file].now);
        let there = image.get(at..).unwrap_or_default();
        let length = there.len().min(into.len());
        into[..length].copy_from_slice(&there[..length]);
        Ok(length)
    }

    fn sync(&self, open: &mut Open) -> VfsResult<()> {
        let Some(file) = open.file else { return Ok(()) };
        let names = std::mem::take(&mut open.names);
        self.state()?.run(Step::Sync { file, names }).inspect_err(|_| open.names = names)
    }

    fn close(&self, _: Open) -> VfsResult<()> {
        Ok(())
    }

    // One connection at a time: every lock is free.
    fn lock(&self, _: &mut Open, _: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn unlock(&self, _: &mut Open, _: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn check_reserved_lock(&self, _: &mut Open) -> VfsResult<bool> {
        Ok(false)
    }

    /// As SQLite's own on Unix: a write leaves the bytes beside it alone.
    fn device_characteristics(&self, _: &mut Open) -> VfsResult<i32> {
        Ok(SQLITE_IOCAP_POWERSAFE_OVERWRITE)
    }

    /// The index of the log, which is shared memory elsewhere: gone when the machine is.
    fn shm_map(&self, _: &mut Open, region: usize, size: usize, _: bool) -> VfsResult<Option<NonNull<u8>>> {
        let shared = &mut self.state()?.shared;
        while shared.len() <= region {
            shared.push((0..size / 8).map(|_| AtomicU64::new(0)).collect());
        }
        Ok(Some(NonNull::from(&*shared[region]).cast()))
    }

    fn shm_lock(&self, _: &mut Open, _: u32, _: u32, _: ShmLockMode) -> VfsResult<()> {
        Ok(())
    }

    fn shm_unmap(&self, _: &mut Open, _: bool) -> VfsResult<()> {
        for word in self.state()?.shared.iter().flat_map(|region| region.iter()) {
            word.store(0, Ordering::Relaxed);
        }
        Ok(())
    }
}
