//! `wask trigger …`.

use clap::{ArgAction, Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};

use crate::entities::{self, Page, Sorting, TRIGGER};
use crate::failure::Failure;
use crate::feeds::{self, LifecycleEvent};
use crate::http::Server;
use crate::names::{self, Name, Scope};
use crate::parameters::{self, AnnotationArgs, ParameterArgs, object_of, wire};
use crate::screen::{self, Screen, bold};

#[derive(Subcommand)]
pub enum Command {
    /// Fire a trigger
    Fire {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "TRIGGER")]
        name: Name,
        #[command(flatten)]
        parameters: ParameterArgs,
    },
    /// Create a trigger; with --feed, a feed fires it
    #[command(after_help = EXAMPLES)]
    Create {
        #[command(flatten)]
        change: ChangeArgs,
        /// Feed that fires the trigger; it gets the parameters of -p
        #[arg(short = 'f', long, value_name = "ACTION")]
        feed: Option<Name>,
    },
    /// Change a trigger, or create it; the feed, if it has one, gets the parameters of -p
    Update {
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Print a trigger and the configuration of its feed, or one of its fields
    Get {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "TRIGGER")]
        name: Name,
        /// Print only this field
        #[arg(conflicts_with = "summary")]
        field: Option<String>,
        /// Print its description and parameters
        #[arg(short = 's', long)]
        summary: bool,
    },
    /// Delete a trigger and stop its feed
    Delete {
        /// NAME or /NAMESPACE/NAME
        #[arg(value_name = "TRIGGER")]
        name: Name,
    },
    /// List the triggers of a namespace
    List {
        /// /NAMESPACE [default: your own]
        #[arg(value_name = "NAMESPACE", value_parser = names::namespace)]
        scope: Option<Scope>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        sorting: Sorting,
    },
}

const EXAMPLES: &str = "\
Example, every five minutes:
  wask trigger create tick --feed /whisk.system/alarms/alarm -p cron '*/5 * * * *'";

/// The flags of a trigger.
#[derive(Args)]
pub struct ChangeArgs {
    /// NAME or /NAMESPACE/NAME
    #[arg(value_name = "TRIGGER")]
    name: Name,
    #[command(flatten)]
    parameters: ParameterArgs,
    /// A parameter for the feed, if the trigger gets parameters too
    #[arg(short = 'F', long, num_args = 2, value_names = ["KEY", "VALUE"])]
    #[arg(allow_hyphen_values = true, action = ArgAction::Append)]
    feed_param: Vec<String>,
    /// A parameter for the trigger, if the feed gets parameters too
    #[arg(short = 'T', long, num_args = 2, value_names = ["KEY", "VALUE"])]
    #[arg(allow_hyphen_values = true, action = ArgAction::Append)]
    trigger_param: Vec<String>,
    #[command(flatten)]
    annotations: AnnotationArgs,
}

/// The parameters for the feed and for the trigger; `None` if none are given.
struct GivenParameters {
    feed: Option<Map<String, Value>>,
    trigger: Option<Map<String, Value>>,
}

impl ChangeArgs {
    /// `-p` goes to the feed if there is one, otherwise to the trigger; `-F` goes to the feed, `-T` to the trigger.
    fn given(&self, feed: Option<&Name>) -> Result<GivenParameters, Failure> {
        let plain = self.parameters.object()?;
        let plain = (!plain.is_empty()).then_some(plain);
        let flat = |flat: &[String]| (!flat.is_empty()).then(|| parameters::pairs(flat));
        match (plain, flat(&self.feed_param), flat(&self.trigger_param), feed) {
            (Some(_), Some(_), _, _) | (Some(_), _, Some(_), _) => Err(Failure::not_allowed(
                "Incorrect usage. Cannot combine --param with --feed-param or --trigger-param",
            )),
            (_, Some(_), _, None) => {
                Err(Failure::not_allowed("Incorrect usage. Trigger without a feed cannot have feed parameters"))
            }
            (Some(plain), None, None, Some(_)) => Ok(GivenParameters { feed: Some(plain), trigger: None }),
            (Some(plain), None, None, None) => Ok(GivenParameters { feed: None, trigger: Some(plain) }),
            (None, feed, trigger, _) => Ok(GivenParameters { feed, trigger }),
        }
    }
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Fire { name, parameters } => fire(&name, &parameters, server, screen),
        Command::Create { change, feed } => create(&change, feed.as_ref(), server, screen),
        Command::Update { change } => update(&change, server, screen),
        Command::Get { name, field, summary } => {
            let document = entities::fetch(server, TRIGGER, &name)?;
            if summary {
                screen::line(&entities::summary(TRIGGER, &document));
                return Ok(());
            }
            show(&name, field.as_deref(), &document, server, screen)
        }
        Command::Delete { name } => {
            let document = entities::fetch(server, TRIGGER, &name)?;
            if let Some(feed) = feed_of(&document)
                && let Err(refusal) = feeds::invoke(server, &feed, LifecycleEvent::Delete, &name, Map::new())
            {
                screen::warning(&refusal.because(format!("Unable to configure feed '{feed}'")).message);
            }
            entities::delete(server, screen, TRIGGER, &name, "")
        }
        Command::List { scope, page, sorting } => {
            let mut list = entities::page(server, TRIGGER, &scope.unwrap_or_default(), &page)?;
            sorting.apply(&mut list);
            print_list(screen, &list);
            Ok(())
        }
    }
}

