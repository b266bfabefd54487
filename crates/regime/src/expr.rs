//! Expressions: SQL text to typed trees, every name, type and unit checked.

use std::ops::Range;

use facts::{Dictionary, Fact, FieldId, FieldType, Number, Problem, Source, Text, Unit, Units, nearest};
use sqlparser::ast::{self, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, UnaryOperator};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::law::{ClauseId, ClauseKind, GroupId, ValueId};
use crate::tree::{Op, Piece, Term, Test};

/// The longest expression, in bytes.
pub(crate) const LONGEST: usize = 8192;
/// The most tokens in one expression.
pub(crate) const MOST_TOKENS: usize = 1024;
/// The most parts that one expression may unfold to.
pub(crate) const MOST_PARTS: usize = 4096;
/// The deepest nesting of parentheses and CASE.
pub(crate) const DEEPEST: usize = 64;

/// What names mean on a page.
pub(crate) struct Names<'a> {
    pub(crate) dictionary: &'a Dictionary,
    pub(crate) clause: &'a ClauseNamed<'a>,
    pub(crate) clauses: &'a dyn Fn() -> Vec<String>,
    pub(crate) value: &'a dyn Fn(&str) -> Option<(ValueId, Unit)>,
    pub(crate) values: &'a dyn Fn() -> Vec<String>,
    pub(crate) group: &'a dyn Fn(&str) -> Option<(GroupId, bool)>,
    pub(crate) groups: &'a dyn Fn() -> Vec<String>,
}

/// A clause by name, with its kind and the unit of its number.
type ClauseNamed<'a> = dyn Fn(&str) -> Option<(ClauseId, ClauseKind, Unit)> + 'a;

/// One side of a comparison: the text and what it turned out to be.
type Side<'e> = (&'e Expr, Option<Typed>);

/// What an expression turned out to be.
#[derive(Clone)]
enum Typed {
    Test(Test),
    Number(Term, Unit),
    /// A fact that is a word, a name, a country or a set.
    Word(FieldId),
    Literal(String),
}

impl Typed {
    fn kind(&self) -> &'static str {
        match self {
            Typed::Test(_) => "true or false",
            Typed::Number(..) => "a number",
            Typed::Word(_) => "a word",
            Typed::Literal(_) => "a text in quotes",
        }
    }
}

/// Reads a text as a test.
pub(crate) fn read_test(names: &Names<'_>, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<Test> {
    let mut reader = Reader { names, source, text, problems };
    let expr = reader.parse()?;
    reader.test(&expr)
}

/// Reads a text as a number.
pub(crate) fn read_term(names: &Names<'_>, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<(Term, Unit)> {
    let mut reader = Reader { names, source, text, problems };
    let expr = reader.parse()?;
    reader.term(&expr)
}

struct Reader<'a, 'p> {
    names: &'a Names<'a>,
    source: &'a Source,
    text: &'a Text,
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn parse(&mut self) -> Option<Expr> {
        let sql = self.text.value.as_str();
        if sql.len() > LONGEST {
            return self.fail(
                self.text.at.clone(),
                format!("the expression has {} characters; at most {LONGEST} are read", sql.len()),
                "split it into classes and quantities",
            );
        }
        let tokens = match Tokenizer::new(&GenericDialect {}, sql).tokenize() {
            Ok(tokens) => tokens,
            Err(error) => {
                let at = self.byte(error.location);
                return self.fail(at..at + 1, format!("not an expression: {}", error.message), SPELLING);
            }
        };
        if let Some(why) = too_large(&tokens) {
            return self.fail(self.text.at.clone(), why, "split it into classes and quantities");
        }
        let parser = Parser::new(&GenericDialect {}).with_recursion_limit(DEEPEST * 8);
        let parsed = parser.try_with_sql(sql).and_then(|mut parser| {
            let expr = parser.parse_expr()?;
            let next = parser.peek_token();
            Ok((expr, next))
        });
        match parsed {
            Ok((expr, next)) if next.token == Token::EOF => Some(expr),
            Ok((_, next)) => {
                let at = self.byte(next.span.start)..self.byte(next.span.end);
                self.fail(at, format!("`{}` is not expected here", next.token), SPELLING)
            }
            Err(error) => {
                let message = error.to_string();
                let message = message.trim_start_matches("sql parser error: ").to_owned();
                let at = message.rfind("Line: ").and_then(|i| self.located(message.get(i..)?));
                let short = message.split(" at Line:").next().unwrap_or(&message).to_owned();
                let at = at.map_or(self.text.at.clone(), |i| i..i + 1);
                self.fail(at, format!("not an expression: {short}"), SPELLING)
            }
        }
    }

