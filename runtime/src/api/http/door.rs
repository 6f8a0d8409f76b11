//! From a connection to the routes: whose request it is, whether it may come in, and that it counts until it is answered.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::uri::PathAndQuery;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::config::HttpConfig;
use super::connections::{Answering, Clients, Connection, Connections};
use super::drain_body::BodyDrain;
use super::peer::{Peer, TrustedProxies};
use super::refused_early::RefusedEarly;
use super::sites::FromWebSocket;

/// What all connections share.
#[derive(Clone)]
pub struct Door {
    routes: TowerToHyperService<Router>,
    pub drain: BodyDrain,
    pub connections: Arc<Connections>,
    clients: Arc<Clients>,
    pub proxies: Arc<TrustedProxies>,
    /// The address at the other end of the newest connection.
    pub peer: IpAddr,
}

impl Door {
    pub fn new(router: Router, config: &HttpConfig) -> Self {
        let ms = Duration::from_millis;
        let proxies = TrustedProxies::new(&config.trusted_proxies, config.forwarded_header);
        Door {
            routes: TowerToHyperService::new(router),
            drain: BodyDrain::new(ms(config.header_timeout_ms), ms(config.progress_timeout_ms)),
            connections: Connections::new(config.bounds(), config.connections_per_address),
            clients: Clients::new(config.connections_per_address),
            proxies: Arc::new(proxies.expect("the configuration was checked")),
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
}

/// Takes the requests of one connection.
pub struct Requests {
    pub door: Door,
    pub connection: Arc<Connection>,
    pub is_proxy: bool,
    /// Whether it came to the socket for web actions.
    pub from_web_socket: bool,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<<TowerToHyperService<Router> as Service<Request<Body>>>::Future>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let door = &self.door;
        let in_flight = self.connection.begin();
        let mut of_client = None;
        let mut client = door.peer;
        let mut refused = self.connection.look_at_head(|head| RefusedEarly::two_lengths(&request, head));
        if self.is_proxy {
            client = door.proxies.client(door.peer, request.headers());
            match door.clients.begin(client) {
                Ok(one) => of_client = Some(one),
                Err(most) => refused = Some(RefusedEarly::TooManyRequests(most)),
            }
        }
        request.extensions_mut().insert(Peer(client));
        if self.from_web_socket {
            request.extensions_mut().insert(FromWebSocket);
        }
        if let Some(refused) = refused {
            request.extensions_mut().insert(refused);
        }
        Answering::new(door.routes.call(door.drain.watch(with_one_slash(request))), (in_flight, of_client))
    }
}

/// A client whose host is configured with a trailing slash sends every path as `//api/v1/…`.
fn with_one_slash(mut request: Request<Incoming>) -> Request<Incoming> {
    let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    if target.starts_with("//")
        && let Ok(path) = format!("/{}", target.trim_start_matches('/')).parse::<PathAndQuery>()
    {
        let mut parts = std::mem::take(request.uri_mut()).into_parts(); // HTTP/2 has the host in here
        parts.path_and_query = Some(path);
        *request.uri_mut() = parts.try_into().expect("only its path was replaced, by another");
    }
    request
}
