//! Accounts that do not balance are named.

use crate::accounts::{Books, ROUNDING};
use crate::lane::{LANES, Pack};

fn balanced() -> Books<f64> {
    Books {
        vendor_stock: [0.0; 2],
        maker_stock: [0.0; 2],
        stacks: 0.0,
        dies: 0.0,
        money: 0.0,
        fees: 0.0,
        compute: 0.0,
        units: 99.0,
        budget: 9.0,
        installed: 999.0,
    }
}

/// Something that breaks an account by 1 in its own unit, the account's name, and what is then off relative to 1 + its size.
type Broken = (fn(&mut Books<f64>), &'static str, f64);

#[test]
fn each_account_is_named_when_it_alone_is_off() {
    assert_eq!(balanced().off(), 0.0);
    let ways: [Broken; 9] = [
        (|b| b.vendor_stock[0] = 1.0, "stock of the lead vendor", 0.01),
        (|b| b.vendor_stock[1] = -1.0, "stock of the second vendor", 0.01),
        (|b| b.maker_stock[0] = 1.0, "stock of the leading maker", 0.01),
        (|b| b.maker_stock[1] = -1.0, "stock of the other makers", 0.01),
        (|b| b.stacks = 991.0, "memory stacks", 1.0),
        (|b| b.dies = -991.0, "foreign dies", 1.0),
        (|b| b.money = 1.0, "money", 0.1),
        (|b| b.fees = -1.0, "fees", 0.1),
        (|b| b.compute = 1.0, "compute", 0.001),
    ];
    for (way, name, off) in ways {
        let mut books = balanced();
        way(&mut books);
        let bad: Vec<(&str, f64)> = books.entries().into_iter().filter(|(_, x)| *x > ROUNDING).collect();
        assert_eq!(bad, [(name, off)]);
        assert_eq!(books.off(), off);
    }
}

#[test]
fn one_bad_lane_of_eight_is_seen() {
    let zero = Pack([0.0; LANES]);
    let mut books = Books {
        vendor_stock: [zero; 2],
        maker_stock: [zero; 2],
        stacks: zero,
        dies: zero,
        money: zero,
        fees: zero,
        compute: zero,
        units: zero,
        budget: zero,
        installed: zero,
    };
    books.money.0[5] = -0.25;
    assert_eq!(books.off(), Pack([0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0]));
}
