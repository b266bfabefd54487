//! The task of `columns.rs` in engines for rules: regorus, by its interpreter and by its machine, cedar and cel.
//!
//! `engines FOLDER`, where FOLDER holds the rows as the bench wrote them. Prints a line of JSON for each engine: its name and version,
//! how many rows it decided in a few seconds of processor time, nanoseconds a row, how often each of the nine answers came. A policy
//! is read once, before anything is timed; a decision counts with the making of the engine's own input, since none can do without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ProcessTime;

/// Processor time that an engine has.
const TIME: Duration = Duration::from_secs(3);
/// How often the clock is looked at.
const BETWEEN: usize = 1024;

struct Row {
    fp16: f64,
    fp8: f64,
    die: f64,
    datacenter: bool,
    dest: u8,
    day: i32,
}

fn rows(folder: &Path) -> Vec<Row> {
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let doubles = |name: &str| -> Vec<f64> {
        read(name).chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
    };
    let (fp16, fp8, die) = (doubles("fp16"), doubles("fp8"), doubles("die"));
    let (datacenter, dest, day) = (read("datacenter"), read("dest"), read("day"));
    let days = day.chunks_exact(4).map(|bytes| i32::from_le_bytes(bytes.try_into().unwrap()));
    let row =
        |(at, day)| Row { fp16: fp16[at], fp8: fp8[at], die: die[at], datacenter: datacenter[at] != 0, dest: dest[at], day };
    days.enumerate().map(row).collect()
}

/// Decides as many rows as there is time for.
fn run(engine: &str, version: &str, rows: &[Row], mut decide: impl FnMut(&Row) -> u8) {
    let mut answers = [0u64; 9];
    let mut n = 0;
    let start = ProcessTime::now();
    for rows in rows.chunks(BETWEEN) {
        for row in rows {
            answers[usize::from(decide(row))] += 1;
        }
        n += rows.len();
        if start.elapsed() >= TIME {
            break;
        }
    }
    let ns = start.elapsed().as_secs_f64() * 1e9 / n as f64;
    println!("{}", serde_json::json!({ "engine": engine, "version": version, "n": n, "ns": ns, "answers": answers }));
}

fn regorus(machine: bool) -> Box<dyn FnMut(&Row) -> u8> {
    use regorus::languages::rego::compiler::Compiler;
    use regorus::rvm::vm::RegoVM;
    use regorus::{Engine, Rc, Value};

    let keys = ["fp16", "fp8", "die", "datacenter", "dest", "day"].map(Value::from);
    let input = move |row: &Row| {
        let values: [Value; 6] = [
            row.fp16.into(),
            row.fp8.into(),
            row.die.into(),
            row.datacenter.into(),
            i64::from(row.dest).into(),
            i64::from(row.day).into(),
        ];
        Value::from(keys.iter().cloned().zip(values).collect::<BTreeMap<_, _>>())
    };
    let mut engine = Engine::new();
    engine.add_policy("task.rego".into(), include_str!("task.rego").into()).expect("a policy");
    let rule: Rc<str> = "data.task.code".into();
    if machine {
        let compiled = engine.compile_with_entrypoint(&rule).expect("a compiled policy");
        let program = Compiler::compile_from_policy(&compiled, &[&*rule]).expect("a program");
        let mut vm = RegoVM::new();
        vm.load_program(program);
        Box::new(move |row| {
            vm.set_input(input(row));
            vm.execute().expect("an answer").as_u8().expect("a small number")
        })
    } else {
        Box::new(move |row| {
            engine.set_input(input(row));
            engine.eval_rule(rule.to_string()).expect("an answer").as_u8().expect("a small number")
        })
    }
}

/// The policies that are satisfied are the answer.
fn cedar() -> impl FnMut(&Row) -> u8 {
    use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicyId, PolicySet, Request, RestrictedExpression};

    let parsed = PolicySet::from_str(include_str!("task.cedar")).expect("policies");
    let mut policies = PolicySet::new();
    for policy in parsed.policies() {
        let id = PolicyId::new(policy.annotation("id").expect("an @id"));
        policies.add(policy.new_id(id)).expect("an id of its own");
    }
    let uid = |text: &str| EntityUid::from_str(text).expect("a name");
    let (who, what, which) = (uid(r#"Party::"exporter""#), uid(r#"Action::"export""#), uid(r#"Chip::"x""#));
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    move |row| {
        // All numbers of the task are whole.
        let whole = |number: f64| RestrictedExpression::new_long(number as i64);
        let context = Context::from_pairs([
            ("fp16".into(), whole(row.fp16)),
            ("fp8".into(), whole(row.fp8)),
            ("die".into(), whole(row.die)),
            ("datacenter".into(), RestrictedExpression::new_bool(row.datacenter)),
            ("dest".into(), RestrictedExpression::new_long(row.dest.into())),
            ("day".into(), RestrictedExpression::new_long(row.day.into())),
        ])
        .expect("a context");
        let request = Request::new(who.clone(), what.clone(), which.clone(), context, None).expect("a request");
        let answer = authorizer.is_authorized(&request, &policies, &entities);
        let (mut class, mut licence) = (0, 0);
        for id in answer.diagnostics().reason() {
            match id.as_ref() {
                "class_a" => class = 1,
                "class_b" => class = 2,
                "where_licence" => licence = licence.max(1),
                "where_denial" => licence = 2,
                other => panic!("{other}"),
            }
        }
        if class == 0 { 0 } else { class * 3 + licence }
    }
}

/// Four small programs, each one's answer bound for the next.
fn cel() -> impl FnMut(&Row) -> u8 {
    use cel::{Context, Env, Value};

    let env = Arc::new(Env::stdlib());
    let compile = |text: &str| env.compile(text).expect("a program");
    let tpp = compile("fp16 * 16.0 > fp8 * 8.0 ? fp16 * 16.0 : fp8 * 8.0");
    let density = compile("tpp / die");
    let class = compile(
        "day < 19678 ? 0 : tpp >= 4800.0 || (tpp >= 1600.0 && density >= 5.92) ? 1 : \
         density < 5.92 && ((tpp >= 2400.0 && density >= 1.6) || (tpp >= 1600.0 && density >= 3.2)) ? 2 : 0",
    );
    let code = compile("class * 3 + (class > 0 && datacenter && dest > 0 ? (dest == 3 ? 2 : 1) : 0)");
    move |row| {
        let mut context = Context::with_env(Arc::clone(&env));
        context.add_variable_from_value("fp16", row.fp16);
        context.add_variable_from_value("fp8", row.fp8);
        context.add_variable_from_value("die", row.die);
        context.add_variable_from_value("datacenter", row.datacenter);
        context.add_variable_from_value("dest", i64::from(row.dest));
        context.add_variable_from_value("day", i64::from(row.day));
        for (name, program) in [("tpp", &tpp), ("density", &density), ("class", &class)] {
            let value = program.execute(&context).expect("a value");
            context.add_variable_from_value(name, value);
        }
        match code.execute(&context).expect("an answer") {
            Value::Int(code) => u8::try_from(code).expect("a small number"),
            other => panic!("{other:?}"),
        }
    }
}

fn main() {
    let folder = std::env::args_os().nth(1).expect("the folder of the rows");
    let rows = rows(Path::new(&folder));
    run("regorus", "0.14.1", &rows, regorus(false));
    run("regorus, its machine", "0.14.1", &rows, regorus(true));
    run("cedar", "4.14.1", &rows, cedar());
    run("cel", "0.15.0", &rows, cel());
}
