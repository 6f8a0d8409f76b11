//! `wask action invoke`.

use clap::Args;
use http::Method;
use serde_json::Value;

use crate::failure::{Failure, Refusal};
use crate::http::Server;
use crate::names::Name;
use crate::parameters::ParameterArgs;
use crate::screen::{Screen, bold};

/// The status of a response that came before the activation ended; also the exit code in that case.
const STILL_RUNNING: u16 = 202;

#[derive(Args)]
pub struct InvokeArgs {
    /// NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(value_name = "ACTION")]
    name: Name,
    /// Wait until the activation ends, and print its record
    #[arg(short = 'b', long)]
    blocking: bool,
    /// Wait until the activation ends, and print its result
    #[arg(short = 'r', long)]
    result: bool,
    #[command(flatten)]
    parameters: ParameterArgs,
}

pub fn run(args: &InvokeArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let blocking = args.blocking || args.result;
    let path = format!("{}?blocking={blocking}&result={}", args.name.path("actions"), args.result);
    let arguments = Value::Object(args.parameters.object()?);
    let answered = server.send(Method::POST, &path, Some(&arguments));
    let (status, document) = match answered {
        Ok(answer) => (answer.status, answer.json()),
        // An error of the server has a `code`; a failed activation has none.
        Err(Refusal::Status { status, body, .. }) if blocking && is_outcome(status, &body) => (status, Ok(body)),
        Err(refusal) => (0, Err(refusal)),
    };
    let document =
        document.map_err(|refusal| refusal.because(format!("Unable to invoke action '{}'", args.name.short())))?;
    let id = document["activationId"].as_str().unwrap_or("unknown");
    let invoked = format!("invoked {} with id {}", bold(&args.name), bold(id));
    match status {
        STILL_RUNNING if blocking => {
            let late =
                format!("invoked {}, but the request has not yet finished, with id {}", bold(&args.name), bold(id));
            screen.done(&late, &document);
            Err(Failure { message: String::new(), exit: STILL_RUNNING as u8 })
        }
        STILL_RUNNING => {
            screen.done(&invoked, &document);
            Ok(())
        }
        ..300 => {
            if !args.result {
                screen.heading(&invoked);
            }
            screen.document(&document);
            Ok(())
        }
        failed => {
            if !args.result {
                screen.heading(&invoked);
            }
            screen.failed_document(&document);
            Err(Failure { message: String::new(), exit: (failed & 0xff) as u8 })
        }
    }
}

fn is_outcome(status: u16, body: &Value) -> bool {
    [500, 502].contains(&status) && body.is_object() && body.get("code").is_none()
}
