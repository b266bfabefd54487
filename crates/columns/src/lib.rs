//! The law over columns: the same answers as the judge of one case in [`regime`], for batches of Arrow rows. Each row is told apart by
//! what its epoch asks; what the law says of rows that nothing tells apart is looked up once.

mod arrays;
mod book;
mod column;
mod judge;
mod lane;
mod layout;
mod lines;
mod plan;
mod read;
mod sheet;

pub use book::{Book, Form, Rows};
pub use column::{Batch, Odd, since};
pub use judge::{Decided, Judge, NONE, Verdict};
pub use lines::{Answer, Became, Caveats, Fee, Line, Lines, Said, Take, Told, UNSCREENED, told};
pub use read::Reader;
pub use sheet::{Cell, Kind, Sheet};
