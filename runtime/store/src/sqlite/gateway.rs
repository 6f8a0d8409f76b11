//! The APIs of the gateway: [`GatewayStore`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wask_model::{
    Api, ApiName, BasePath, FullName, NamespaceName, PathPattern, ResponseType, Route, RouteSecret, Verb,
};

use super::SqliteStore;
use super::operation::Steps;
use super::values::{self, sql_number};
use crate::{ApiBounds, ApiPutOutcome, GatewayStore, StoreError};

#[async_trait]
impl GatewayStore for SqliteStore {
    async fn apis(&self, namespace: &NamespaceName) -> Result<Vec<Api>, StoreError> {
        let owner = namespace.clone();
        self.readers.read_for(namespace, move |db| docs(db, &owner)).await
    }

    async fn served_apis(&self, namespace: &NamespaceName) -> Result<Vec<Api>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| Ok(docs::<ServedApi>(db, &owner)?.into_iter().map(Api::from).collect());
        self.readers.read_for(namespace, read).await
    }

    async fn put_api(
        &self,
        namespace: &NamespaceName,
        was: Option<&Api>,
        becomes: Api,
        bounds: ApiBounds,
    ) -> Result<ApiPutOutcome, StoreError> {
        let (namespace, was, doc) = (namespace.clone(), was.cloned(), serde_json::to_string(&becomes)?);
        let put = move |db: &Connection| {
            let base_path = becomes.base_path.as_str();
            // Compared as values, because JSON can spell a number in more than one way.
            if stored(db, &namespace, base_path)? != was {
                return Ok(ApiPutOutcome::Changed);
            }
            let own = (becomes.routes.len() as u64, doc.len() as u64);
            let others = size_of_others(db, &namespace, base_path)?;
            let (routes, bytes) = (own.0 + others.0, own.1 + others.1);
            if routes > bounds.routes {
                return Ok(ApiPutOutcome::TooManyRoutes(routes));
            }
            if bytes > bounds.bytes {
                return Ok(ApiPutOutcome::TooLarge(bytes));
            }
            let mut upsert = db.prepare_cached(
                "INSERT INTO api (namespace, base_path, routes, doc) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (namespace, base_path) DO UPDATE SET routes = excluded.routes, doc = excluded.doc",
            )?;
            upsert.execute(params![namespace.as_str(), base_path, sql_number(own.0), doc])?;
            Ok(ApiPutOutcome::Stored)
        };
        self.writer.write(Steps::One, put).await
    }

    async fn delete_api(&self, namespace: &NamespaceName, was: &Api) -> Result<bool, StoreError> {
        let (namespace, was) = (namespace.clone(), was.clone());
        let delete = move |db: &Connection| {
            let base_path = was.base_path.as_str();
            if stored(db, &namespace, base_path)?.as_ref() != Some(&was) {
                return Ok(false);
            }
            let mut delete = db.prepare_cached("DELETE FROM api WHERE namespace = ?1 AND base_path = ?2")?;
            Ok(delete.execute([namespace.as_str(), base_path])? > 0)
        };
        self.writer.write(Steps::One, delete).await
    }
}

/// What each API of a namespace is read as, by base path.
fn docs<T: DeserializeOwned>(db: &Connection, namespace: &NamespaceName) -> Result<Vec<T>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM api WHERE namespace = ?1 ORDER BY base_path")?;
    let mut found = select.query([namespace.as_str()])?;
    let mut apis = Vec::new();
    while let Some(row) = found.next()? {
        apis.push(values::json(row, 0)?);
    }
    Ok(apis)
}

/// An API without what only people read, which is skipped and takes no memory.
#[derive(Deserialize)]
struct ServedApi {
    base_path: BasePath,
    name: ApiName,
    routes: Vec<ServedRoute>,
}

#[derive(Deserialize)]
struct ServedRoute {
    path: PathPattern,
    verb: Verb,
    action: FullName,
    response: ResponseType,
    #[serde(default)]
    secret: Option<RouteSecret>,
}

impl From<ServedApi> for Api {
    fn from(ServedApi { base_path, name, routes }: ServedApi) -> Api {
        let route = |ServedRoute { path, verb, action, response, secret }| Route {
            path,
            verb,
            action,
            response,
            secret,
            operation: None,
        };
        Api { base_path, name, routes: routes.into_iter().map(route).collect(), document: None }
    }
}

fn stored(db: &Connection, namespace: &NamespaceName, base_path: &str) -> Result<Option<Api>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM api WHERE namespace = ?1 AND base_path = ?2")?;
    let found = select.query_row([namespace.as_str(), base_path], |row| Ok(values::json(row, 0)));
    found.optional()?.transpose()
}

/// Routes and bytes of the namespace's other APIs.
fn size_of_others(db: &Connection, namespace: &NamespaceName, base_path: &str) -> Result<(u64, u64), StoreError> {
    let mut sums = db.prepare_cached(
        "SELECT coalesce(sum(routes), 0), coalesce(sum(octet_length(doc)), 0) FROM api
         WHERE namespace = ?1 AND base_path <> ?2",
    )?;
    let count = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(sums.query_row([namespace.as_str(), base_path], |row| Ok((count(row, 0)?, count(row, 1)?)))?)
}
