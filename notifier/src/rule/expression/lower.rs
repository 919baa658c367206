//! From the parser's tree to ours: names and types are checked here, each complaint with its place.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::operators;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SourceInfo};
use live::incident::{SubjectKind, Unit};

use super::{
    Arithmetic, Comparison, Expression, ExpressionError, Number, Order, SUBJECT, Slot, TextTest, Truth, error_at,
    names_of, nearest,
};
use crate::metric::catalogue;

/// Levels of operators: a chain of so many `+` is no rule of a person.
const DEPTH_MAX: usize = 64;

/// Texts in one `in [..]`.
const LIST_MAX: usize = 64;

struct Lowering<'a> {
    source: &'a str,
    kind: SubjectKind,
    places: &'a SourceInfo,
    comparisons: Vec<Comparison>,
    metrics: BTreeSet<&'static str>,
    depth: usize,
}

type Result<T> = std::result::Result<T, ExpressionError>;

/// Checks a parsed expression.
pub fn lower(source: &str, kind: SubjectKind, expr: &IdedExpr, places: &SourceInfo) -> Result<Expression> {
    let mut lowering = Lowering { source, kind, places, comparisons: Vec::new(), metrics: BTreeSet::new(), depth: 0 };
    let root = lowering.truth(expr)?;
    Ok(Expression { root, comparisons: lowering.comparisons, metrics: lowering.metrics })
}

