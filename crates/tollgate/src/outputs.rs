//! Where a command writes. Before any work it says what it reads and what it is going to write. What would destroy something is
//! refused then, as is a place that cannot be written. Every output is filled beside its place, or in a temporary file, and is put
//! where it belongs when all is done.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::args::Common;
use crate::pack;
use crate::screen::{Failure, Screen};

/// What is written into an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Csv,
    Jsonl,
    Parquet,
    Arrow,
    Html,
    /// A signed note.
    Note,
    Key,
    /// A store of SQLite.
    Store,
    /// A folder of several files.
    Bundle,
}

/// Endings by which a name says what a file holds.
const ENDINGS: [&str; 24] = [
    "csv", "tsv", "json", "jsonl", "ndjson", "parquet", "pq", "arrow", "arrows", "ipc", "feather", "html", "htm", "pdf", "xlsx",
    "xls", "ods", "db", "sqlite", "sqlite3", "md", "toml", "gz", "zip",
];

impl Kind {
    /// What it is called, and the endings that say so.
    fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Kind::Csv => ("CSV", &["csv"]),
            Kind::Jsonl => ("JSON lines", &["jsonl", "ndjson", "json"]),
            Kind::Parquet => ("Parquet", &["parquet", "pq"]),
            Kind::Arrow => ("Arrow", &["arrow", "arrows", "ipc", "feather"]),
            Kind::Html => ("HTML", &["html", "htm"]),
            Kind::Note => ("a signed note", &[]),
            Kind::Key => ("a key", &[]),
            Kind::Store => ("a store of SQLite", &["db", "sqlite", "sqlite3"]),
            Kind::Bundle => ("a folder", &[]),
        }
    }

    /// Whether a name that ends in something else says something else, whatever it is.
    fn is_strict(self) -> bool {
        match self {
            Kind::Csv | Kind::Jsonl | Kind::Parquet | Kind::Arrow | Kind::Html => true,
            Kind::Note | Kind::Key | Kind::Store | Kind::Bundle => false,
        }
    }

    /// Refuses a name that says something else than what is written.
    fn agrees(self, option: &str, path: &Path) -> Result<(), Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (what, own) = self.words();
        let other = self.is_strict() || ENDINGS.contains(&&*ending);
        if ending.is_empty() || own.contains(&&*ending) || !other {
            return Ok(());
        }
        let hint = match own.first() {
            Some(own) => format!("end it in .{own}, or leave the ending away"),
            None => "leave the ending away".to_owned(),
        };
        Err(Failure::Usage(format!("{option} {}: the name ends in .{ending}, but {what} is written", path.display()), hint))
    }
}

/// Which file a path leads to, whatever the path: links and hard links lead to the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// Device and inode of what is there.
    #[cfg(unix)]
    There(u64, u64),
    /// The real folder and the name.
    Named(PathBuf),
}

impl Identity {
    /// The identity of what a path leads to, or would lead to.
    pub(crate) fn of(path: &Path) -> Identity {
        match fs::metadata(path) {
            Ok(metadata) => Identity::there(path, &metadata),
            Err(_) => Identity::Named(real(path)),
        }
    }

