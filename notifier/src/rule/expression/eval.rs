//! Evaluation: over the columns of one row, without a clock, an allocation or a loop that the expression could choose.

use live::incident::Unit;

use super::{Arithmetic, Expression, Number, Order, Slot, TextTest, Truth};

/// What an expression is evaluated over.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Of the node, in the catalogue's order.
    pub node: &'a [f64],
    /// Of the subject; empty for the node.
    pub own: &'a [f64],
    /// The subject's name.
    pub subject: &'a str,
}

impl Values<'_> {
    fn at(&self, slot: Slot) -> f64 {
        let value = match slot {
            Slot::Node(column) => self.node.get(column),
            Slot::Own(column) => self.own.get(column),
        };
        value.copied().unwrap_or(f64::NAN)
    }
}

impl Expression {
    /// Whether it holds; `None` = what it depends on is not known.
    pub fn holds(&self, values: &Values<'_>) -> Option<bool> {
        self.truth(&self.root, values)
    }

    /// Value, limit and unit of the comparison that says it: the first that holds, else the first.
    pub fn said(&self, values: &Values<'_>) -> (f64, f64, Unit) {
        let holds = |index: &usize| self.compare(*index, values) == Some(true);
        let index = (0..self.comparisons.len()).find(holds).unwrap_or(0);
        match self.comparisons.get(index) {
            Some(said) => (self.number(&said.left, values), self.number(&said.right, values), said.unit),
            None => (f64::NAN, f64::NAN, Unit::Count),
        }
    }

    fn truth(&self, of: &Truth, values: &Values<'_>) -> Option<bool> {
        match of {
            Truth::Constant(is) => Some(*is),
            Truth::Compare(index) => self.compare(*index, values),
            Truth::Subject(test) => Some(test.holds(values.subject)),
            Truth::Not(of) => self.truth(of, values).map(|is| !is),
            Truth::And(left, right) => match self.truth(left, values) {
                Some(false) => Some(false),
                left => match (left, self.truth(right, values)) {
                    (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            },
            Truth::Or(left, right) => match self.truth(left, values) {
                Some(true) => Some(true),
                left => match (left, self.truth(right, values)) {
                    (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                },
            },
            Truth::Choose(condition, yes, no) => {
                self.truth(condition, values).and_then(|is| self.truth(if is { yes } else { no }, values))
            }
        }
    }

    fn compare(&self, index: usize, values: &Values<'_>) -> Option<bool> {
        let of = self.comparisons.get(index)?;
        let (left, right) = (self.number(&of.left, values), self.number(&of.right, values));
        if left.is_nan() || right.is_nan() {
            return None;
        }
        Some(match of.order {
            Order::Greater => left > right,
            Order::GreaterEqual => left >= right,
            Order::Less => left < right,
            Order::LessEqual => left <= right,
            Order::Equal => left == right,
            Order::NotEqual => left != right,
        })
    }

    fn number(&self, of: &Number, values: &Values<'_>) -> f64 {
        let number = match of {
            Number::Constant(number) => *number,
            Number::Metric(slot) => values.at(*slot),
            Number::Negate(of) => -self.number(of, values),
            Number::Binary(operation, left, right) => {
                let (left, right) = (self.number(left, values), self.number(right, values));
                match operation {
                    Arithmetic::Add => left + right,
                    Arithmetic::Subtract => left - right,
                    Arithmetic::Multiply => left * right,
                    Arithmetic::Divide => left / right,
                    Arithmetic::Remainder => left % right,
                }
            }
            Number::Choose(condition, yes, no) => match self.truth(condition, values) {
                Some(true) => self.number(yes, values),
                Some(false) => self.number(no, values),
                None => f64::NAN,
            },
        };
        // A division by zero has no value; nothing is beyond infinity.
        if number.is_finite() { number } else { f64::NAN }
    }
}

impl TextTest {
    fn holds(&self, subject: &str) -> bool {
        match self {
            TextTest::Equal(text) => subject == text,
            TextTest::NotEqual(text) => subject != text,
            TextTest::OneOf(texts) => texts.iter().any(|text| subject == text),
            TextTest::StartsWith(text) => subject.starts_with(text.as_str()),
            TextTest::EndsWith(text) => subject.ends_with(text.as_str()),
            TextTest::Contains(text) => subject.contains(text.as_str()),
        }
    }
}