pub fn print_list(screen: Screen, list: &Value) {
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(entities::row).collect();
    screen.list("triggers", &rows, list);
}

fn fire(name: &Name, parameters: &ParameterArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let body = Value::Object(parameters.object()?);
    let unable = || format!("Unable to fire trigger '{}'", name.short());
    let answer =
        server.send(Method::POST, &name.path("triggers"), Some(&body)).map_err(|refusal| refusal.because(unable()))?;
    if answer.status == 204 {
        screen::note(&format!("trigger {} did not fire as it is not associated with an active rule", bold(name)));
        return Ok(());
    }
    let document = answer.json().map_err(|refusal| refusal.because(unable()))?;
    let id = document["activationId"].as_str().unwrap_or("unknown");
    screen.done(&format!("triggered {} with id {}", bold(name), bold(id)), &document);
    Ok(())
}

/// Creates the trigger, then starts its feed. If the feed refuses, the trigger is deleted again.
fn create(change: &ChangeArgs, feed: Option<&Name>, server: &Server, screen: Screen) -> Result<(), Failure> {
    let (name, given) = (&change.name, change.given(feed)?);
    let unable = || format!("Unable to create trigger '{}'", name.short());
    let mut annotations = change.annotations.object()?.unwrap_or_default();
    if let Some(feed) = feed {
        annotations.insert("feed".to_owned(), feed.to_string().into());
    }
    let body = json!({
        "annotations": wire(&annotations),
        "parameters": wire(&given.trigger.unwrap_or_default()),
    });
    let made = server
        .put(&format!("{}?overwrite=false", name.path("triggers")), &body)
        .map_err(|refusal| refusal.because(unable()))?;
    if let Some(feed) = feed
        && let Err(refusal) = feeds::invoke(server, feed, LifecycleEvent::Create, name, given.feed.unwrap_or_default())
    {
        let failed = refusal.because(format!("{}: Unable to configure feed '{feed}'", unable()));
        if let Err(refusal) = server.delete(&name.path("triggers")) {
            screen::warning(&refusal.because(format!("Unable to delete trigger '{}'", name.short())).message);
        }
        return Err(failed);
    }
    screen.done(&format!("created trigger {}", bold(name.short())), &made);
    Ok(())
}

fn update(change: &ChangeArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let name = &change.name;
    let existing = match server.get(&name.path("triggers")) {
        Ok(document) => document,
        Err(refusal) if refusal.is_not_found() => return create(change, None, server, screen),
        Err(refusal) => return Err(refusal.because(format!("Unable to get trigger '{}'", name.short()))),
    };
    let feed = feed_of(&existing);
    let given = change.given(feed.as_ref())?;
    let unable = || format!("Unable to update trigger '{}'", name.short());
    if let (Some(feed), Some(parameters)) = (&feed, given.feed) {
        feeds::invoke(server, feed, LifecycleEvent::Update, name, parameters)
            .map_err(|refusal| refusal.because(format!("{}: Unable to configure feed '{feed}'", unable())))?;
    }
    let mut annotations = change.annotations.object()?;
    if let (Some(annotations), Some(feed)) = (&mut annotations, &feed) {
        annotations.insert("feed".to_owned(), feed.to_string().into()); // without it, `delete` would leave the feed running
    }
    let changed = [("parameters", given.trigger), ("annotations", annotations)];
    let body: Map<String, Value> =
        changed.into_iter().filter_map(|(key, object)| Some((key.to_owned(), wire(&object?)))).collect();
    let updated = if body.is_empty() && feed.is_some() {
        existing
    } else {
        server
            .put(&format!("{}?overwrite=true", name.path("triggers")), &Value::Object(body))
            .map_err(|refusal| refusal.because(unable()))?
    };
    screen.done(&format!("updated trigger {}", bold(name.short())), &updated);
    Ok(())
}

/// Prints the trigger's document, or, like `wsk`, the record of its feed's READ activation.
fn show(name: &Name, field: Option<&str>, document: &Value, server: &Server, screen: Screen) -> Result<(), Failure> {
    if let (Some(feed), None) = (feed_of(document), field) {
        match feeds::invoke(server, &feed, LifecycleEvent::Read, name, Map::new()) {
            Ok(record) => {
                screen.heading(&format!("got trigger {}, fed by {}", bold(name.short()), bold(&feed)));
                screen.document(&record);
                return Ok(());
            }
            Err(refusal) => {
                screen::warning(&refusal.because(format!("Unable to configure feed '{feed}'")).message);
            }
        }
    }
    entities::show(screen, TRIGGER, &name.short(), document, field)
}

/// The action of a trigger's feed.
pub fn feed_of(document: &Value) -> Option<Name> {
    object_of(&document["annotations"]).get("feed")?.as_str()?.parse().ok()
}
