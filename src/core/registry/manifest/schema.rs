//! The manifest's shape as a JSON Schema, for editors and CI.
use super::{COMMENT, FORMAT, Field, Kind, Shape, VERSION};
use serde_json::{Map, Value, json};

/// The dialect of the schema: JSON Schema 2020-12.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The JSON Schema of a manifest with these sections.
#[must_use]
pub fn schema(shapes: &[Shape]) -> Value {
    let words = json!({"type": "string", "minLength": 1});
    let mut properties = Map::new();
    properties.insert("format".into(), json!({"const": FORMAT}));
    properties.insert("version".into(), json!({"const": VERSION}));
    properties.insert("domain".into(), words.clone());
    properties.insert("comment".into(), words);
    for (name, fields) in shapes {
        properties.insert((*name).into(), json!({"type": "array", "items": item(fields)}));
    }
    json!({
        "$schema": DIALECT,
        "title": FORMAT,
        "type": "object",
        "required": ["format", "version"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn item(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .chain([&COMMENT])
        .map(|f| {
            let kind = kind(f.kind);
            let may_be_null = !f.key && !f.required && f.default.is_empty();
            (f.name.to_string(), if may_be_null { json!({"anyOf": [kind, {"type": "null"}]}) } else { kind })
        })
        .collect();
    let required: Vec<&str> =
        fields.iter().filter(|f| f.required || (f.key && f.default.is_empty())).map(|f| f.name).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({"type": "string", "pattern": "\\S"}),
        Kind::Time | Kind::Date | Kind::Interval => {
            let what = kind.read_by().map_or("", |(_, example)| example);
            json!({"type": "string", "pattern": "\\S", "description": what})
        }
        Kind::Choice(words) => json!({"enum": words}),
        Kind::TextList => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Object => json!({"type": "object"}),
        Kind::Array => json!({"type": "array"}),
        Kind::Relation => {
            json!({"type": "string", "pattern": "\\.", "description": "schema.relation, quoted as in SQL"})
        }
        Kind::TextOrEmpty => json!({"type": "string"}),
        Kind::Scope => json!({"type": "string", "pattern": "^$|^(schema|class|dataset):"}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::SHAPES;
    use super::*;

    #[test]
    fn says_what_an_item_must_have() {
        let schema = schema(SHAPES);
        let party = &schema["properties"]["parties"]["items"];
        assert_eq!(party["required"], json!(["name"]));
        assert_eq!(party["properties"]["kind"], json!({"enum": ["team", "person"]}));
        assert_eq!(party["additionalProperties"], json!(false));
        assert!(party["properties"].get("comment").is_some());
    }
}
