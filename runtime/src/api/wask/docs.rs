//! The documentation of the routes, for people and for tools. rest.md §1.8; one OpenAPI 3 document replaces its
//! two Swagger 2 documents.

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::Html;
use serde_json::Value;

use super::openapi::DOCUMENT;

/// `GET /api/v1/openapi.json`, `/api/v1/api-docs`: all routes.
pub async fn all() -> Json<&'static Value> {
    Json(&DOCUMENT)
}

/// `GET /api-docs`: the routes of the pages, which need no key.
pub async fn pages() -> Json<Value> {
    let mut document = DOCUMENT.clone();
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.retain(|_, operations| operations["get"]["tags"][0] == "pages");
    }
    Json(document)
}

type Redirect = (StatusCode, [(HeaderName, &'static str); 1]);

/// `GET /docs`.
pub async fn to_page() -> Redirect {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "docs/index.html?url=/api-docs")])
}

/// `GET /api/v1/docs`.
pub async fn to_api_page() -> Redirect {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "docs/index.html?url=/api/v1/api-docs")])
}

/// `GET /docs/index.html`: every route, on one page without external resources.
pub async fn page() -> Html<String> {
    let mut rows = String::new();
    for (path, operations) in DOCUMENT["paths"].as_object().into_iter().flatten() {
        let methods = operations.as_object().into_iter().flatten().filter(|(key, _)| *key != "parameters");
        for (method, operation) in methods {
            let summary = operation["summary"].as_str().unwrap_or_default();
            rows += &format!("<tr><td>{}<td><code>{path}</code><td>{summary}\n", method.to_uppercase());
        }
    }
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>wask: routes</title>\n\
         <style>body{{font:1rem system-ui;margin:2rem}}td{{padding:.1rem 1rem .1rem 0}}</style>\n\
         <h1>Routes of wask {}</h1><p>For tools: <a href=\"/api/v1/openapi.json\">openapi.json</a>\n<table>\n{rows}</table>\n",
        env!("CARGO_PKG_VERSION")
    ))
}
