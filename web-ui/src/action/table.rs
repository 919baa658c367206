//! The table of actions in the page's own file.

use live::control::Request;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Order};

/// Tables of this part.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "actions",
    "CREATE TABLE actions (
         number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user TEXT NOT NULL, action TEXT NOT NULL,
         asked TEXT NOT NULL, request TEXT NOT NULL, phase TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
         trace TEXT NOT NULL, made_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX actions_made ON actions (made_ns);
     CREATE INDEX actions_open ON actions (phase) WHERE phase IN ('ordered', 'sent');",
)];

/// Finished actions are kept for so long, and so many.
const KEPT_NS: u64 = 30 * 86_400 * SECOND_NS;
const KEPT_MAX: i64 = 10_000;

/// Orders of one user in a minute: more than a person gives.
const USER_A_MINUTE: i64 = 60;

/// Test messages, all together: a short message costs money.
const TESTS_A_MINUTE: i64 = 3;
const TESTS_AN_HOUR: i64 = 20;

/// Steps of one action that are kept: the first and the newest.
const TRACE_MAX: usize = 24;

/// Characters of a role's answer that are kept.
const MESSAGE_CHARS_MAX: usize = 1_000;

const SECOND_NS: u64 = 1_000_000_000;

/// Where an action is; the module's table has the ways between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the module's table says it")]
pub enum Phase {
    Ordered,
    Sent,
    Done,
    Refused,
    Unknown,
    Expired,
}

impl Phase {
    const ALL: [Phase; 6] = [Phase::Ordered, Phase::Sent, Phase::Done, Phase::Refused, Phase::Unknown, Phase::Expired];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Ordered => "ordered",
            Phase::Sent => "sent",
            Phase::Done => "done",
            Phase::Refused => "refused",
            Phase::Unknown => "unknown",
            Phase::Expired => "expired",
        }
    }

    /// Nothing more will happen.
    pub const fn is_final(self) -> bool {
        !matches!(self, Phase::Ordered | Phase::Sent)
    }
}

/// Something that happened to an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, ns since the epoch.
    pub at_ns: u64,
    /// What: a phase's name, or "waiting".
    pub step: String,
    /// More of it; may be empty.
    pub text: String,
}

/// An action.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id, made by the client.
    pub id: String,
    /// Who ordered it.
    pub user: String,
    /// What.
    pub kind: Kind,
    /// The arguments as they were given, as JSON.
    pub asked: String,
    /// Where it is.
    pub phase: Phase,
    /// What became of it in one word: "" while it is under way, then the phase, or why not: "away", "no_answer".
    pub code: String,
    /// The role's answer, or the last reason why there is none.
    pub message: String,
    /// What happened so far.
    pub trace: Vec<Step>,
    /// When it was ordered, ns since the epoch.
    pub made_ns: u64,
    /// Until when it is tried.
    pub expires_ns: u64,
    /// When it changed last.
    pub changed_ns: u64,
}

impl Record {
    /// A new one.
    pub fn new(kind: Kind, order: &Order, user: &str, now_ns: u64) -> Record {
        Record {
            id: order.id.clone(),
            user: user.to_owned(),
            kind,
            asked: Value::Object(order.arguments.clone()).to_string(),
            phase: Phase::Ordered,
            code: String::new(),
            message: String::new(),
            trace: vec![Step { at_ns: now_ns, step: Phase::Ordered.name().to_owned(), text: String::new() }],
            made_ns: now_ns,
            expires_ns: now_ns.saturating_add(kind.life().as_secs() * SECOND_NS),
            changed_ns: now_ns,
        }
    }

    /// Whether it is the same order of the same user.
    pub fn is_same(&self, other: &Record) -> bool {
        (&self.id, &self.user, self.kind, &self.asked) == (&other.id, &other.user, other.kind, &other.asked)
    }

    /// Goes to a phase. The same step with the same text is not noted twice in a row.
    pub fn go(&mut self, phase: Phase, code: &str, message: &str, now_ns: u64) {
        let message: String =
            message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS_MAX).collect();
        (self.phase, self.code, self.changed_ns) = (phase, code.to_owned(), now_ns);
        self.message.clone_from(&message);
        let step = if phase == Phase::Ordered { "waiting" } else { phase.name() };
        // While a role is away, "sent" and "waiting" take turns: the pair is one thing that goes on.
        let mut newest = self.trace.iter().rev().take(2);
        if newest.any(|one| one.step == step && one.text == message) && !phase.is_final() {
            return;
        }
        if self.trace.len() >= TRACE_MAX {
            self.trace.remove(1);
        }
        self.trace.push(Step { at_ns: now_ns, step: step.to_owned(), text: message });
    }

    /// For the API. Times are milliseconds since the epoch, which any client's numbers hold.
    pub fn shown(&self) -> Value {
        let ms = |ns: u64| ns / 1_000_000;
        let asked: Value = serde_json::from_str(&self.asked).unwrap_or_default();
        let trace: Vec<Value> = self
            .trace
            .iter()
            .map(|step| json!({"at_ms": ms(step.at_ns), "step": step.step, "text": step.text}))
            .collect();
        json!({
            "id": self.id, "user": self.user, "action": self.kind.name(), "arguments": asked,
            "state": self.phase.name(), "final": self.phase.is_final(), "code": self.code, "message": self.message,
            "trace": trace, "made_ms": ms(self.made_ns), "expires_ms": ms(self.expires_ns),
            "changed_ms": ms(self.changed_ns),
        })
    }
}