    #[cfg(unix)]
    fn there(_: &Path, metadata: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt as _;
        Identity::There(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    fn there(path: &Path, _: &Metadata) -> Identity {
        Identity::Named(real(path))
    }

    /// The identity of standard input.
    pub(crate) fn of_stdin() -> Option<Identity> {
        Identity::of_open(&io::stdin()).map(|(identity, _)| identity)
    }

    #[cfg(unix)]
    fn of_open(open: &impl std::os::fd::AsFd) -> Option<(Identity, Metadata)> {
        let metadata = File::from(open.as_fd().try_clone_to_owned().ok()?).metadata().ok()?;
        Some((Identity::there(Path::new(""), &metadata), metadata))
    }

    #[cfg(not(unix))]
    fn of_open<T>(_: &T) -> Option<(Identity, Metadata)> {
        None
    }
}

/// The real folder of a path with its name.
fn real(path: &Path) -> PathBuf {
    if let Ok(whole) = fs::canonicalize(path) {
        return whole;
    }
    match (fs::canonicalize(folder_of(path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a command reads and writes.
pub(crate) struct Outputs {
    reads: Vec<(Identity, String)>,
    writes: Vec<(Identity, String)>,
    /// Standard output, where it goes into a plain file.
    stdout: Option<Identity>,
}

impl Outputs {
    /// Nothing yet but what every command reads and writes: the packs of `--data`, and standard output.
    pub(crate) fn new(common: &Common) -> Outputs {
        let stdout = Identity::of_open(&io::stdout()).filter(|(_, metadata)| metadata.is_file()).map(|(identity, _)| identity);
        let mut outputs = Outputs { reads: Vec::new(), writes: Vec::new(), stdout };
        // What is wrong with the folder is told where it is read.
        for file in common.data.iter().flat_map(|folder| pack::files(folder)) {
            outputs.reads.push((Identity::of(&file), file.display().to_string()));
        }
        outputs
    }

    /// Whether standard output goes into this file.
    pub(crate) fn is_stdout(&self, file: &Identity) -> bool {
        self.stdout.as_ref() == Some(file)
    }

    /// Says that a file is read.
    ///
    /// # Errors
    /// It is to be written as well.
    pub(crate) fn reads(&mut self, path: &Path) -> Result<(), Failure> {
        let (identity, name) = (Identity::of(path), path.display().to_string());
        if self.is_stdout(&identity) {
            return Err(read_as_well("standard output", &name));
        }
        if let Some((_, option)) = self.writes.iter().find(|(known, _)| *known == identity) {
            return Err(read_as_well(option, &name));
        }
        self.reads.push((identity, name));
        Ok(())
    }

    /// Says that a file is read by a command that writes the store.
    ///
    /// # Errors
    /// It is the store.
    pub(crate) fn reads_beside_store(&mut self, path: &Path) -> Result<(), Failure> {
        let identity = Identity::of(path);
        match self.reads.iter().find(|(known, _)| *known == identity) {
            Some((_, other)) => Err(read_as_well("the store", other)),
            None => self.reads(path),
        }
    }

    /// Says that a store is used: a path or a `file:` URI; a database elsewhere has no file.
    ///
    /// # Errors
    /// One of its files is to be written otherwise.
    pub(crate) fn uses_store(&mut self, place: &str) -> Result<(), Failure> {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            return Ok(());
        }
        let path = if place.starts_with("file:") { path_of_uri(place) } else { PathBuf::from(place) };
        for end in ["", "-wal", "-shm", "-journal"] {
            self.reads(&with_end(&path, end))?;
        }
        Ok(())
    }

    /// Makes a place ready to be written: a plain file, there or not, a device, a pipe.
    ///
    /// # Errors
    /// Wrong usage, where something would be destroyed or the name says something else; a place that cannot be written.
    pub(crate) fn target(&mut self, screen: &Screen, option: &str, path: &Path, kind: Kind) -> Result<Target, Failure> {
        let found = follow(option, path)?;
        let place = match found {
            Found::Descriptor(at) => Place::Into { kept: temporary()?, stream: self.descriptor(screen, option, &at)? },
            Found::Plain { at, there } => {
                kind.agrees(option, path)?;
                self.claim(option, path, Identity::of(&at))?;
                if let Some(metadata) = &there {
                    replaceable(option, path, &at, metadata)?;
                }
                Place::Beside { file: beside(path, &at, 0o666)?, at, replaces: there.is_some(), fresh: false }
            }
            Found::Pipe(at) => {
                self.claim(option, path, Identity::of(&at))?;
                Place::Into { kept: temporary()?, stream: Stream::Pipe(at) }
            }
            Found::Device(at) => {
                // Several outputs may go to one terminal, or to nowhere.
                let open = OpenOptions::new().write(true).open(&at).map_err(|e| Failure::io(path, &e))?;
                Place::Into { kept: temporary()?, stream: Stream::Open(open) }
            }
        };
        Ok(Target { named: path.to_owned(), place })
    }

    /// Makes ready a file that must not be there yet; `secret` where only its owner may read it.
    ///
    /// # Errors
    /// As [`Outputs::target`], and where something is there.
    pub(crate) fn fresh(&mut self, option: &str, path: &Path, kind: Kind, secret: bool) -> Result<Target, Failure> {
        let at = self.unused(option, path, kind)?;
        let file = beside(path, &at, if secret { 0o600 } else { 0o666 })?;
        Ok(Target { named: path.to_owned(), place: Place::Beside { file, at, replaces: false, fresh: true } })
    }

    /// Looks at a place for a new folder.
    ///
    /// # Errors
    /// As [`Outputs::fresh`].
    pub(crate) fn fresh_folder(&mut self, option: &str, path: &Path) -> Result<(), Failure> {
        let at = self.unused(option, path, Kind::Bundle)?;
        beside(path, &at, 0o600).map(|_| ())
    }

    fn unused(&mut self, option: &str, path: &Path, kind: Kind) -> Result<PathBuf, Failure> {
        kind.agrees(option, path)?;
        if fs::symlink_metadata(path).is_ok() {
            let hint = format!("{} is never written over: name a new place", kind.words().0);
            return Err(Failure::Usage(format!("{option} {}: it exists already", path.display()), hint));
        }
        let Found::Plain { at, there: None } = follow(option, path)? else {
            return Err(Failure::Usage(format!("{option} {}: it exists already", path.display()), "name a new place".to_owned()));
        };
        self.claim(option, path, Identity::of(&at))?;
        Ok(at)
    }

    /// Takes a file for one output alone.
    fn claim(&mut self, option: &str, path: &Path, identity: Identity) -> Result<(), Failure> {
        let option = format!("{option} {}", path.display());
        if let Some((_, read)) = self.reads.iter().find(|(known, _)| *known == identity) {
            return Err(read_as_well(&option, read));
        }
        let stdout = self.is_stdout(&identity).then_some("standard output");
        let other = self.writes.iter().find(|(known, _)| *known == identity).map(|(_, other)| other.as_str()).or(stdout);
        if let Some(other) = other {
            return Err(Failure::Usage(
                format!("{option}: it is the same file as {other}"),
                "each output needs a file of its own".to_owned(),
            ));
        }
        self.writes.push((identity, option));
        Ok(())
    }

    /// An open file of this process, such as standard output.
    fn descriptor(&mut self, screen: &Screen, option: &str, at: &Path) -> Result<Stream, Failure> {
        let name = at.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let identity = Identity::Named(PathBuf::from(format!("descriptor {name}")));
        self.claim(option, at, identity)?;
        match name.as_str() {
            "1" => {
                screen.set_aside();
                Ok(Stream::Stdout)
            }
            "2" => Ok(Stream::Stderr),
            _ => {
                let there = Identity::of(at);
                if let Some((_, read)) = self.reads.iter().find(|(known, _)| *known == there) {
                    return Err(read_as_well(&format!("{option} {}", at.display()), read));
                }
                let open = OpenOptions::new().append(true).open(at).map_err(|e| Failure::io(at, &e))?;
                Ok(Stream::Open(open))
            }
        }
    }
}

fn read_as_well(option: &str, read: &str) -> Failure {
    Failure::Usage(
        format!("{option}: it is the file {read}, which this command reads"),
        "nothing that is read is written over; name another file".to_owned(),
    )
}

/// The path of a `file:` URI of SQLite: without authority, query and escapes.
fn path_of_uri(uri: &str) -> PathBuf {
    let path = uri.trim_start_matches("file:").split(['?', '#']).next().unwrap_or_default();
    let path = match path.strip_prefix("//") {
        Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest),
        None => path,
    };
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// A path with something at its end.
pub(crate) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// What a path leads to.
enum Found {
    /// A plain file, or none yet.
    Plain {
        at: PathBuf,
        there: Option<Metadata>,
    },
    Pipe(PathBuf),
    Device(PathBuf),
    /// An open file of this process.
    Descriptor(PathBuf),
}

/// Links lead to links, but not for ever.
const MOST_LINKS: usize = 40;

/// Follows links to what is to be written.
fn follow(option: &str, path: &Path) -> Result<Found, Failure> {
    let wrong = |what: &str, hint: &str| Failure::Usage(format!("{option} {}: {what}", path.display()), hint.to_owned());
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Some(name) = at.file_name() else { return Err(wrong("it is a folder", "name a file")) };
        let folder = folder_of(&at);
        let real = fs::canonicalize(folder).map_err(|e| {
            let hint = "make it first, or name another place";
            let why = if e.kind() == io::ErrorKind::NotFound { "is not there".to_owned() } else { format!("is no folder: {e}") };
            Failure::Message(format!("{option} {}: the folder {} {why}", path.display(), folder.display()), hint.to_owned())
        })?;
        let open = ["/proc/self/fd", "/dev/fd"].iter().any(|own| fs::canonicalize(own).is_ok_and(|own| own == real));
        if open {
            return Ok(Found::Descriptor(real.join(name)));
        }
        if !real.is_dir() {
            let what = format!("{option} {}: {} is no folder", path.display(), folder.display());
            return Err(Failure::Message(what, "name another place".to_owned()));
        }
        let whole = real.join(name);
        let metadata = match fs::symlink_metadata(&whole) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Plain { at: whole, there: None }),
            Err(e) => return Err(Failure::io(path, &e)),
        };
        if metadata.is_symlink() {
            at = real.join(fs::read_link(&whole).map_err(|e| Failure::io(path, &e))?);
            continue;
        }
        if metadata.is_dir() {
            return Err(wrong("it is a folder", "name a file"));
        }
        if metadata.is_file() {
            return Ok(Found::Plain { at: whole, there: Some(metadata) });
        }
        return match special(metadata.file_type()) {
            Special::Pipe => Ok(Found::Pipe(whole)),
            Special::Device => Ok(Found::Device(whole)),
            Special::Other(what) => Err(wrong(&format!("it is {what}"), "name a file, a pipe or a device that takes text")),
        };
    }
    Err(wrong("its links lead nowhere", "name a file"))
}

/// What is no file, folder or link.
pub(crate) enum Special {
    Pipe,
    Device,
    Other(&'static str),
}

#[cfg(unix)]
pub(crate) fn special(kind: FileType) -> Special {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        Special::Pipe
    } else if kind.is_char_device() {
        Special::Device
    } else if kind.is_block_device() {
        Special::Other("a disk")
    } else {
        Special::Other("a socket")
    }
}

#[cfg(not(unix))]
pub(crate) fn special(_: FileType) -> Special {
    Special::Other("no plain file")
}

/// Refuses to replace what somebody protected, and what no command replaces: a store, a secret key.
fn replaceable(option: &str, path: &Path, at: &Path, metadata: &Metadata) -> Result<(), Failure> {
    if metadata.permissions().readonly() {
        let hint = "it was protected by somebody; name another file".to_owned();
        return Err(Failure::Message(format!("{option} {}: the file is read-only", path.display()), hint));
    }
    let mut start = Vec::new();
    // What cannot be read cannot be told to be one of them.
    let _ = File::open(at).and_then(|file| file.take(16).read_to_end(&mut start));
    let what = if start.starts_with(b"SQLite format 3\0") {
        "a database of SQLite, such as a desk's store"
    } else if start.starts_with(b"PRIVATE+KEY+") {
        "a secret key"
    } else {
        return Ok(());
    };
    let hint = "that is never written over; name another file".to_owned();
    Err(Failure::Usage(format!("{option} {}: it is {what}", path.display()), hint))
}

/// A file beside the one that it is to become, with the mode that a new file has.
fn beside(path: &Path, at: &Path, mode: u32) -> Result<NamedTempFile, Failure> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tollgate-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What the caller's mask takes away from this is what any new file has.
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let folder = folder_of(at);
    builder.tempfile_in(folder).map_err(|e| {
        let hint = "nothing was done yet; name another place".to_owned();
        Failure::Message(format!("{}: the folder {} cannot be written: {e}", path.display(), folder.display()), hint)
    })
}

/// A file without a name, which goes when it is closed.
pub(crate) fn temporary() -> Result<File, Failure> {
    tempfile::tempfile().map_err(|e| {
        let folder = std::env::temp_dir();
        let message = format!("the folder for temporary files, {}: {e}", folder.display());
        Failure::Message(message, "set TMPDIR to a folder that can be written".to_owned())
    })
}

/// A place made ready to be written.
pub(crate) struct Target {
    named: PathBuf,
    place: Place,
}

enum Place {
    /// A plain file, filled beside its place; `fresh` where nothing may be there.
    Beside { file: NamedTempFile, at: PathBuf, replaces: bool, fresh: bool },
    /// What can only be written into, once all is known.
    Into { kept: File, stream: Stream },
}

enum Stream {
    Stdout,
    Stderr,
    /// A device, or a file that another program opened for this one.
    Open(File),
    /// Opened when there is something to say, since opening waits for a reader.
    Pipe(PathBuf),
}

impl Target {
    /// Standard output, to which nothing goes before all is done.
    pub(crate) fn stdout() -> Result<Target, Failure> {
        let place = Place::Into { kept: temporary()?, stream: Stream::Stdout };
        Ok(Target { named: PathBuf::from("standard output"), place })
    }

