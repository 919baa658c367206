//! A form's fields as an order: everything is text there, and what is left empty was not given.

use serde_json::{Map, Number, Value};

use super::Order;
use crate::guard::own_path;

/// Fields of a form, at most: the longest has eight arguments and three fields of its own.
const FIELDS_MAX: usize = 24;

/// Arguments that are whole numbers.
const WHOLE: [&str; 8] = ["from_s", "until_s", "for_s", "protocol", "port", "packets", "seconds", "bytes"];

/// Arguments that are numbers with a point, or a comma.
const LEVELS: [&str; 2] = ["limit", "clear"];

/// A form, read.
#[derive(Debug, PartialEq)]
pub struct Filled {
    /// What is ordered.
    pub order: Order,
    /// Where the visitor goes on.
    pub back: String,
}

/// Reads the fields.
///
/// # Errors
/// The field that cannot be used.
pub fn read(fields: Vec<(String, String)>) -> Result<Filled, String> {
    if fields.len() > FIELDS_MAX {
        return Err(format!("the form has {} fields, at most {FIELDS_MAX} are read", fields.len()));
    }
    let (mut id, mut action, mut back) = (String::new(), String::new(), "/".to_owned());
    let mut arguments = Map::new();
    for (name, value) in fields {
        let value = value.trim();
        match name.as_str() {
            "id" => value.clone_into(&mut id),
            "action" => value.clone_into(&mut action),
            // A form of somebody else must not lead a visitor away.
            "back" => own_path(value).unwrap_or("/").clone_into(&mut back),
            _ if value.is_empty() => {}
            name => {
                let value = typed(name, value).ok_or_else(|| format!("{name} = {value:?} is not a number"))?;
                arguments.insert(name.to_owned(), value);
            }
        }
    }
    Ok(Filled { order: Order { id, action, arguments }, back })
}

fn typed(name: &str, value: &str) -> Option<Value> {
    if WHOLE.contains(&name) {
        return value.parse::<u64>().ok().map(Value::from);
    }
    if LEVELS.contains(&name) {
        let level = value.replace(',', ".").parse::<f64>().ok()?;
        return Number::from_f64(level).map(Value::Number);
    }
    Some(Value::String(value.to_owned()))
}

/// The path with the action that was ordered there, so that the page tells what became of it.
pub fn with_done(path: &str, id: &str) -> String {
    let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut kept: Vec<String> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("done=")).map(str::to_owned).collect();
    kept.push(format!("done={id}"));
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}?{}{fragment}", kept.join("&"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, with_done};

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn fields_get_their_types_and_empty_ones_are_not_given() {
        let form = [
            ("id", "a1"),
            ("action", "threshold"),
            ("back", "/rules?page=2"),
            ("rule", "load"),
            ("limit", "2,5"),
            ("clear", " "),
        ];
        let filled = read(fields(&form)).expect("a form");
        assert_eq!((filled.order.id.as_str(), filled.order.action.as_str()), ("a1", "threshold"));
        assert_eq!(filled.back, "/rules?page=2");
        assert_eq!(serde_json::Value::Object(filled.order.arguments), json!({"rule": "load", "limit": 2.5}));
        assert!(read(fields(&[("port", "70000x")])).expect_err("no number").contains("port"));
        assert!(read(fields(&[("limit", "NaN")])).is_err(), "JSON has no such number");
        assert!(read(vec![("x".to_owned(), "1".to_owned()); 25]).is_err());
    }

    #[test]
    fn the_action_is_named_once() {
        assert_eq!(with_done("/", "a"), "/?done=a");
        assert_eq!(with_done("/rules?rule=x&done=old#form", "new"), "/rules?rule=x&done=new#form");
    }
}
