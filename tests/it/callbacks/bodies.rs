//! The request that a receiver gets: body, headers, signature. feeds.md §C.4, §C.5, §C.9.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wask_tests::{Received, guest};

use super::{in_state, invoke, started};

fn payload(url: &str, payload: Value) -> Value {
    json!({ "__ow_callback": { "http": { "url": url, "payload": payload }, "correlationId": "order-42" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_5_s2_6_s3_14_s3_25_s3_27_s3_31_the_default_request_is_the_contracts() {
    let (wask, me, receiver) = started().await;
    let target = "/done?corr=42&token=a%2Fb%20c+d~%7E&empty=&x=%C3%A4";
    let asked = json!({
        "__ow_callback": {
            "type": "http",
            "http": { "url": receiver.url(target), "method": "PUT", "headers": { "Authorization": "Bearer demo-token" } },
            "correlationId": "order-42",
        },
    });
    let (id, callback) = invoke(&me, "echo", &asked).await;

    let received = receiver.received_at_least(1).await.remove(0);

    let body = format!(
        r#"{{"run_id":"{id}","activationId":"{id}","name":"guest/echo","object_type":"action","status":"success","statusCode":0,"correlationId":"order-42"}}"#
    );
    assert_eq!(received.body, body);
    assert_eq!((received.method.as_str(), received.target.as_str()), ("PUT", target));
    let seconds = (wask.now().millis() / 1000).to_string();
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "wask-callback/1"),
        ("authorization", "Bearer demo-token"),
        ("x-wask-activation-id", id.as_str()),
        ("x-wask-attempt", "1"),
        ("x-wask-correlation-id", "order-42"),
        ("webhook-id", callback.as_str()),
        ("webhook-timestamp", seconds.as_str()),
    ] {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    let host = receiver.address().to_string();
    assert_eq!(received.header("host"), Some(host.as_str()));
    let hidden = in_state(&me, &callback, "delivered").await;
    assert_eq!(hidden["headers"], json!({ "Authorization": "***" }), "feeds.md S3.26");
}

fn signature(secret: &str, received: &Received) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    let signed = ["webhook-id", "webhook-timestamp"].map(|name| received.header(name).unwrap());
    mac.update(format!("{}.{}.{}", signed[0], signed[1], received.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_verifies_with_either_secret_during_a_rotation() {
    let (wask, me, receiver) = started().await;
    let settings = me.get("callbacks/settings").await.expect(200).json();
    let first = settings["signingSecret"].as_str().unwrap().to_owned();
    invoke(&me, "echo", &super::calling(&receiver.url("/1"))).await;
    let received = receiver.received_at_least(1).await.remove(0);
    assert_eq!(received.header("webhook-signature"), Some(signature(&first, &received).as_str()));

    let second = me.post("callbacks/settings/rotate", &json!({})).await.expect(200).json();
    let second = second["signingSecret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(me.get("callbacks/settings").await.json()["signingSecret"], second);
    invoke(&me, "echo", &super::calling(&receiver.url("/2"))).await;
    let received = receiver.received_at_least(2).await.remove(1);
    let both = format!("{} {}", signature(&second, &received), signature(&first, &received));
    assert_eq!(received.header("webhook-signature"), Some(both.as_str()));

    wask.advance(std::time::Duration::from_secs(24 * 3600));
    invoke(&me, "echo", &super::calling(&receiver.url("/3"))).await;
    let received = receiver.received_at_least(3).await.remove(2);
    assert_eq!(received.header("webhook-signature"), Some(signature(&second, &received).as_str()));
    let other = wask.other("somebody").await.get("callbacks/settings").await.expect(200).json();
    assert_ne!(other["signingSecret"], second);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_4_a_callback_carries_the_result_or_the_record_on_request() {
    let (_wask, me, receiver) = started().await;
    let mut asked = payload(&receiver.url("/result"), json!("result"));
    asked["n"] = json!(1);
    let (id, _) = invoke(&me, "echo", &asked).await;
    let body = receiver.received_at_least(1).await[0].json();
    assert_eq!((&body["result"], &body["activationId"]), (&json!({ "n": 1 }), &json!(id)));

    let (id, _) = invoke(&me, "echo", &payload(&receiver.url("/activation"), json!("activation"))).await;
    let body = receiver.received_at_least(2).await[1].json();
    assert_eq!(body, me.ended(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_4_s3_15_to_s3_23_a_template_is_filled_in_for_success_and_failure() {
    let (_wask, me, receiver) = started().await;
    me.create_action("error", &guest("error")).await;
    let template = json!({
        "runid": "&$RUNID#", "state": "&$EXECUTION_STATUS_TEXT#", "code": "&$EXECUTION_STATUS#", "err": "&$LAST_ERROR_MESSAGE#",
        "errcode": "&$LAST_ERROR_CODE#", "insert": "&$LAST_ERROR_INSERT#", "out": "&$RESULT#", "order": "&order#",
        "who": "&$CLIENT#/&$USER#", "system": "&$SYSTEM#", "cid": "&$CORRELATION_ID#", "nth": "&$ATTEMPT#", "none": "&nobody#",
    });
    let mut asked = payload(&receiver.url("/ok"), template.clone());
    asked["order"] = json!(42);
    let (id, _) = invoke(&me, "echo", &asked).await;
    let expected = json!({
        "runid": id, "state": "success", "code": "0", "err": "", "errcode": "00000000", "insert": "", "out": { "order": 42 },
        "order": "42", "who": "guest/guest", "system": "wask", "cid": "order-42", "nth": "1", "none": "",
    });
    assert_eq!(receiver.received_at_least(1).await[0].json(), expected);

    for (nth, error, message, insert) in [
        (1, json!("boom"), "boom", ""),
        (2, json!({ "message": "broken", "at": 3 }), "broken", r#"{"message":"broken","at":3}"#),
    ] {
        let mut asked = payload(&receiver.url("/bad"), template.clone());
        asked["error"] = error;
        invoke(&me, "error", &asked).await;
        let body = receiver.received_at_least(nth + 1).await[nth].json();
        let told = ["state", "code", "err", "errcode", "insert"].map(|member| body[member].as_str().unwrap());
        assert_eq!(told, ["application error", "1", message, "00000001", insert]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_shows_the_callers_arguments_and_not_the_bound_ones() {
    let (_wask, me, receiver) = started().await;
    let parameters =
        json!({ "parameters": [{ "key": "secret", "value": "s3cret" }, { "key": "both", "value": "bound" }] });
    me.create_action_with("bound", &guest("echo"), parameters).await;
    let mut asked = payload(&receiver.url("/"), json!({ "secret": "&secret#", "both": "&both#" }));
    asked["both"] = json!("sent");
    invoke(&me, "bound", &asked).await;
    assert_eq!(receiver.received_at_least(1).await[0].json(), json!({ "secret": "", "both": "sent" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_calls_back_once_as_a_whole() {
    let (_wask, me, receiver) = started().await;
    let exec = json!({ "exec": { "kind": "sequence", "components": ["/_/echo", "/_/echo"] } });
    me.put("actions/twice", &exec).await.expect(200);
    let (id, callback) = invoke(&me, "twice", &super::calling(&receiver.url("/"))).await;
    let body = receiver.received_at_least(1).await[0].json();
    assert_eq!(
        (&body["run_id"], &body["object_type"], &body["name"]),
        (&json!(id), &json!("sequence"), &json!("guest/twice"))
    );
    in_state(&me, &callback, "delivered").await;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(me.ended(&id).await["response"]["result"], json!({}));
}
