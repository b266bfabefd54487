//! What one may say to `tollgate audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `audit`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate audit verify --help\n\n\
Without --public no signature is checked: whoever holds the store could have written it anew. Nothing of a store is changed. \
Exit status 3: something was found, or a key was given and no signature could be checked with it.")]
pub(crate) struct AuditArgs {
    /// What is to be done.
    #[command(subcommand)]
    pub act: AuditAct,
}

/// What is examined.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditAct {
    /// Examine a store or a bundle, entry by entry
    Verify {
        /// The store
        #[arg(long, env = "TOLLGATE_STORE", value_name = "PLACE")]
        store: Option<String>,
        /// A bundle of `desk export`, in place of a store
        #[arg(long, value_name = "DIR")]
        bundle: Option<PathBuf>,
        /// A public key that you trust; may be given several times
        #[arg(long, value_name = "FILE")]
        public: Vec<PathBuf>,
        /// A checkpoint that you were given before; may be given several times
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
    },
    /// Check a proof of `desk prove` for an entry's text
    Proof {
        /// The proof
        proof: PathBuf,
        /// The entry's text, as it stands in the log
        entry: PathBuf,
        /// A public key that you trust
        #[arg(long, value_name = "FILE")]
        public: Vec<PathBuf>,
    },
}
