//! The signals that stop a node: SIGTERM and SIGINT.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::node::Node;

/// Listens for signals on a thread of its own: a server whose other threads are all busy must end too.
pub struct Signals {
    /// Cancelled by the first signal.
    first: CancellationToken,
}

impl Signals {
    /// From now on, the first signal asks for an orderly stop and a second one ends the process at once.
    pub fn listen() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut kinds = {
            let _entered = runtime.enter();
            Kinds { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? }
        };
        let first = CancellationToken::new();
        let token = first.clone();
        let listen = move || {
            runtime.block_on(async {
                kinds.next().await;
                eprintln!("stopping; a second signal stops the server at once");
                token.cancel();
                kinds.next().await;
            });
            eprintln!("wask: stopped at once; interrupted activations run again at the next start");
            std::process::exit(1);
        };
        std::thread::Builder::new().name("wask-signals".into()).spawn(listen).context("listen for signals")?;
        Ok(Signals { first })
    }

    /// Waits for a signal, then shuts the node down in order.
    pub async fn stop_in_order(self, node: Node) -> anyhow::Result<()> {
        self.first.cancelled().await;
        node.stop().await
    }
}

struct Kinds {
    terminate: Signal,
    interrupt: Signal,
}

impl Kinds {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => (),
            _ = self.interrupt.recv() => (),
        }
    }
}
