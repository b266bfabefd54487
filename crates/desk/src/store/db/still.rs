//! A SQLite file that nobody writes to: it is read without locks and without files beside it, as from a disc, and watched meanwhile.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Error;

/// A file, and how it looked when it was opened.
pub(crate) struct Still {
    place: String,
    look: Look,
}

/// What tells that somebody wrote.
#[derive(PartialEq)]
struct Look {
    length: u64,
    changed: Option<SystemTime>,
    beside: [u64; 2],
}

impl Still {
    /// A file beside which no log of a writer lies. None where a writer may be at work, so that locks are needed.
    ///
    /// # Errors
    /// What lies beside it could be read only by writing there, or the file is gone.
    pub(crate) fn of(path: &Path) -> Result<Option<Still>, Error> {
        // What SQLite puts beside a file lies beside the file itself, not beside a link to it.
        let path = &std::fs::canonicalize(path).map_err(|_| Error::None(path.display().to_string()))?;
        let look = look(path).ok_or_else(|| Error::None(path.display().to_string()))?;
        let cannot = |end: &str, what: &str| {
            let (name, beside) = (path.display(), beside(path, end));
            Err(Error::Cannot {
                what: format!("{} lies beside {name}: {what}, and to read it something must be written there", beside.display()),
                next: format!(
                    "copy both files to a folder of your own and run `tollgate desk backup COPY --store {name}` there; read the copy"
                ),
            })
        };
        match look.beside {
            [0, 0] => Ok(Some(Still { place: path.display().to_string(), look })),
            [_, journal] if journal > 0 => cannot("-journal", "a transaction was cut off in the middle"),
            // Where the file of locks is there too, a writer is at work or was stopped.
            [..] if beside(path, "-shm").exists() => Ok(None),
            [..] => cannot("-wal", "the last entries are in it"),
        }
    }

    /// Where it lies.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether somebody wrote since it was opened.
    pub(crate) fn disturbed(&self) -> bool {
        look(Path::new(&self.place)).as_ref() != Some(&self.look)
    }
}

fn look(path: &Path) -> Option<Look> {
    let there = std::fs::metadata(path).ok()?;
    let size = |end| std::fs::metadata(beside(path, end)).map_or(0, |m| m.len());
    Some(Look { length: there.len(), changed: there.modified().ok(), beside: ["-wal", "-journal"].map(size) })
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The URI by which SQLite opens a file only to read it; without locks where it is still.
pub(super) fn uri(path: &Path, still: bool) -> Result<String, Error> {
    let whole = std::path::absolute(path).map_err(|e| Error::Database(format!("{}: {e}", path.display())))?;
    let whole = whole.to_str().ok_or_else(|| Error::Database(format!("{} is no text", path.display())))?;
    let whole = if cfg!(windows) { format!("/{}", whole.replace('\\', "/")) } else { whole.to_owned() };
    let name = whole.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{name}?mode=ro{}", if still { "&immutable=1" } else { "" }))
}
