//! The lists of entities. rest.md §2.1.

use axum::response::Response;
use wask_model::NamespaceName;

use super::documents::summary::Summary;
use crate::api::App;
use crate::api::http::{Params, Rejection, listing};
use crate::catalog::Selection;

/// One page of summaries, newest first · with `count=true` the number of all · 400 out of range.
pub async fn answer(
    app: &App,
    reader: &NamespaceName,
    selection: Selection,
    params: &Params,
) -> Result<Response, Rejection> {
    let collection = selection.collection.as_str();
    let page = params.page(collection, &app.limits)?;
    if params.flag("count", false)? {
        let total = app.catalog.count(&selection).await?;
        return Ok(listing::count(collection, total, page));
    }
    let entities = app.catalog.list(&selection, page).await?;
    let shown = entities.map(|entity| Summary::new(selection.collection, entity));
    listing::bounded_page(app, reader, (params.uri(), page.skip), shown).await
}
