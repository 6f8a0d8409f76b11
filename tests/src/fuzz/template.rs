//! Templates of callbacks: each is refused, or filled in as a second, simpler reading of the contract fills it in, and
//! never grows beyond its bound.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};
use wask_model::{
    Activation, Annotations, Arguments, Callback, CallbackDefaults, CallbackSettings, FullName, NewCallback, Notice,
    Response, Subscription, Template, Timestamp, Version,
};

const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const PIECES: [&str; 19] = [
    "&$RESULT#",
    "&$RUNID#",
    "&$LAST_ERROR_MESSAGE#",
    "&$CLIENT#",
    "&$UNKNOWN#",
    "&a#",
    "&my-v1.x_2#",
    "&my",
    "-",
    "&big#",
    "&list#",
    "&none#",
    "&",
    "&&$",
    "#",
    "$",
    "é",
    "\u{1}",
    "\"",
];
/// Bytes of the argument that does not fit into a body four times.
const BIG: usize = Notice::LONGEST / 3 + 1;
/// JSON writes a byte of a text as six bytes at most.
const ESCAPED: usize = 6;
/// Bytes of a fact that is not a payload.
const FACT: usize = 64;

pub fn run(input: &[u8]) {
    let _ = look(Unstructured::new(input)); // `Err`: the input is too short
}

fn look(mut choices: Unstructured) -> Result<()> {
    let result = json!({ "error": "boom", "list": [1, { "a": "é" }] });
    let failed: bool = choices.arbitrary()?;
    let response = if failed { Response::application_error("boom") } else { Response::success(result) };
    let arguments = json!({ "a": choices.arbitrary::<&str>()?, "list": [1, null], "none": null });
    let mut arguments = arguments.as_object().cloned().unwrap_or_default();
    let has_big = choices.ratio(1, 4096)?; // takes a hundred times longer
    if has_big {
        arguments.insert("big".into(), "é".repeat(BIG / 2).into());
    }
    let template = if choices.arbitrary()? {
        chosen(&mut choices, 3)?
    } else {
        serde_json::from_slice(choices.take_rest()).unwrap_or_default()
    };
    let callback = json!({ "http": { "url": "https://a.example", "payload": template }, "correlationId": "order-42" });
    let Ok(subscription) = Subscription::from_value(&callback) else { return Ok(()) };
    let again = Subscription::from_value(&subscription.to_value());
    assert_eq!(again.ok().as_ref(), Some(&subscription), "written and read again");
    if !template.is_object() {
        return Ok(());
    }
    let body = body(subscription, response.clone(), arguments.clone());
    let most = ESCAPED * Notice::LONGEST + FACT * Template::LONGEST;
    assert!(body.len() <= most, "{} bytes", body.len());
    if !has_big {
        let body: Value = serde_json::from_str(&body).expect("a body is JSON");
        assert_eq!(body, filled(&template, &Facts { response, arguments }), "{template}");
    }
    Ok(())
}

fn body(subscription: Subscription, response: Response, arguments: Arguments) -> String {
    let settings = CallbackSettings::default().over(&CallbackDefaults::default());
    let namespace: wask_model::NamespaceName = "guest".parse().expect("a name");
    let new = NewCallback {
        id: "cb_0f0e0d0c0b0a09080706050403020100".parse().expect("an id"),
        namespace: namespace.clone(),
        activation: ID.parse().expect("an id"),
        cause: None,
        name: FullName::new(namespace.clone(), "worker".parse().expect("a name")),
        now: Timestamp::from_millis(1),
    };
    let callback = Callback::new(subscription, &settings, new);
    let record = Activation {
        id: ID.parse().expect("an id"),
        namespace,
        name: "worker".parse().expect("a name"),
        version: Version::FIRST,
        subject: "someone".to_owned(),
        start: Timestamp::from_millis(1_750_000_000_000),
        end: Some(Timestamp::from_millis(1_750_000_000_250)),
        duration_ms: Some(250),
        cause: None,
        response,
        logs: Vec::new(),
        annotations: Annotations::default(),
        input: None,
    };
    Notice::new(record, arguments, "wask-1".to_owned(), &callback.payload).render(&callback, 2)
}

fn chosen(choices: &mut Unstructured, depth: u32) -> Result<Value> {
    let mut members = Map::new();
    for _ in 0..choices.int_in_range(0..=3)? {
        let mut text = String::new();
        for _ in 0..choices.int_in_range(0..=4)? {
            text += choices.choose(&PIECES)?;
        }
        let value = match choices.int_in_range(0..=3)? {
            0 if depth > 0 => chosen(choices, depth - 1)?,
            1 => json!([text, 1, null]),
            _ => text.into(),
        };
        members.insert(choices.choose(&["k", "&a#", "&$UNKNOWN#"])?.to_string(), value);
    }
    Ok(members.into())
}

struct Facts {
    response: Response,
    arguments: Arguments,
}

fn filled(template: &Value, facts: &Facts) -> Value {
    match template {
        Value::String(text) if text == "&$RESULT#" => facts.response.result.clone(),
        Value::String(text) => text_filled(text, facts).into(),
        Value::Array(items) => items.iter().map(|item| filled(item, facts)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), filled(value, facts))).collect::<Map<_, _>>().into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    }
}

/// Every `#` ends a placeholder if the text since the last `&` is a name.
fn text_filled(text: &str, facts: &Facts) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(end) = rest.find('#') {
        let (before, after) = (&rest[..end], &rest[end + 1..]);
        let placeholder = before.rsplit_once('&').and_then(|(text, name)| Some((text, value(name, facts)?)));
        match placeholder {
            Some((text, value)) => done += &format!("{text}{value}"),
            None => done += &format!("{before}#"),
        }
        rest = after;
    }
    done + rest
}

/// `None`: not a name.
fn value(name: &str, facts: &Facts) -> Option<String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(fact) = name.strip_prefix('$') else {
        return is_name(name).then(|| facts.arguments.get(name).map(text).unwrap_or_default());
    };
    let failed = facts.response.status.code() != 0;
    let of_failure = |text: &str| if failed { text.to_owned() } else { String::new() };
    is_name(fact).then(|| match fact {
        "RUNID" | "ACTIVATION_ID" => ID.to_owned(),
        "NAME" => "guest/worker".to_owned(),
        "OBJECT_TYPE" => "action".to_owned(),
        "EXECUTION_STATUS" => u8::from(failed).to_string(),
        "EXECUTION_STATUS_TEXT" => if failed { "application error" } else { "success" }.to_owned(),
        "LAST_ERROR_MESSAGE" => of_failure("boom"),
        "LAST_ERROR_CODE" => format!("0000000{}", u8::from(failed)),
        "LAST_ERROR_INSERT" | "CAUSE" => String::new(),
        "SYSTEM" => "wask-1".to_owned(),
        "CLIENT" => "guest".to_owned(),
        "USER" => "someone".to_owned(),
        "START" => "1750000000000".to_owned(),
        "END" => "1750000000250".to_owned(),
        "DURATION" => "250".to_owned(),
        "CORRELATION_ID" => "order-42".to_owned(),
        "ATTEMPT" => "2".to_owned(),
        "RESULT" => facts.response.result.to_string(),
        unknown => panic!("an unknown placeholder was accepted: {unknown}"),
    })
}
