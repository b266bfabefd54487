//! Calendar quarters: the steps of the world and the periods of published series.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

/// A calendar quarter. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter {
    /// Calendar year, 0 to 9999.
    pub year: i16,
    /// 1 (January to March) to 4.
    pub q: u8,
}

/// Quarters from the first of year 0 to the last of year 9999.
const LAST: i32 = 9999 * 4 + 3;

impl Quarter {
    /// Reads `2024Q1`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Quarter, String> {
        let text = text.trim();
        let read = text.split_once(['Q', 'q']).and_then(|(year, q)| {
            let digits = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
            let q = ["1", "2", "3", "4"].into_iter().zip(1..).find(|(name, _)| *name == q)?.1;
            Some(Quarter { year: year.parse().ok().filter(|_| digits)?, q })
        });
        read.ok_or_else(|| "a quarter is written with year and number, as in 2024Q1".to_owned())
    }

    /// The quarter in which a day stands.
    pub fn of(day: Date) -> Quarter {
        Quarter { year: day.year().max(0), q: (day.month().clamp(1, 12) as u8).div_ceil(3) }
    }

    /// The quarter `n` later, or earlier where `n` is negative; stops at the ends of the calendar.
    pub fn plus(self, n: i32) -> Quarter {
        let at = self.index().saturating_add(n).clamp(0, LAST);
        Quarter { year: i16::try_from(at / 4).unwrap_or(i16::MAX), q: u8::try_from(at % 4 + 1).unwrap_or(4) }
    }

    /// How many quarters after `start`; negative before it.
    pub fn since(self, start: Quarter) -> i32 {
        self.index() - start.index()
    }

    /// The first day.
    pub fn first_day(self) -> Date {
        let month = i8::try_from(self.index().rem_euclid(4) * 3 + 1).unwrap_or(1);
        Date::new(self.year, month, 1).unwrap_or(Date::MAX)
    }

    /// The last day.
    pub fn last_day(self) -> Date {
        let first = self.first_day();
        first.checked_add(2.months()).map_or(first, Date::last_of_month)
    }

    /// Days in the quarter: 90 to 92.
    pub fn days(self) -> i32 {
        (self.last_day() - self.first_day()).get_days() + 1
    }

    /// The first day as a year with decimals: 2024.25 for 2024Q2.
    pub fn time(self) -> f64 {
        f64::from(self.year) + f64::from(self.q.saturating_sub(1)) * 0.25
    }

    /// Quarters since the first of year 0.
    fn index(self) -> i32 {
        i32::from(self.year) * 4 + i32::from(self.q.clamp(1, 4)) - 1
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}Q{}", self.year, self.q)
    }
}
