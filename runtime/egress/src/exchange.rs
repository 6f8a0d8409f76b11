//! Sends one request over a connection, reads the answer, and closes the connection. HTTP/1.1 only.

use std::future::Future;
use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::SendError;
use crate::outgoing::OutgoingRequest;

/// The most header fields of an answer. hyper's default.
const HEADERS: usize = 100;
/// The most bytes of an answer's head: the same limit as for the head of a request to this server.
const HEAD_BYTES: usize = 64 << 10;
/// About how many bytes of an answer are buffered at a time. hyper's default is 408 KiB.
const BUFFER_BYTES: usize = 64 << 10;
/// Fields that concern the connection. A caller cannot set them.
const OF_THE_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A connection's bytes in both directions: TCP, or TLS on top of it.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// An answer whose head has arrived.
pub(crate) struct OpenResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    connection: LiveConnection,
}

/// Sends the whole request and waits for the head of the answer, without a time limit.
pub(crate) async fn begin(wire: Box<dyn Wire>, outgoing: OutgoingRequest<'_>) -> Result<OpenResponse, SendError> {
    let request = request(outgoing)?;
    let mut builder = http1::Builder::new();
    builder.max_headers(HEADERS).max_header_size(HEAD_BYTES).max_buf_size(BUFFER_BYTES);
    let handshake = builder.handshake(TokioIo::new(wire)).await;
    let (mut sender, connection) = handshake.map_err(|cause| SendError::protocol(&cause))?;

    let mut connection = LiveConnection(Some(Box::pin(connection)));
    let answered: hyper::Result<Response<Incoming>> = connection.during(sender.send_request(request)).await;
    let (head, body) = answered.map_err(|cause| SendError::protocol(&cause))?.into_parts();
    Ok(OpenResponse { status: head.status.as_u16(), headers: head.headers, body, connection })
}

impl OpenResponse {
    /// The first bytes of the body, at most `limit`. Stops at its end, when it breaks off, or when `over` ends. Closes
    /// the connection.
    pub(crate) async fn body(self, limit: usize, over: impl Future<Output = ()>) -> Bytes {
        let OpenResponse { mut body, mut connection, .. } = self;
        let mut read = BytesMut::new();
        let reading = async {
            while read.len() < limit {
                let Some(Ok(frame)) = body.frame().await else { return };
                let data = frame.into_data().unwrap_or_default(); // trailers are ignored
                read.extend_from_slice(&data[..data.len().min(limit - read.len())]);
            }
        };
        tokio::select! {
            biased;
            () = over => (),
            () = connection.during(reading) => (),
        }
        read.freeze()
    }
}

/// A connection, until it ends. Its errors surface in the work that is done over it.
struct LiveConnection(Option<Pin<Box<Connection>>>);

type Connection = http1::Connection<TokioIo<Box<dyn Wire>>, Full<Bytes>>;

impl LiveConnection {
    /// Does `work` while polling the connection, which moves the bytes.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Some(connection) = &mut self.0 {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ended = connection => self.0 = None, // polling it again would panic
            }
        }
        work.await
    }
}

/// The request as hyper sends it.
fn request(outgoing: OutgoingRequest<'_>) -> Result<Request<Full<Bytes>>, SendError> {
    if outgoing.method == Method::CONNECT {
        return Err(SendError::Protocol("CONNECT is for proxies".to_owned())); // a tunnel is not HTTP
    }
    let mut request = Request::new(Full::new(outgoing.body));
    *request.method_mut() = outgoing.method;
    *request.uri_mut() = outgoing.target.uri();
    *request.headers_mut() = outgoing.headers;
    let headers = request.headers_mut();
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    let host = HeaderValue::from_str(&outgoing.target.authority()).expect("a host is printable ASCII");
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}