    fn located(&self, text: &str) -> Option<usize> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|s| !s.is_empty());
        let line = numbers.next()?.parse().ok()?;
        let column = numbers.next()?.parse().ok()?;
        Some(self.byte(Location { line, column }))
    }

    /// Byte offset in the source of a place in the expression.
    fn byte(&self, at: Location) -> usize {
        let whole = self.source.text.get(self.text.at.clone()).unwrap_or_default();
        let start = self.text.at.start + whole.find(&self.text.value).unwrap_or(0);
        if at.line == 0 {
            return start;
        }
        let line_start: usize = self.text.value.split_inclusive('\n').take(at.line as usize - 1).map(str::len).sum();
        let line = self.text.value.get(line_start..).unwrap_or_default();
        let column: usize = line.chars().take((at.column as usize).saturating_sub(1)).map(char::len_utf8).sum();
        start + line_start + column
    }

    fn place(&self, expr: &Expr) -> Range<usize> {
        let span = expr.span();
        if span.start.line == 0 {
            return self.text.at.clone();
        }
        self.byte(span.start)..self.byte(span.end)
    }

    fn fail<T>(&mut self, at: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.problems.push(self.source.problem(at, message).hint(hint));
        None
    }

    fn test(&mut self, expr: &Expr) -> Option<Test> {
        match self.typed(expr)? {
            Typed::Test(test) => Some(test),
            other => self.fail(
                self.place(expr),
                format!("this is {}, where true or false is needed", other.kind()),
                "compare it with something",
            ),
        }
    }

    fn term(&mut self, expr: &Expr) -> Option<(Term, Unit)> {
        match self.typed(expr)? {
            Typed::Number(term, unit) => Some((term, unit)),
            other => self.fail(self.place(expr), format!("this is {}, where a number is needed", other.kind()), ""),
        }
    }

    fn typed(&mut self, expr: &Expr) -> Option<Typed> {
        match expr {
            Expr::Nested(inner) => self.typed(inner),
            Expr::Identifier(ident) => self.name(expr, &ident.value),
            Expr::Value(value) => self.literal(expr, &value.value),
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => {
                self.test(inner).map(|t| Typed::Test(Test::Not(Box::new(t))))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
                let (term, unit) = self.term(inner)?;
                let negative = match term {
                    Term::Number(n) => Term::Number(Number::from(-n.decimal())),
                    other => Term::Negative(Box::new(other)),
                };
                Some(Typed::Number(negative, unit))
            }
            Expr::BinaryOp { left, op, right } => self.binary(expr, left, op, right),
            Expr::Between { expr: inner, negated, low, high } => {
                let inner = (&**inner, self.typed(inner));
                let copy = self.copied(expr, &inner.1, 2);
                let (low, high) = ((&**low, self.typed(low)), (&**high, self.typed(high)));
                let low = self.compare(expr, copy.then(|| inner.clone())?, Op::Ge, low);
                let high = self.compare(expr, inner, Op::Le, high);
                let between = Test::All(vec![low?, high?]);
                Some(Typed::Test(if *negated { Test::Not(Box::new(between)) } else { between }))
            }
            Expr::InList { expr: inner, list, negated } => {
                let test = self.in_list(expr, inner, list)?;
                Some(Typed::Test(if *negated { Test::Not(Box::new(test)) } else { test }))
            }
            Expr::IsNull(inner) => self.absent(inner).map(Typed::Test),
            Expr::IsNotNull(inner) => self.absent(inner).map(|t| Typed::Test(Test::Not(Box::new(t)))),
            Expr::Case { operand: None, conditions, else_result, .. } => self.case(conditions, else_result.as_deref()),
            Expr::Function(function) => self.function(expr, function),
            _ => self.fail(self.place(expr), format!("`{expr}` is not part of the language"), SPELLING),
        }
    }

    fn name(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        if let Some((value, unit)) = (self.names.value)(name) {
            return Some(Typed::Number(Term::Value(value), unit));
        }
        if let Some(id) = self.names.dictionary.id(name) {
            let field = self.names.dictionary.field(id);
            if field.about == facts::About::Catalogue {
                return self.fail(self.place(expr), format!("`{name}` stands in the catalogue only; rules may not use it"), "");
            }
            return Some(match field.kind {
                FieldType::Number => Typed::Number(Term::Fact(id), field.unit.clone()),
                FieldType::Bool => Typed::Test(Test::Fact(id)),
                _ => Typed::Word(id),
            });
        }
        if let Some((clause, kind, unit)) = (self.names.clause)(name) {
            return match kind {
                ClauseKind::Quantity => Some(Typed::Number(Term::Quantity(clause), unit)),
                other => self.fail(
                    self.place(expr),
                    format!("`{name}` is a {other}, not a number"),
                    format!("write class('{name}') or requires('{name}')"),
                ),
            };
        }
        let mut known: Vec<String> = (self.names.values)();
        known.extend(self.names.dictionary.fields.iter().map(|f| f.name.clone()));
        known.extend((self.names.clauses)());
        let near = nearest(name, known.iter().map(String::as_str)).join(", ");
        let hint =
            if near.is_empty() { "facts are in fields.toml, values on the page".to_owned() } else { format!("near it: {near}") };
        self.fail(self.place(expr), format!("unknown name `{name}`"), hint)
    }

    fn literal(&mut self, expr: &Expr, value: &ast::Value) -> Option<Typed> {
        match value {
            ast::Value::Number(digits, _) => match Number::parse(digits) {
                Ok(number) => Some(Typed::Number(Term::Number(number), Unit::none())),
                Err(why) => self.fail(self.place(expr), why, ""),
            },
            ast::Value::SingleQuotedString(text) => Some(Typed::Literal(text.clone())),
            ast::Value::Boolean(yes) => Some(Typed::Test(Test::Is(*yes))),
            _ => self.fail(self.place(expr), format!("`{value}` is not part of the language"), SPELLING),
        }
    }

    fn binary(&mut self, expr: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Typed> {
        let compare = match op {
            BinaryOperator::And | BinaryOperator::Or => return self.chain(expr, op),
            BinaryOperator::Eq => Op::Eq,
            BinaryOperator::NotEq => Op::Ne,
            BinaryOperator::Lt => Op::Lt,
            BinaryOperator::LtEq => Op::Le,
            BinaryOperator::Gt => Op::Gt,
            BinaryOperator::GtEq => Op::Ge,
            _ => return self.arithmetic(expr, left, op, right),
        };
        let (l, r) = ((left, self.typed(left)), (right, self.typed(right)));
        self.compare(expr, l, compare, r).map(Typed::Test)
    }

    /// AND and OR chains lean to the left: walked in a loop, so that a long chain needs no deep stack.
    fn chain(&mut self, expr: &Expr, op: &BinaryOperator) -> Option<Typed> {
        let mut parts = Vec::new();
        let mut rest = expr;
        while let Expr::BinaryOp { left, op: this, right } = rest
            && this == op
        {
            parts.push(&**right);
            rest = left;
        }
        parts.push(rest);
        let mut tests = Vec::new();
        let mut whole = true;
        for part in parts.into_iter().rev() {
            match (self.test(part), op) {
                (Some(Test::All(inner)), BinaryOperator::And) => tests.extend(inner),
                (Some(Test::Any(inner)), BinaryOperator::Or) => tests.extend(inner),
                (Some(test), _) => tests.push(test),
                (None, _) => whole = false,
            }
        }
        whole.then(|| Typed::Test(if *op == BinaryOperator::And { Test::All(tests) } else { Test::Any(tests) }))
    }

    fn arithmetic(&mut self, expr: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Typed> {
        let l = self.term(left);
        let r = self.term(right);
        let ((left, lu), (right, ru)) = (l?, r?);
        let (l, r) = (Box::new(left), Box::new(right));
        match op {
            BinaryOperator::Multiply => Some(Typed::Number(Term::Product(l, r), lu.times(&ru, false))),
            BinaryOperator::Divide => Some(Typed::Number(Term::Quotient(l, r), lu.times(&ru, true))),
            BinaryOperator::Plus | BinaryOperator::Minus => {
                let (right, unit) = self.aligned(expr, *r, &ru, &l, &lu)?;
                let r = Box::new(right);
                Some(Typed::Number(if *op == BinaryOperator::Plus { Term::Sum(l, r) } else { Term::Difference(l, r) }, unit))
            }
            other => self.fail(self.place(expr), format!("`{other}` is not part of the language"), SPELLING),
        }
    }

    /// The right side in the unit of the left; a bare constant takes the other side's unit.
    fn aligned(&mut self, expr: &Expr, right: Term, ru: &Unit, left: &Term, lu: &Unit) -> Option<(Term, Unit)> {
        if matches!(right, Term::Number(_)) && ru.is_none() {
            return Some((right, lu.clone()));
        }
        if matches!(left, Term::Number(_)) && lu.is_none() {
            return Some((right, ru.clone()));
        }
        let Some(factor) = Units::conversion(ru, lu) else {
            return self.fail(
                self.place(expr),
                format!("{} and {} do not measure the same thing", named(lu), named(ru)),
                "divide or multiply first, or use another quantity",
            );
        };
        match Number::from_exact(&factor) {
            Some(one) if one == Number::from(1) => Some((right, lu.clone())),
            Some(factor) => Some((Term::Converted(factor, Box::new(right)), lu.clone())),
            None => self.fail(self.place(expr), format!("{ru} is no decimal multiple of {lu}"), "state both in one unit"),
        }
    }

    /// Whether something may be written down several times: what nests in copies of itself grows without end.
    fn copied(&mut self, expr: &Expr, typed: &Option<Typed>, times: usize) -> bool {
        let mut parts = 0usize;
        let mut count = |_: Piece<'_>| parts += 1;
        match typed {
            Some(Typed::Test(test)) => test.walk(&mut count),
            Some(Typed::Number(term, _)) => term.walk(&mut count),
            _ => {}
        }
        let whole = parts.saturating_mul(times) <= MOST_PARTS;
        if !whole {
            let message = format!("the expression unfolds to more than {MOST_PARTS} parts");
            let _: Option<()> = self.fail(self.place(expr), message, "make a class or a quantity of what is asked twice");
        }
        whole
    }

    fn compare(&mut self, expr: &Expr, left: Side<'_>, op: Op, right: Side<'_>) -> Option<Test> {
        let ((left, l), (right, r)) = (left, right);
        let test = match (l?, r?) {
            (Typed::Number(l, lu), Typed::Number(r, ru)) => {
                let (r, _) = self.aligned(expr, r, &ru, &l, &lu)?;
                return Some(Test::Compare { op, left: l, right: r });
            }
            (Typed::Word(field), Typed::Literal(word)) => self.one_of(field, &[(right, word)])?,
            (Typed::Literal(word), Typed::Word(field)) => self.one_of(field, &[(left, word)])?,
            (Typed::Word(a), Typed::Word(b)) => {
                let kind = |id| std::mem::discriminant(&self.names.dictionary.field(id).kind);
                if kind(a) != kind(b) {
                    return self.fail(
                        self.place(expr),
                        "the two facts are of different types",
                        "compare a country with a country",
                    );
                }
                Test::Same(a, b)
            }
            (Typed::Test(test), Typed::Test(Test::Is(yes))) | (Typed::Test(Test::Is(yes)), Typed::Test(test)) => {
                if yes {
                    test
                } else {
                    Test::Not(Box::new(test))
                }
            }
            (l, r) => return self.fail(self.place(expr), format!("{} cannot be compared with {}", l.kind(), r.kind()), ""),
        };
        match op {
            Op::Eq => Some(test),
            Op::Ne => Some(Test::Not(Box::new(test))),
            _ => self.fail(self.place(expr), "words have no order", "use = or <>"),
        }
    }

    fn one_of(&mut self, field: FieldId, words: &[(&Expr, String)]) -> Option<Test> {
        let entry = self.names.dictionary.field(field);
        if matches!(entry.kind, FieldType::Set(_)) {
            let at = words.first().map_or(self.text.at.clone(), |(e, _)| self.place(e));
            return self.fail(at, format!("`{}` is a set", entry.name), "ask listed(party, 'list')");
        }
        let mut facts = Vec::new();
        for (expr, word) in words {
            match self.names.dictionary.parse(field, word) {
                Ok(fact) if fact != Fact::Unknown => facts.push(fact),
                Ok(_) => return self.fail(self.place(expr), "an empty word matches nothing", ""),
                Err(why) => {
                    let (message, hint) = why.split_once("; ").unwrap_or((&why, ""));
                    return self.fail(self.place(expr), message, hint);
                }
            }
        }
        Some(Test::OneOf(field, facts))
    }

    fn in_list(&mut self, expr: &Expr, inner: &Expr, list: &[Expr]) -> Option<Test> {
        match self.typed(inner)? {
            Typed::Word(field) => {
                let mut words = Vec::new();
                for item in list {
                    match self.typed(item)? {
                        Typed::Literal(word) => words.push((item, word)),
                        other => {
                            return self.fail(
                                self.place(item),
                                format!("{} in a list of words", other.kind()),
                                "put words in single quotes",
                            );
                        }
                    }
                }
                self.one_of(field, &words)
            }
            number @ Typed::Number(..) => {
                let number = (inner, Some(number));
                if !self.copied(expr, &number.1, list.len()) {
                    return None;
                }
                let mut tests = Vec::new();
                for item in list {
                    let item = (item, self.typed(item));
                    tests.push(self.compare(expr, number.clone(), Op::Eq, item)?);
                }
                if tests.len() == 1 { tests.pop() } else { Some(Test::Any(tests)) }
            }
            other => self.fail(self.place(inner), format!("{} cannot be in a list", other.kind()), ""),
        }
    }

    fn absent(&mut self, inner: &Expr) -> Option<Test> {
        match self.typed(inner)? {
            Typed::Word(field) | Typed::Test(Test::Fact(field)) | Typed::Number(Term::Fact(field), _) => {
                Some(Test::Absent(field))
            }
            other => {
                self.fail(self.place(inner), format!("IS NULL asks about a fact, not {}", other.kind()), "name the fact itself")
            }
        }
    }

    fn case(&mut self, conditions: &[ast::CaseWhen], otherwise: Option<&Expr>) -> Option<Typed> {
        let mut whens = Vec::new();
        let mut first: Option<(Term, Unit)> = None;
        for when in conditions {
            let test = self.test(&when.condition);
            let term = self.same_unit(&when.result, &mut first);
            whens.push((test?, term?));
        }
        let otherwise = match otherwise {
            Some(expr) => Some(Box::new(self.same_unit(expr, &mut first)?)),
            None => None,
        };
        let unit = first.map_or(Unit::none(), |(_, unit)| unit);
        Some(Typed::Number(Term::Case(whens, otherwise), unit))
    }

    /// A term in the unit of the first of its row.
    fn same_unit(&mut self, expr: &Expr, first: &mut Option<(Term, Unit)>) -> Option<Term> {
        let (term, unit) = self.term(expr)?;
        match first {
            None => {
                *first = Some((term.clone(), unit));
                Some(term)
            }
            Some((first_term, first_unit)) => {
                let (first_term, first_unit) = (first_term.clone(), first_unit.clone());
                let (aligned, to) = self.aligned(expr, term, &unit, &first_term, &first_unit)?;
                *first = Some((first_term, to));
                Some(aligned)
            }
        }
    }

    fn function(&mut self, expr: &Expr, function: &ast::Function) -> Option<Typed> {
        let name = function.name.to_string().to_lowercase();
        let FunctionArguments::List(list) = &function.args else {
            return self.fail(self.place(expr), format!("`{name}` needs arguments"), FUNCTIONS);
        };
        let mut args = Vec::new();
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) => args.push(arg),
                _ => return self.fail(self.place(expr), format!("`{arg}` is not an argument of `{name}`"), FUNCTIONS),
            }
        }
        match (name.as_str(), args.as_slice()) {
            ("class", [id]) => self.clause(id, &[ClauseKind::Class]).map(|c| Typed::Test(Test::Applies(c))),
            ("requires", [id]) => self.clause(id, &[ClauseKind::Requirement]).map(|c| Typed::Test(Test::Applies(c))),
            ("total", [id]) => {
                let clause = self.clause(id, &[ClauseKind::Quota])?;
                let unit = self.quoted(id).and_then(|n| (self.names.clause)(&n)).map_or(Unit::none(), |(_, _, u)| u);
                Some(Typed::Number(Term::Total(clause), unit))
            }
            ("in_group", [fact, group]) => self.in_group(fact, group).map(Typed::Test),
            ("listed", [party, list]) => self.listed(party, list).map(Typed::Test),
            ("coalesce", [_, ..]) => self.many(&args).map(|(t, u)| Typed::Number(Term::First(t), u)),
            ("greatest", [_, ..]) => self.many(&args).map(|(t, u)| Typed::Number(Term::Greatest(t), u)),
            ("least", [_, ..]) => self.many(&args).map(|(t, u)| Typed::Number(Term::Least(t), u)),
            ("nullif", [a, b]) => {
                let (a, unit) = self.term(a)?;
                let (b, bu) = self.term(b)?;
                let (b, _) = self.aligned(expr, b, &bu, &a, &unit)?;
                Some(Typed::Number(Term::NullIf(Box::new(a), Box::new(b)), unit))
            }
            _ => self.fail(self.place(expr), format!("no function `{name}` with {} arguments", args.len()), FUNCTIONS),
        }
    }

    fn many(&mut self, args: &[&Expr]) -> Option<(Vec<Term>, Unit)> {
        let mut first = None;
        let terms: Vec<Option<Term>> = args.iter().map(|arg| self.same_unit(arg, &mut first)).collect();
        let terms: Option<Vec<Term>> = terms.into_iter().collect();
        Some((terms?, first.map_or(Unit::none(), |(_, unit)| unit)))
    }

    fn quoted(&mut self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Value(value) => match &value.value {
                ast::Value::SingleQuotedString(text) => Some(text.clone()),
                _ => self.fail(self.place(expr), "a name in single quotes is needed", "as in '3A090.a'"),
            },
            _ => self.fail(self.place(expr), "a name in single quotes is needed", "as in '3A090.a'"),
        }
    }

    fn clause(&mut self, expr: &Expr, kinds: &[ClauseKind]) -> Option<ClauseId> {
        let name = self.quoted(expr)?;
        match (self.names.clause)(&name) {
            Some((id, kind, _)) if kinds.contains(&kind) => Some(id),
            Some((_, kind, _)) => {
                let wanted: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
                self.fail(self.place(expr), format!("`{name}` is a {kind}, not a {}", wanted.join(" or ")), "")
            }
            None => {
                let known = (self.names.clauses)();
                let near = nearest(&name, known.iter().map(String::as_str)).join(", ");
                self.fail(
                    self.place(expr),
                    format!("no clause `{name}`"),
                    if near.is_empty() { String::new() } else { format!("near it: {near}") },
                )
            }
        }
    }

    fn in_group(&mut self, fact: &Expr, group: &Expr) -> Option<Test> {
        let name = self.quoted(group)?;
        let Some((id, of_countries)) = (self.names.group)(&name) else {
            let known = (self.names.groups)();
            let near = nearest(&name, known.iter().map(String::as_str)).join(", ");
            return self.fail(
                self.place(group),
                format!("no group `{name}`"),
                if near.is_empty() { String::new() } else { format!("near it: {near}") },
            );
        };
        match self.typed(fact)? {
            Typed::Word(field) => {
                let is_country = self.names.dictionary.field(field).kind == FieldType::Country;
                if is_country != of_countries {
                    let members = if of_countries { "countries" } else { "names" };
                    return self.fail(self.place(fact), format!("`{name}` is a group of {members}"), "");
                }
                Some(Test::Member(field, id))
            }
            other => self.fail(self.place(fact), format!("{} belongs to no group", other.kind()), "name a fact"),
        }
    }

    fn listed(&mut self, party: &Expr, list: &Expr) -> Option<Test> {
        let word = self.quoted(list)?;
        let Expr::Identifier(party_name) = party else {
            return self.fail(self.place(party), "a party is needed", "as in listed(consignee, 'entity-list')");
        };
        let field = self.names.dictionary.id(&format!("{}_lists", party_name.value));
        let Some((id, FieldType::Set(words))) = field.map(|id| (id, &self.names.dictionary.field(id).kind)) else {
            return self.fail(
                self.place(party),
                format!("there is no screening result `{}_lists`", party_name.value),
                "consignee has one",
            );
        };
        match words.iter().position(|w| *w == word) {
            Some(at) => Some(Test::Holds(id, at as u8)),
            None => self.fail(self.place(list), format!("no list `{word}`"), format!("known: {}", words.join(", "))),
        }
    }
}