impl Lowering<'_> {
    fn refuse<T>(&self, at: &IdedExpr, what: impl Into<String>, remedy: impl Into<String>) -> Result<T> {
        let offset = self.places.offset_for(at.id).map_or(0, |(start, _)| start as usize);
        Err(error_at(self.source, offset, what.into(), remedy.into()))
    }

    fn deeper<T>(&mut self, at: &IdedExpr, of: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return self.refuse(at, "it has more than 64 levels of operators", "make two rules of it");
        }
        self.depth += 1;
        let lowered = of(self);
        self.depth -= 1;
        lowered
    }

    fn truth(&mut self, expr: &IdedExpr) -> Result<Truth> {
        self.deeper(expr, |this| match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(is)) => Ok(Truth::Constant(**is)),
            Expr::Call(call) => this.condition(expr, call),
            Expr::Ident(name) => {
                this.metric_or_refuse(expr, name)?;
                this.refuse(expr, format!("{name} is a number, not a condition"), format!("compare it: {name} > 0"))
            }
            Expr::Literal(_) => this.refuse(expr, "this is no condition", "compare a metric with a number: load1 > 8"),
            _ => this.unsupported(expr),
        })
    }

    fn condition(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Truth> {
        let both = |this: &mut Self, left, right| {
            Ok::<_, ExpressionError>((Box::new(this.truth(left)?), Box::new(this.truth(right)?)))
        };
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, None, [of]) => Ok(Truth::Not(Box::new(self.truth(of)?))),
            (operators::LOGICAL_AND, None, [left, right]) => {
                both(self, left, right).map(|(left, right)| Truth::And(left, right))
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                both(self, left, right).map(|(left, right)| Truth::Or(left, right))
            }
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                let condition = Box::new(self.truth(condition)?);
                let (yes, no) = both(self, yes, no)?;
                Ok(Truth::Choose(condition, yes, no))
            }
            (operators::IN, None, [of, list]) => self.member(expr, of, list),
            ("startsWith" | "endsWith" | "contains", Some(of), [text]) => {
                self.subject(of)?;
                let text = self.text(text)?;
                Ok(Truth::Subject(match call.func_name.as_str() {
                    "startsWith" => TextTest::StartsWith(text),
                    "endsWith" => TextTest::EndsWith(text),
                    _ => TextTest::Contains(text),
                }))
            }
            (name, None, [left, right]) => match order_of(name) {
                Some(order) => self.comparison(expr, left, order, right),
                None => self.unsupported(expr),
            },
            _ => self.unsupported(expr),
        }
    }

    fn comparison(&mut self, expr: &IdedExpr, left: &IdedExpr, order: Order, right: &IdedExpr) -> Result<Truth> {
        if is_text(left) || is_text(right) {
            let (of, text) = if is_subject(left) { (left, right) } else { (right, left) };
            self.subject(of)?;
            let text = self.text(text)?;
            return match order {
                Order::Equal => Ok(Truth::Subject(TextTest::Equal(text))),
                Order::NotEqual => Ok(Truth::Subject(TextTest::NotEqual(text))),
                _ => self.refuse(expr, "texts have no order here", "use ==, !=, in [..] or startsWith"),
            };
        }
        let metrics_before = self.metrics.len();
        let (left_unit, left) = self.number(left)?;
        let (right_unit, right) = self.number(right)?;
        let unit = left_unit.or(right_unit);
        let Some(unit) =
            unit.filter(|_| self.metrics.len() > metrics_before || has_metric(&left) || has_metric(&right))
        else {
            return self.refuse(expr, "no metric is compared here", "name a metric on one side");
        };
        // The value stands left and the limit right, however it is written.
        let comparison = match (&left, &right) {
            (Number::Constant(_), _) => Comparison { left: right, order: order.flipped(), right: left, unit },
            _ => Comparison { left, order, right, unit },
        };
        self.comparisons.push(comparison);
        Ok(Truth::Compare(self.comparisons.len() - 1))
    }

    fn member(&mut self, expr: &IdedExpr, of: &IdedExpr, list: &IdedExpr) -> Result<Truth> {
        self.subject(of)?;
        let Expr::List(list) = &list.expr else {
            return self.refuse(expr, "`in` needs a list", "write subject in [\"eth0\", \"eth1\"]");
        };
        if list.elements.len() > LIST_MAX {
            return self.refuse(expr, "the list has more than 64 texts", "use startsWith, or make two rules of it");
        }
        let texts = list.elements.iter().map(|text| self.text(text)).collect::<Result<Vec<_>>>()?;
        Ok(Truth::Subject(TextTest::OneOf(texts)))
    }

    fn subject(&self, expr: &IdedExpr) -> Result<()> {
        if self.kind == SubjectKind::Node && is_subject(expr) {
            return self.refuse(
                expr,
                "a rule of the node has no subject's name",
                "set subject = \"interface\" or another kind",
            );
        }
        if is_subject(expr) {
            Ok(())
        } else {
            self.refuse(expr, "only `subject` is a text", "write subject == \"eth0\"")
        }
    }

    fn text(&self, expr: &IdedExpr) -> Result<String> {
        match &expr.expr {
            Expr::Literal(LiteralValue::String(text)) => Ok(text.inner().to_owned()),
            _ => self.refuse(expr, "a text is expected", "write it in quotes: \"eth0\""),
        }
    }

    fn number(&mut self, expr: &IdedExpr) -> Result<(Option<Unit>, Number)> {
        self.deeper(expr, |this| match &expr.expr {
            Expr::Literal(LiteralValue::Int(number)) => Ok((None, Number::Constant(**number as f64))),
            Expr::Literal(LiteralValue::UInt(number)) => Ok((None, Number::Constant(**number as f64))),
            Expr::Literal(LiteralValue::Double(number)) if number.is_finite() => Ok((None, Number::Constant(**number))),
            Expr::Literal(_) => this.refuse(expr, "a number is expected", "write a metric or a number"),
            Expr::Ident(name) => {
                this.metric_or_refuse(expr, name).map(|(unit, slot)| (Some(unit), Number::Metric(slot)))
            }
            Expr::Call(call) => this.computed(expr, call),
            _ => this.unsupported(expr),
        })
    }

    fn computed(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<(Option<Unit>, Number)> {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::NEGATE, None, [of]) => {
                let (unit, of) = self.number(of)?;
                Ok((
                    unit,
                    match of {
                        Number::Constant(number) => Number::Constant(-number),
                        of => Number::Negate(Box::new(of)),
                    },
                ))
            }
            (operators::CONDITIONAL, None, [condition, yes, no]) => {
                let condition = Box::new(self.truth(condition)?);
                let ((unit, yes), (other, no)) = (self.number(yes)?, self.number(no)?);
                Ok((unit.or(other), Number::Choose(condition, Box::new(yes), Box::new(no))))
            }
            (name, None, [left, right]) => {
                let Some(operation) = arithmetic_of(name) else { return self.unsupported(expr) };
                let ((unit, left), (other, right)) = (self.number(left)?, self.number(right)?);
                let number = Number::Binary(operation, Box::new(left), Box::new(right));
                Ok((unit.or(other), folded(number)))
            }
            _ => self.unsupported(expr),
        }
    }

    fn metric_or_refuse(&mut self, expr: &IdedExpr, name: &str) -> Result<(Unit, Slot)> {
        let column = |kind: SubjectKind| catalogue::of(kind).iter().position(|metric| metric.name == name);
        let found = match column(self.kind).filter(|_| self.kind != SubjectKind::Node) {
            Some(at) => Some((&catalogue::of(self.kind)[at], Slot::Own(at))),
            None => column(SubjectKind::Node).map(|at| (&catalogue::of(SubjectKind::Node)[at], Slot::Node(at))),
        };
        if let Some((metric, slot)) = found {
            self.metrics.insert(metric.name);
            return Ok((metric.unit, slot));
        }
        if name == SUBJECT {
            return self.refuse(expr, "`subject` is a text", "compare it with a text: subject == \"eth0\"");
        }
        let elsewhere = catalogue::KINDS.iter().find(|(_, metrics)| metrics.iter().any(|metric| metric.name == name));
        if let Some((kind, _)) = elsewhere {
            let (what, kind) = (format!("{name} is a metric of each {}", kind.name()), kind.name());
            return self.refuse(expr, what, format!("set subject = \"{kind}\" for this rule"));
        }
        let remedy = match nearest(name, names_of(self.kind)) {
            Some(near) => format!("did you mean {near}?"),
            None => "docs/rules.md lists all".to_owned(),
        };
        self.refuse(expr, format!("no metric is called {name:?}"), remedy)
    }

    fn unsupported<T>(&self, expr: &IdedExpr) -> Result<T> {
        let what = match &expr.expr {
            Expr::Call(call) => format!("{} cannot be used here", called(&call.func_name)),
            Expr::Comprehension(_) => "all, exists, map and filter cannot be used here".to_owned(),
            Expr::Select(select) => {
                format!("nothing here has a field {:?}", crate::rule::words::cut(&select.field, 60))
            }
            _ => "lists, maps and messages cannot be used here".to_owned(),
        };
        self.refuse(expr, what, "use metrics, numbers, + - * / %, comparisons, && || ! and ? :")
    }
}

