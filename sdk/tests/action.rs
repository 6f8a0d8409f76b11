//! The function of an action stays an ordinary function: these tests call it, with doubles for its host.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use wask_sdk::{Context, Failure, HostError, Invocation, Reason, context, fire, invoke, testing, time_left};

#[wask_sdk::action]
fn relay(args: Value) -> Result<Value, Failure> {
    let id = invoke("worker", &args)?;
    let fired = fire("done", &json!({ "by": context().namespace }))?;
    Ok(json!({ "activationId": id, "fired": fired.is_some() }))
}

#[test]
fn an_action_calls_doubles_instead_of_its_host() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (invoked, fired) = (seen.clone(), seen.clone());
    testing::on_invoke(move |name, params| {
        invoked.borrow_mut().push(format!("invoke {name} {params}"));
        Ok(json!({}))
    });
    testing::on_fire(move |name, payload| {
        fired.borrow_mut().push(format!("fire {name} {payload}"));
        Ok(())
    });
    testing::set_context(Context { namespace: "guest".into(), ..Context::default() });

    let result = relay(json!({ "n": 1 })).unwrap();

    assert_eq!(result, json!({ "activationId": "00000000000000000000000000000001", "fired": true }));
    assert_eq!(*seen.borrow(), [r#"invoke worker {"n":1}"#, r#"fire done {"by":"guest"}"#]);
}

#[test]
fn without_a_double_the_error_names_it() {
    let error = invoke("worker", &json!({})).unwrap_err();
    assert_eq!(error.reason, Reason::Unavailable);
    assert_eq!(error.message, "no host here: a test answers through wask_sdk::testing::on_invoke");
}

#[test]
fn a_waiting_caller_gets_the_result_the_error_or_the_record() {
    testing::on_invoke(|_, params| Ok(params));
    let call = Invocation::of("echo").wait_at_most(Duration::from_secs(1));

    assert_eq!(call.result::<Value>(&json!({ "n": 1 })), Ok(json!({ "n": 1 })));
    let failed = call.result::<Value>(&json!({ "error": "no" })).unwrap_err();
    assert_eq!(failed, HostError::new(Reason::ActionFailed, "no"));
    assert_eq!(call.record(&json!({ "error": "no" })).unwrap()["response"]["success"], json!(false));
}

#[test]
fn a_refusal_of_the_host_reaches_the_action() {
    testing::on_invoke(|_, _| Err(HostError::new(Reason::NotFound, "The requested resource does not exist.")));
    let refused = relay(json!({})).unwrap_err();
    assert_eq!(refused.value(), "The requested resource does not exist.");
}

#[test]
fn time_left_counts_down_to_the_deadline() {
    assert_eq!(time_left(), Duration::MAX);
    let soon = SystemTime::now() + Duration::from_secs(60);
    testing::set_context(Context { deadline: Some(soon), ..Context::default() });
    assert!(time_left() <= Duration::from_secs(60) && time_left() > Duration::from_secs(50));
    testing::set_context(Context { deadline: Some(SystemTime::UNIX_EPOCH), ..Context::default() });
    assert_eq!(time_left(), Duration::ZERO);
}

#[test]
fn a_key_does_not_reach_the_logs() {
    let context = Context { api_key: Some("uuid:secret".into()), ..Context::default() };
    assert!(!format!("{context:?}").contains("secret"));
}