    /// Whether it is standard output.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(&self.place, Place::Into { stream: Stream::Stdout, .. })
    }

    /// Whether a file is replaced.
    pub(crate) fn replaces(&self) -> bool {
        matches!(&self.place, Place::Beside { replaces: true, .. })
    }

    /// How it was named.
    pub(crate) fn name(&self) -> &Path {
        &self.named
    }

    /// The file to be filled, empty, from its start.
    pub(crate) fn empty(&self) -> Result<File, Failure> {
        let file = match &self.place {
            Place::Beside { file, .. } => file.as_file(),
            Place::Into { kept, .. } => kept,
        };
        let failed = |e: io::Error| Failure::io(&self.named, &e);
        let mut file = file.try_clone().map_err(failed)?;
        file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(failed)?;
        Ok(file)
    }

    /// Fills it and puts it in its place.
    pub(crate) fn write(self, screen: &Screen, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut buffer = BufWriter::new(self.empty()?);
        fill(&mut buffer).and_then(|()| buffer.flush()).map_err(|e| Failure::io(&self.named, &e))?;
        drop(buffer);
        self.put(screen)
    }

    /// Puts what was filled in its place.
    pub(crate) fn put(self, screen: &Screen) -> Result<(), Failure> {
        let named = self.named;
        match self.place {
            Place::Beside { file, at, fresh, .. } => {
                file.as_file().sync_all().map_err(|e| Failure::io(&named, &e))?;
                let done = if fresh { file.persist_noclobber(&at) } else { file.persist(&at) };
                done.map_err(|e| Failure::io(&named, &e.error))?;
            }
            Place::Into { mut kept, stream } => {
                let failed = |e: io::Error| Failure::cut_short(&named, &e);
                kept.seek(SeekFrom::Start(0)).map_err(failed)?;
                let mut into = |to: &mut dyn Write| io::copy(&mut kept, to).and_then(|_| to.flush());
                match stream {
                    Stream::Stdout => return screen.copy_out(&mut kept),
                    Stream::Stderr => into(&mut io::stderr().lock()).map_err(failed)?,
                    Stream::Open(mut open) => into(&mut open).map_err(failed)?,
                    Stream::Pipe(at) => {
                        let mut open = OpenOptions::new().write(true).open(&at).map_err(failed)?;
                        into(&mut open).map_err(failed)?;
                    }
                }
            }
        }
        screen.wrote(&named);
        Ok(())
    }
}
