//! HTTPS: the certificate must be for the name in the URL and of a trusted authority.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use wask_egress::{Egress, SendError};

use crate::receiver::{OK, Receiver, read_request};
use crate::rig::{Names, egress, local, send};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The name in the handshake (SNI), and the request.
type SeenRequest = (Option<String>, String);

/// A receiver that speaks TLS and keeps its requests.
struct TlsReceiver {
    port: u16,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
    accepting: JoinHandle<()>,
}

impl TlsReceiver {
    /// A receiver whose certificate is for `name` and signed by `authority`.
    async fn named(name: &str, authority: &Authority) -> TlsReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<_>>> = Arc::default();
        let (kept, acceptor) = (Arc::clone(&seen), acceptor(name, authority));
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let name = stream.get_ref().1.server_name().map(str::to_owned);
                let request = read_request(&mut stream).await;
                kept.lock().unwrap().push((name, request));
                let _ = stream.write_all(OK.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        TlsReceiver { port, seen, accepting }
    }

    fn seen(&self) -> Vec<SeenRequest> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for TlsReceiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn acceptor(name: &str, authority: &Authority) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A connector that may reach loopback, resolves `name` to 127.0.0.1, and trusts `authority`.
fn trusting(authority: &Authority, name: &str) -> Egress {
    let names = Names::with(name, &[&["127.0.0.1"]]);
    egress(&["127.0.0.0/8"], names).with_more_roots(authority.pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn handshake_and_host_field_have_the_name_of_the_url() {
    let authority = authority();
    let receiver = TlsReceiver::named("hooks.example", &authority).await;
    let egress = trusting(&authority, "hooks.example");
    for host in ["hooks.example", "HOOKS.example", "hooks.example."] {
        let answer = send(&egress, &format!("https://{host}:{}/done", receiver.port)).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"hi"[..]));
    }
    for (name, request) in receiver.seen() {
        assert_eq!(name.as_deref(), Some("hooks.example"));
        assert!(request.starts_with("POST /done HTTP/1.1\r\n"));
        assert!(request.contains(&format!("host: hooks.example:{}\r\n", receiver.port)));
    }
    assert_eq!(receiver.seen().len(), 3);
}

#[tokio::test]
async fn a_certificate_for_an_address_is_valid_for_that_address_only() {
    let authority = authority();
    let receiver = TlsReceiver::named("127.0.0.1", &authority).await;
    let egress = trusting(&authority, "hooks.example");
    assert_eq!(send(&egress, &format!("https://127.0.0.1:{}/", receiver.port)).await.unwrap().status, 200);
    let by_name = send(&egress, &format!("https://hooks.example:{}/", receiver.port)).await;
    assert!(matches!(by_name, Err(SendError::Tls(_))), "{by_name:?}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_receiver_with_a_certificate_for_another_name() {
    let authority = authority();
    let receiver = TlsReceiver::named("other.example", &authority).await;
    let sent = send(&trusting(&authority, "hooks.example"), &format!("https://hooks.example:{}/", receiver.port)).await;
    assert!(matches!(sent, Err(SendError::Tls(_))), "{sent:?}");
    assert_eq!(receiver.seen(), Vec::new());
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let receiver = TlsReceiver::named("hooks.example", &authority()).await;
    let names = || Names::with("hooks.example", &[&["127.0.0.1"]]);
    for egress in [egress(&["127.0.0.0/8"], names()), trusting(&authority(), "hooks.example")] {
        let sent = send(&egress, &format!("https://hooks.example:{}/", receiver.port)).await;
        assert!(matches!(sent, Err(SendError::Tls(_))), "{sent:?}");
    }
    assert_eq!(receiver.seen(), Vec::new());
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_failed_connection() {
    let receiver = Receiver::acting(|mut socket| async move { drop(socket.write_all(OK.as_bytes()).await) }).await;
    let authority = authority();
    let speaking = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = speaking.local_addr().unwrap().port();
    let speaker = tokio::spawn(async move {
        let (mut socket, _) = speaking.accept().await.unwrap();
        let _ = socket.write_all(OK.as_bytes()).await;
        let _ = read_request(&mut socket).await;
    });
    let sent = send(&trusting(&authority, "hooks.example"), &format!("https://hooks.example:{port}/")).await;
    assert!(matches!(sent, Err(SendError::Tls(_))), "{sent:?}");
    speaker.abort();

    let silent =
        send(&trusting(&authority, "hooks.example"), &format!("https://hooks.example:{}/", receiver.port())).await;
    assert_eq!(silent, Err(SendError::Timeout), "a handshake counts as connecting");
}

#[test]
fn a_text_without_usable_certificates_is_refused_as_additional_roots() {
    for text in
        ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n"]
    {
        assert!(local().with_more_roots(text.as_bytes()).is_err(), "{text}");
    }
    assert!(local().with_more_roots(b"").is_ok(), "an empty text adds none");
}