fn called(name: &str) -> String {
    let plain: String = name.chars().filter(|char| !matches!(char, '_' | '@')).take(60).collect();
    if plain.is_empty() { "this".to_owned() } else { format!("`{plain}`") }
}

fn is_subject(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name == SUBJECT)
}

fn is_text(expr: &IdedExpr) -> bool {
    is_subject(expr) || matches!(&expr.expr, Expr::Literal(LiteralValue::String(_)))
}

fn has_metric(number: &Number) -> bool {
    match number {
        Number::Constant(_) => false,
        Number::Metric(_) => true,
        Number::Negate(of) => has_metric(of),
        Number::Binary(_, left, right) => has_metric(left) || has_metric(right),
        Number::Choose(..) => true,
    }
}

/// Computes what does not depend on a metric, so that `5 * 1000` is a limit like 5000.
fn folded(number: Number) -> Number {
    let Number::Binary(operation, left, right) = &number else { return number };
    let (Number::Constant(left), Number::Constant(right)) = (&**left, &**right) else { return number };
    let result = match operation {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    };
    if result.is_finite() { Number::Constant(result) } else { number }
}

fn order_of(name: &str) -> Option<Order> {
    Some(match name {
        operators::GREATER => Order::Greater,
        operators::GREATER_EQUALS => Order::GreaterEqual,
        operators::LESS => Order::Less,
        operators::LESS_EQUALS => Order::LessEqual,
        operators::EQUALS => Order::Equal,
        operators::NOT_EQUALS => Order::NotEqual,
        _ => return None,
    })
}

fn arithmetic_of(name: &str) -> Option<Arithmetic> {
    Some(match name {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Remainder,
        _ => return None,
    })
}
