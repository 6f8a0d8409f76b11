//! `wask activation status|cancel|rerun|input`: the state of an activation, and commands that change it. Only wask
//! servers have these routes.

use clap::Args;
use http::Method;
use serde_json::{Map, Value};

use super::ActivationArgs;
use crate::failure::{Failure, Refusal};
use crate::http::Server;
use crate::names::{query, segment};
use crate::parameters::ParameterArgs;
use crate::screen::{self, Screen, bold};

/// The exit code if the activation has not ended when the wait is over, like that of a blocking invocation.
const STILL_RUNNING: u8 = 202;

#[derive(Args)]
pub struct StatusArgs {
    #[command(flatten)]
    which: ActivationArgs,
    /// Wait this long for its end, like 30s, 500ms or 1m, at most 60s; exit code 202 if it has not ended by then
    #[arg(short = 'w', long, value_name = "TIME")]
    wait: Option<String>,
}

#[derive(Args)]
pub struct RerunArgs {
    #[command(flatten)]
    which: ActivationArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
}

pub fn status(args: StatusArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let unable = "Unable to get status of activation";
    let (id, field) = args.which.find(server, unable)?;
    let is_waited_for = args.wait.is_some();
    let status = server
        .get(&format!("{}{}", path(&id, "status"), query(&[("wait", args.wait)])))
        .map_err(|refusal| refusal.because(format!("{unable} '{id}'")))?;
    let state = status["state"].as_str().unwrap_or("unknown");
    match field {
        Some(field) => {
            let value = status.get(&field);
            screen.document(value.ok_or_else(|| Failure::general(format!("Invalid field filter '{field}'.")))?);
        }
        None => {
            screen.heading(&format!("activation {} is {}", bold(&id), bold(state)));
            screen.document(&status);
        }
    }
    if is_waited_for && state != "ended" {
        return Err(Failure { message: String::new(), exit: STILL_RUNNING });
    }
    Ok(())
}

pub fn cancel(id: &str, server: &Server, screen: Screen) -> Result<(), Failure> {
    let status = server
        .send(Method::POST, &path(id, "cancel"), None)
        .and_then(|answer| answer.json())
        .map_err(|refusal| refusal.because(format!("Unable to cancel activation '{id}'")))?;
    screen.done(&format!("cancelled activation {}", bold(id)), &status);
    Ok(())
}

/// Without parameters, the server uses the stored input. Parameters override it one by one.
pub fn rerun(args: RerunArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let unable = "Unable to rerun activation";
    let (id, _) = args.which.find(server, unable)?;
    let changed = args.parameters.object()?;
    let because = |refusal: Refusal| refusal.because(format!("{unable} '{id}'"));
    let body = if changed.is_empty() {
        None
    } else {
        Some(overridden(server.get(&path(&id, "input")).map_err(because)?, changed))
    };
    let answer = server.send(Method::POST, &path(&id, "rerun"), body.as_ref()).map_err(because)?;
    if answer.status == 204 {
        screen::note(&format!("activation {} was not rerun because its trigger has no active rule", bold(&id)));
        return Ok(());
    }
    let document = answer.json().map_err(because)?;
    let again = document["activationId"].as_str().unwrap_or("unknown");
    screen.done(&format!("reran activation {} with id {}", bold(&id), bold(again)), &document);
    Ok(())
}

pub fn input(which: ActivationArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let unable = "Unable to get input of activation";
    let (id, _) = which.find(server, unable)?;
    let input = server.get(&path(&id, "input")).map_err(|refusal| refusal.because(format!("{unable} '{id}'")))?;
    screen.document(&input);
    Ok(())
}

fn overridden(input: Value, changed: Map<String, Value>) -> Value {
    let mut all = match input {
        Value::Object(all) => all,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    all.extend(changed);
    Value::Object(all)
}

fn path(id: &str, part: &str) -> String {
    format!("namespaces/_/activations/{}/{part}", segment(id))
}
