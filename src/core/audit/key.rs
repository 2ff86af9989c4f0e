//! Keys as people write them: a bare value for a key of one column, an object for any.
use serde_json::Value;

/// Why a key does not fit a relation.
#[derive(Debug, PartialEq, Eq)]
pub enum Misfit {
    /// A bare value, and the key has several columns.
    NeedsObject,
    /// An object without this key column.
    Missing(String),
    /// An object with a column that is not of the key.
    Foreign(String),
    /// A key column never is NULL.
    Null(String),
}

/// The value of each key column, in the order of `columns`.
///
/// A JSON object given for a key of one column is that column's value when the column holds JSON (`holds_json`) and
/// the object is not of the form `{column: value}`.
pub fn values(key: &Value, columns: &[String], holds_json: bool) -> Result<Vec<Value>, Misfit> {
    let values = match (key, columns) {
        (Value::Object(fields), _) if !(holds_json && columns.iter().any(|c| !fields.contains_key(c))) => {
            if let Some(foreign) = fields.keys().find(|f| !columns.contains(f)) {
                return Err(Misfit::Foreign(foreign.clone()));
            }
            columns
                .iter()
                .map(|c| fields.get(c).cloned().ok_or_else(|| Misfit::Missing(c.clone())))
                .collect::<Result<Vec<_>, _>>()?
        }
        (bare, [_]) => vec![bare.clone()],
        _ => return Err(Misfit::NeedsObject),
    };
    match values.iter().position(Value::is_null) {
        Some(i) => Err(Misfit::Null(columns[i].clone())),
        None => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::{Misfit, values};
    use serde_json::json;

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_string()).collect()
    }

    #[test]
    fn bare_values_and_objects() {
        let id = columns(&["id"]);
        assert_eq!(values(&json!(1), &id, false), Ok(vec![json!(1)]));
        assert_eq!(values(&json!("1"), &id, false), Ok(vec![json!("1")]));
        assert_eq!(values(&json!([1, 2]), &id, false), Ok(vec![json!([1, 2])]));
        assert_eq!(values(&json!({"id": 1}), &id, false), Ok(vec![json!(1)]));
        let two = columns(&["a", "b"]);
        assert_eq!(values(&json!({"b": 2, "a": 1}), &two, false), Ok(vec![json!(1), json!(2)]));
    }

    #[test]
    fn misfits_are_named() {
        let two = columns(&["a", "b"]);
        assert_eq!(values(&json!(1), &two, false), Err(Misfit::NeedsObject));
        assert_eq!(values(&json!({"a": 1}), &two, false), Err(Misfit::Missing("b".into())));
        assert_eq!(values(&json!({"a": 1, "b": 2, "c": 3}), &two, false), Err(Misfit::Foreign("c".into())));
        assert_eq!(values(&json!({"A": 1}), &columns(&["a"]), false), Err(Misfit::Foreign("A".into())));
        assert_eq!(values(&json!(null), &columns(&["a"]), false), Err(Misfit::Null("a".into())));
        assert_eq!(values(&json!({"a": 1, "b": null}), &two, false), Err(Misfit::Null("b".into())));
    }

    #[test]
    fn json_columns_hold_objects() {
        let doc = columns(&["doc"]);
        assert_eq!(values(&json!({"x": 1}), &doc, true), Ok(vec![json!({"x": 1})]));
        assert_eq!(values(&json!({"doc": {"x": 1}}), &doc, true), Ok(vec![json!({"x": 1})]));
        assert_eq!(values(&json!({"x": 1}), &doc, false), Err(Misfit::Foreign("x".into())));
    }
}
