//! Opens a TCP connection to one of the vetted addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::SendError;

/// How many addresses of one name are tried, because a name can have hundreds.
const TRIED: usize = 8;

/// Connects to the first of `addresses` that answers. Each gets the same part of `time`, so that a silent address does
/// not use up the time of the next.
pub(crate) async fn dial(addresses: &[IpAddr], port: u16, time: Duration) -> Result<TcpStream, SendError> {
    let tried = &addresses[..addresses.len().min(TRIED)];
    let mut failed = SendError::Dns("the name has no address".to_owned());
    for address in tried {
        match connect(SocketAddr::new(*address, port), time.div_f64(tried.len() as f64)).await {
            Ok(stream) => return Ok(stream),
            Err(cause) => failed = cause,
        }
    }
    Err(failed)
}

async fn connect(address: SocketAddr, time: Duration) -> Result<TcpStream, SendError> {
    let refused = |cause: io::Error| SendError::Connect(format!("{address}: {cause}"));
    let stream = timeout(time, TcpStream::connect(address)).await.map_err(|_| SendError::Timeout)?.map_err(refused)?;
    stream.set_nodelay(true).map_err(refused)?;
    Ok(stream)
}