/// What came of an order.
#[derive(Debug)]
pub enum Placed {
    /// It is kept.
    New,
    /// The id is known.
    Known(Box<Record>),
    /// Ordered too often; what.
    TooOften(&'static str),
    /// No room.
    Full,
}

const COLUMNS: &str = "id, user, action, asked, phase, code, message, trace, made_ns, expires_ns, changed_ns";

/// Keeps a new action, durably, unless its id is known. `room` = one more may be under way.
pub fn place(db: &mut Connection, record: &Record, request: &Request, room: bool) -> rusqlite::Result<Placed> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(known) = get(&transaction, &record.id)? {
        return Ok(Placed::Known(Box::new(known)));
    }
    if !room {
        return Ok(Placed::Full);
    }
    let since = |seconds: u64| int(record.made_ns.saturating_sub(seconds * SECOND_NS));
    let of_user: i64 = transaction.query_row(
        "SELECT COUNT(*) FROM actions WHERE made_ns > ?1 AND user = ?2",
        params![since(60), record.user],
        |row| row.get(0),
    )?;
    if of_user >= USER_A_MINUTE {
        return Ok(Placed::TooOften("you gave 60 orders within a minute"));
    }
    if record.kind == Kind::TestChannel {
        for (seconds, max, what) in [
            (60, TESTS_A_MINUTE, "3 test messages were ordered within a minute, and they may cost money"),
            (3600, TESTS_AN_HOUR, "20 test messages were ordered within an hour, and they may cost money"),
        ] {
            let tests: i64 = transaction.query_row(
                "SELECT COUNT(*) FROM actions WHERE made_ns > ?1 AND action = 'test_channel'",
                [since(seconds)],
                |row| row.get(0),
            )?;
            if tests >= max {
                return Ok(Placed::TooOften(what));
            }
        }
    }
    transaction.execute(
        "INSERT INTO actions (id, user, action, asked, request, phase, code, message, trace, made_ns, expires_ns,
         changed_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            record.id,
            record.user,
            record.kind.name(),
            record.asked,
            serde_json::to_string(request).unwrap_or_default(),
            record.phase.name(),
            record.code,
            record.message,
            serde_json::to_string(&record.trace).unwrap_or_default(),
            int(record.made_ns),
            int(record.expires_ns),
            int(record.changed_ns),
        ],
    )?;
    transaction.execute(
        "DELETE FROM actions WHERE phase NOT IN ('ordered', 'sent')
         AND (made_ns < ?1 OR number <= (SELECT MAX(number) FROM actions) - ?2)",
        params![int(record.made_ns.saturating_sub(KEPT_NS)), KEPT_MAX],
    )?;
    transaction.commit()?;
    Ok(Placed::New)
}

/// Keeps where an action is now.
pub fn update(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE actions SET phase = ?2, code = ?3, message = ?4, trace = ?5, changed_ns = ?6 WHERE id = ?1",
        params![
            record.id,
            record.phase.name(),
            record.code,
            record.message,
            serde_json::to_string(&record.trace).unwrap_or_default(),
            int(record.changed_ns),
        ],
    )?;
    Ok(())
}

/// The action of that id.
pub fn get(db: &Connection, id: &str) -> rusqlite::Result<Option<Record>> {
    db.query_row(&format!("SELECT {COLUMNS} FROM actions WHERE id = ?1"), [id], read).optional()
}

/// Those that are under way, with what their roles are asked; the oldest first. What cannot be read is left out: a later
/// version may know it.
pub fn unfinished(db: &Connection) -> rusqlite::Result<Vec<(Record, Request)>> {
    let sql = format!("SELECT {COLUMNS}, request FROM actions WHERE phase IN ('ordered', 'sent') ORDER BY number");
    let mut statement = db.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok((read(row), row.get::<_, String>(11)?)))?;
    let understood = rows.filter_map(|row| {
        let (record, request) = row.ok()?;
        Some((record.ok()?, serde_json::from_str(&request).ok()?))
    });
    Ok(understood.collect())
}

/// The newest of these kinds.
pub fn recent(db: &Connection, kinds: &[Kind], max: u32) -> rusqlite::Result<Vec<Record>> {
    let names: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.name())).collect();
    let sql =
        format!("SELECT {COLUMNS} FROM actions WHERE action IN ({}) ORDER BY number DESC LIMIT ?1", names.join(", "));
    let mut statement = db.prepare(&sql)?;
    statement.query_map([max], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    let named = |at: usize| -> rusqlite::Result<String> { row.get(at) };
    let uint = |at: usize| -> rusqlite::Result<u64> { Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or_default()) };
    let unknown = |at: usize, text: &str| {
        rusqlite::Error::FromSqlConversionFailure(
            at,
            rusqlite::types::Type::Text,
            format!("{text:?} is not known").into(),
        )
    };
    let (kind, phase) = (named(2)?, named(4)?);
    Ok(Record {
        id: named(0)?,
        user: named(1)?,
        kind: Kind::named(&kind).ok_or_else(|| unknown(2, &kind))?,
        asked: named(3)?,
        phase: Phase::ALL.into_iter().find(|one| one.name() == phase).ok_or_else(|| unknown(4, &phase))?,
        code: named(5)?,
        message: named(6)?,
        trace: serde_json::from_str(&named(7)?).unwrap_or_default(),
        made_ns: uint(8)?,
        expires_ns: uint(9)?,
        changed_ns: uint(10)?,
    })
}

fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
