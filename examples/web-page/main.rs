//! A page for browsers. Its address ending in `.html` uses only the page; `.http` uses status and headers too.

use serde::Deserialize;
use wask_sdk::{WebRequest, WebResponse};

#[derive(Default, Deserialize)]
struct Visit {
    name: Option<String>,
}

#[wask_sdk::action]
fn page(request: WebRequest<Visit>) -> Result<WebResponse, WebResponse> {
    if request.method != "get" {
        return Err(WebResponse::text("This page can only be read.\n").with_status(405).header("allow", "GET"));
    }
    let name = request.args.name.as_deref().unwrap_or("stranger");
    let browser = request.header("user-agent").unwrap_or("something unknown");
    let text = format!("<h1>Hello, {}!</h1><p>You use {}.</p>", escape(name), escape(browser));
    Ok(WebResponse::html(text).header("cache-control", "no-store"))
}

/// Escapes text of a visitor, so that it cannot contain markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitors_text_cannot_contain_markup() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
