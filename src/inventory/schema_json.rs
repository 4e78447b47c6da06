//! `lvskit schema`: the tables as a JSON schema (draft 2020-12), so that an editor completes and
//! checks an inventory while it is written. What only the whole inventory shows, it can't know.

use serde_json::{Map, Value as Json, json};

use super::keys::values::{Kind, PROGRAM};
use super::keys::{CHECKS, COMMAND, Check, Key, TOP, Table, Value};
use crate::cluster::Release;

/// What is shorter stands where it is used.
const SHORT: usize = 60;

/// The schema of a whole inventory.
pub fn schema() -> Json {
    let mut defs = Defs::default();
    let mut schema = defs.section(&TOP);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".into(), json!("lvskit inventory"));
        schema.insert("description".into(), json!("A cluster, for lvskit gen-conf."));
        schema.insert("$defs".into(), Json::Object(defs.0));
    }
    schema
}

/// Parts that are used several times, by name.
#[derive(Default)]
struct Defs(Map<String, Json>);

impl Defs {
    /// A part, or where it is defined; `name` is for the first that is like it.
    fn shared(&mut self, name: &str, part: Json) -> Json {
        if part.to_string().len() < SHORT {
            return part;
        }
        let known = self.0.iter().find(|(_, known)| **known == part).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let numbered = (2..).map(|number| format!("{name}-{number}"));
            let mut names = std::iter::once(name.to_owned()).chain(numbered);
            let free = names.find(|name| !self.0.contains_key(name)).unwrap_or_default();
            self.0.insert(free.clone(), part);
            free
        });
        json!({ "$ref": format!("#/$defs/{}", name.replace(' ', "%20")) })
    }

    fn section(&mut self, table: &Table) -> Json {
        let properties: Map<String, Json> = table
            .keys()
            .map(|key| {
                let described = self.described(key);
                (key.name.to_owned(), self.shared(key.name, described))
            })
            .collect();
        let required: Vec<&str> =
            table.keys().filter(|key| key.is_required()).map(|key| key.name).collect();
        let mut section = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": properties,
            "required": required,
        });
        if !table.either.is_empty() {
            let either = table.either.iter().map(|(there, not)| {
                let not: Map<String, Json> =
                    not.iter().map(|key| ((*key).to_owned(), json!(false))).collect();
                json!({ "required": there, "properties": not })
            });
            section["oneOf"] = either.collect();
        }
        section
    }

    fn table(&mut self, table: &Table) -> Json {
        let section = self.section(table);
        self.shared(table.name, section)
    }

    fn described(&mut self, key: &Key) -> Json {
        let mut schema = self.value(key, &key.value);
        let text = format!("{} Default: {}. Since {}.", key.doc, key.default, key.since);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), json!(text));
        }
        schema
    }

    fn value(&mut self, key: &Key, of: &Value) -> Json {
        match of {
            Value::Flag | Value::Bool => one_of(["true", "false"].into_iter()),
            Value::Int(from, to) => json!({
                "type": ["integer", "string"],
                "minimum": from,
                "maximum": to,
                "pattern": if *from < 0 { "^-?[0-9]+$" } else { "^[0-9]+$" },
            }),
            Value::Seconds(from, to, _) => json!({
                "type": ["number", "string"],
                "minimum": *from as f64 / 1e6,
                "maximum": *to as f64 / 1e6,
                "pattern": r"^[0-9]+(\.[0-9]{1,6})?$",
            }),
            Value::Kind(kind) => self.kind(key, kind),
            Value::Program => self.kind(key, &PROGRAM),
            Value::Form(form) => {
                let mut types = vec!["string", "number"];
                if (form.fits)("true") {
                    types.push("boolean");
                }
                let form = json!({ "type": types, "pattern": form.pattern });
                self.shared(key.name, form)
            }
            Value::FlagOr(inner) => any_of([self.value(key, &Value::Flag), self.value(key, inner)]),
            Value::FalseOr(inner) => {
                any_of([one_of(std::iter::once("false")), self.value(key, inner)])
            }
            Value::OneOf(choices) => one_of(choices.iter().map(|choice| choice.name)),
            Value::CheckType => one_of(CHECKS.iter().map(Check::name)),
            Value::Release => {
                let numbers = Release::ALL.map(Release::number);
                let text = numbers.join("|").replace('.', r"\.");
                let short = numbers.iter().filter_map(|number| number.parse::<f64>().ok());
                any_of([
                    json!({ "type": "string", "pattern": format!("^(keepalived )?({text})(\\.[0-9]+)?$") }),
                    json!({ "enum": short.collect::<Vec<_>>() }),
                ])
            }
            Value::Weight(from, to) => json!({
                "type": ["integer", "string"],
                "minimum": from,
                "maximum": to,
                "pattern": "^ *-?[0-9]+( +(no)?reverse)? *$",
            }),
            Value::Command => {
                let section = self.table(&COMMAND);
                let whole = any_of([self.kind(key, &PROGRAM), section]);
                self.shared("command", whole)
            }
            Value::Lines => one_or_more(key, lines()),
            Value::OneOrMore(inner) => {
                let item = self.value(key, inner);
                one_or_more(key, self.shared(key.name, item))
            }
            Value::Section(table) => self.table(table),
            Value::Sections(table) => one_or_more(key, self.table(table)),
            Value::List(table) => list(key, self.table(table)),
            Value::Named(table) => named(key, self.table(table)),
            Value::NamedLines => named(key, one_or_more(key, lines())),
            Value::Checks => {
                let all = CHECKS.iter().map(|check| {
                    let mut section = self.section(check.table);
                    section["properties"]["type"] = json!({ "const": check.name() });
                    self.shared(&format!("check.{}", check.name()), section)
                });
                let check = json!({ "oneOf": all.collect::<Vec<_>>() });
                one_or_more(key, self.shared(key.name, check))
            }
            Value::AnyOf(values) => {
                any_of(values.iter().map(|value| self.value(key, value)).collect::<Vec<_>>())
            }
        }
    }

    /// A text; YAML's reader may take it for a number or a truth value.
    fn kind(&mut self, key: &Key, kind: &Kind) -> Json {
        let types: &[&str] =
            if kind.numeric { &["string", "number", "boolean"] } else { &["string"] };
        self.shared(key.name, json!({ "type": types, "pattern": kind.pattern }))
    }
}

/// Words; those that YAML reads as numbers or truth values, in that form too.
fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> Json {
    let mut all: Vec<Json> = Vec::new();
    for word in words {
        if let Ok(other @ (Json::Number(_) | Json::Bool(_))) = serde_json::from_str::<Json>(word) {
            all.push(other);
        }
        all.push(json!(word));
    }
    json!({ "enum": all })
}

fn any_of(schemas: impl IntoIterator<Item = Json>) -> Json {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

fn lines() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

fn one_or_more(key: &Key, item: Json) -> Json {
    any_of([item.clone(), list(key, item)])
}

fn list(key: &Key, item: Json) -> Json {
    let mut list = json!({ "type": "array", "items": item });
    let (least, most) = key.items;
    if least > 0 {
        list["minItems"] = json!(least);
    }
    if most < usize::MAX {
        list["maxItems"] = json!(most);
    }
    list
}

fn named(key: &Key, item: Json) -> Json {
    let name = json!({ "pattern": super::keys::values::NAME.pattern });
    let mut named =
        json!({ "type": "object", "additionalProperties": item, "propertyNames": name });
    if key.items.0 > 0 {
        named["minProperties"] = json!(key.items.0);
    }
    named
}
