//! Trees back to text: SQL that reads back to the same tree.

use facts::{Fact, FieldId};

use crate::law::{ClauseKind, Law};
use crate::tree::{Op, Term, Test};

/// A test as SQL.
pub fn test_sql(law: &Law, test: &Test) -> String {
    let name = |id: &FieldId| law.dictionary.field(*id).name.clone();
    match test {
        Test::Is(yes) => yes.to_string().to_uppercase(),
        Test::Fact(id) => name(id),
        Test::Compare { op, left, right } => format!("{} {} {}", term_sql(law, left), op.sql(), term_sql(law, right)),
        Test::Same(a, b) => format!("{} = {}", name(a), name(b)),
        Test::OneOf(id, facts) => match facts.as_slice() {
            [one] => format!("{} = {}", name(id), quoted(law, *id, one)),
            many => {
                let words: Vec<String> = many.iter().map(|f| quoted(law, *id, f)).collect();
                format!("{} IN ({})", name(id), words.join(", "))
            }
        },
        Test::Member(id, group) => format!("in_group({}, '{}')", name(id), law.group(*group).id),
        Test::Holds(id, at) => {
            let party = name(id).trim_end_matches("_lists").to_owned();
            format!("listed({party}, '{}')", law.dictionary.spell(*id, &Fact::Set(1 << at)))
        }
        Test::Absent(id) => format!("{} IS NULL", name(id)),
        Test::Applies(id) => {
            let clause = law.clause(*id);
            let function = if clause.kind == ClauseKind::Requirement { "requires" } else { "class" };
            format!("{function}('{}')", clause.id)
        }
        Test::All(parts) => joined(law, parts, " AND "),
        Test::Any(parts) => in_numbers(law, parts).unwrap_or_else(|| joined(law, parts, " OR ")),
        Test::Not(inner) => format!("NOT ({})", test_sql(law, inner)),
    }
}

/// One term equal to any of several numbers, as a list.
fn in_numbers(law: &Law, parts: &[Test]) -> Option<String> {
    let (Test::Compare { left: first, .. }, [_, _, ..]) = (parts.first()?, parts) else { return None };
    let number = |part: &Test| match part {
        Test::Compare { op: Op::Eq, left, right: right @ Term::Number(_) } if left == first => Some(term_sql(law, right)),
        _ => None,
    };
    let numbers: Option<Vec<String>> = parts.iter().map(number).collect();
    Some(format!("{} IN ({})", term_sql(law, first), numbers?.join(", ")))
}

fn joined(law: &Law, parts: &[Test], word: &str) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Test::All(_) | Test::Any(_) => format!("({})", test_sql(law, part)),
            _ => test_sql(law, part),
        })
        .collect();
    parts.join(word)
}

fn quoted(law: &Law, id: FieldId, fact: &Fact) -> String {
    format!("'{}'", law.dictionary.spell(id, fact).replace('\'', "''"))
}

/// A term as SQL; conversions of units are not written, since they follow from the names.
pub fn term_sql(law: &Law, term: &Term) -> String {
    // Signs of one rank read from the left: only what would read otherwise stands in parentheses.
    let pair = |l: &Term, sign: &str, r: &Term| {
        let sums = matches!(plain(l), Term::Sum(..) | Term::Difference(..));
        let left = if sums && (sign == "*" || sign == "/") { inner(law, l) } else { term_sql(law, l) };
        format!("{left} {sign} {}", inner(law, r))
    };
    match term {
        Term::Number(n) => n.to_string(),
        Term::Fact(id) => law.dictionary.field(*id).name.clone(),
        Term::Value(id) => law.value(*id).name.clone(),
        Term::Quantity(id) => law.clause(*id).id.clone(),
        Term::Total(id) => format!("total('{}')", law.clause(*id).id),
        Term::Converted(_, term) => term_sql(law, term),
        Term::Negative(term) => format!("-({})", term_sql(law, term)),
        Term::Sum(l, r) => pair(l, "+", r),
        Term::Difference(l, r) => pair(l, "-", r),
        Term::Product(l, r) => pair(l, "*", r),
        Term::Quotient(l, r) => pair(l, "/", r),
        Term::First(terms) => call(law, "coalesce", terms),
        Term::Greatest(terms) => call(law, "greatest", terms),
        Term::Least(terms) => call(law, "least", terms),
        Term::NullIf(a, b) => format!("nullif({}, {})", term_sql(law, a), term_sql(law, b)),
        Term::Case(whens, otherwise) => {
            let mut sql = "CASE".to_owned();
            for (test, term) in whens {
                sql.push_str(&format!(" WHEN {} THEN {}", test_sql(law, test), term_sql(law, term)));
            }
            if let Some(term) = otherwise {
                sql.push_str(&format!(" ELSE {}", term_sql(law, term)));
            }
            sql + " END"
        }
    }
}

/// A term without the conversions that are not written.
fn plain(term: &Term) -> &Term {
    match term {
        Term::Converted(_, inner) => plain(inner),
        other => other,
    }
}

fn inner(law: &Law, term: &Term) -> String {
    match term {
        Term::Sum(..) | Term::Difference(..) | Term::Product(..) | Term::Quotient(..) => format!("({})", term_sql(law, term)),
        Term::Converted(_, converted) => inner(law, converted),
        _ => term_sql(law, term),
    }
}

fn call(law: &Law, name: &str, terms: &[Term]) -> String {
    let args: Vec<String> = terms.iter().map(|t| term_sql(law, t)).collect();
    format!("{name}({})", args.join(", "))
}