const SPELLING: &str = "SQL scalar expressions: = <> < <= > >=, AND OR NOT, IN, BETWEEN, IS NULL, + - * /, CASE WHEN";
const FUNCTIONS: &str = "class, requires, in_group, listed, total, coalesce, nullif, greatest, least";

fn named(unit: &Unit) -> String {
    if unit.is_none() { "a plain number".to_owned() } else { unit.to_string() }
}

/// Why an expression is refused before it is parsed.
fn too_large(tokens: &[Token]) -> Option<String> {
    let solid = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).count();
    if solid > MOST_TOKENS {
        return Some(format!("the expression has {solid} words and signs; at most {MOST_TOKENS} are read"));
    }
    let (mut depth, mut deepest) = (0usize, 0usize);
    for token in tokens {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(w) if w.value.eq_ignore_ascii_case("case") => depth += 1,
            Token::Word(w) if w.value.eq_ignore_ascii_case("end") => depth = depth.saturating_sub(1),
            _ => continue,
        }
        deepest = deepest.max(depth);
    }
    // NOT NOT NOT … and - - - … nest without parentheses.
    let mut run = 0usize;
    for token in tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))) {
        let prefix =
            matches!(token, Token::Minus | Token::Plus) || matches!(token, Token::Word(w) if w.value.eq_ignore_ascii_case("not"));
        run = if prefix { run + 1 } else { 0 };
        deepest = deepest.max(run);
    }
    (deepest > DEEPEST).then(|| format!("the expression nests {deepest} levels deep; at most {DEEPEST} are read"))
}
