//! `make bench`: measures wask on this machine, as ratios to ceilings measured in the same run.
//!
//! Client and servers share the machine's cores; rounds are interleaved and the table shows medians. An answer with an
//! unexpected status ends the bench. `bench alarms` runs only that part.

mod alarms;
mod load;
mod servers;

use std::time::{Duration, Instant};

use load::{Request, Taken};
use serde_json::{Value, json};
use servers::Process;
use tempfile::TempDir;
use wask_sandbox::{CompileIn, Run, Sandbox, SandboxConfig};
use wask_tests::{Client, example, guest, wat};

const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_millis(1500);
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const HELLO: &str = "/api/v1/web/guest/default/hello.json?name=Ada";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("--bare") => return servers::serve_bare().await,
        Some("alarms") => {
            let count = arguments.next().map_or(Ok(alarms::ALARMS), |count| count.parse())?;
            return alarms::in_the_same_second(count).await;
        }
        Some(other) => anyhow::bail!("unknown argument {other}; the only one is `alarms [N]`"),
        None => (),
    }
    let data = wask_tests::data_folder();
    let server = servers::wask(data.path(), &[])?;
    let me = client(&server, &data)?;
    me.create_web_action("hello", &example("hello")).await;
    println!("cores: {}, rounds of {SPAN:?}: {ROUNDS}, client included\n", std::thread::available_parallelism()?);
    throughput(&server, &me).await?;
    queue(&server, &me).await?;
    with_endless_loops(&server, &me).await?;
    alarms::in_the_same_second(alarms::ALARMS).await?;
    start_up().await?;
    memory().await?;
    drop(server);
    first_answer(&data).await
}

fn client(server: &Process, data: &TempDir) -> anyhow::Result<Client> {
    let path = data.path().join("wskprops");
    let started = Instant::now();
    loop {
        if let Some(auth) =
            std::fs::read_to_string(&path).unwrap_or_default().lines().find_map(|l| l.strip_prefix("AUTH="))
        {
            return Ok(Client::new(format!("http://{}", server.address), auth, "guest"));
        }
        anyhow::ensure!(started.elapsed() < Duration::from_secs(10), "no wskprops");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Compares requests that run in a fresh sandbox with a constant route of the same server and with a bare server.
async fn throughput(server: &Process, me: &Client) -> anyhow::Result<()> {
    let on_demand_data = wask_tests::data_folder();
    let on_demand = servers::wask(on_demand_data.path(), &[("WASK_ACTIVATIONS__STORE_BLOCKING_SUCCESS", "on-demand")])?;
    client(&on_demand, &on_demand_data)?.create_web_action("hello", &example("hello")).await;
    let bare = servers::bare()?;
    let invoke = "/api/v1/namespaces/_/actions/hello?blocking=true";
    let targets = [
        ("bare hyper", Request::get(bare.address, "/")),
        ("GET /ping", Request::get(server.address, "/ping")),
        ("hello.json, recorded", Request::get(server.address, HELLO)),
        ("hello.json, on-demand", Request::get(on_demand.address, HELLO)),
        ("blocking invoke, recorded", Request::post(server.address, invoke, &me.auth, "{\"name\":\"Ada\"}", 200)),
    ];
    println!("{:<28}{:>6}{:>12}{:>11}{:>11}{:>9}{:>9}", "", "conns", "req/s", "p50", "p99", "/ ping", "/ bare");
    for connections in CONNECTIONS {
        let mut rounds: Vec<Vec<Taken>> = vec![Vec::new(); targets.len()];
        for _ in 0..ROUNDS {
            for (taken, (_, request)) in rounds.iter_mut().zip(&targets) {
                taken.push(load::run(request, connections, SPAN).await?);
            }
        }
        let rate = |taken: &[Taken]| median(taken.iter().map(Taken::per_second).collect());
        let (bare, ping) = (rate(&rounds[0]), rate(&rounds[1]));
        for (taken, (name, _)) in rounds.iter().zip(&targets) {
            let of = |q| Duration::from_secs_f64(median(taken.iter().map(|t| t.quantile(q).as_secs_f64()).collect()));
            let rate = rate(taken);
            println!(
                "{name:<28}{connections:>6}{rate:>12.0}{:>11.2?}{:>11.2?}{:>8.0}%{:>8.0}%",
                of(0.5),
                of(0.99),
                100.0 * rate / ping,
                100.0 * rate / bare
            );
        }
    }
    Ok(())
}

/// Measures how fast invocations are stored, one at a time and concurrently, and how fast the stored ones are run.
async fn queue(server: &Process, me: &Client) -> anyhow::Result<()> {
    let enqueue = Request::post(server.address, "/api/v1/namespaces/_/actions/hello", &me.auth, "{}", 202);
    let (mut alone, mut together, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(load::run(&enqueue, 1, SPAN).await?.per_second());
        until_idle(me).await;
        let before = count(me).await;
        let started = Instant::now();
        let taken = load::run(&enqueue, 64, SPAN).await?;
        together.push(taken.per_second());
        while count(me).await < before + taken.each.len() as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        done.push(taken.each.len() as f64 / started.elapsed().as_secs_f64());
    }
    let (alone, together, done) = (median(alone), median(together), median(done));
    println!("\ndurable enqueue, one at a time     {alone:>10.0}/s");
    println!("durable enqueue, 64 in flight      {together:>10.0}/s   {:.1} × one at a time", together / alone);
    println!("enqueue → done, 64 in flight       {done:>10.0}/s   {:.0}% of enqueue", 100.0 * done / together);
    Ok(())
}

async fn count(me: &Client) -> u64 {
    let counted = me.get("activations?name=hello&count=true").await.expect(200);
    counted.json()["activations"].as_u64().unwrap_or(0)
}

async fn until_idle(me: &Client) {
    let mut before = count(me).await;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = count(me).await;
        if now == before {
            return;
        }
        before = now;
    }
}

/// Measures how a hundred guests that never end slow down another action.
async fn with_endless_loops(server: &Process, me: &Client) -> anyhow::Result<()> {
    let hello = Request::get(server.address, HELLO);
    let idle = load::run(&hello, 1, 2 * SPAN).await?;
    let limits = json!({ "limits": { "timeout": 15_000 } });
    me.create_action_with("endless-loop", &wat("endless-loop"), limits).await;
    for _ in 0..100 {
        me.invoke_async("endless-loop", &json!({})).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let loaded = load::run(&hello, 1, 4 * SPAN).await?;
    let ratio = loaded.quantile(0.5).as_secs_f64() / idle.quantile(0.5).as_secs_f64();
    println!(
        "\nhello, idle                        p50 {:>9.2?}  p99 {:>9.2?}",
        idle.quantile(0.5),
        idle.quantile(0.99)
    );
    println!(
        "hello with 100 endless loops       p50 {:>9.2?}  p99 {:>9.2?}   {ratio:.1} × idle",
        loaded.quantile(0.5),
        loaded.quantile(0.99)
    );
    until_idle_loops(me).await;
    Ok(())
}

async fn until_idle_loops(me: &Client) {
    while me.activations_of("endless-loop").await.len() < 100 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Measures the part of a run that makes the instance ready, in a sandbox of this process.
async fn start_up() -> anyhow::Result<()> {
    let config = SandboxConfig::default();
    let sandbox = Sandbox::new(&config, None, CompileIn::ThisProcess)?;
    let wasm = wask_sandbox::upload::decode(&example("hello"), &config)?;
    let digest = sandbox.prepare("bench", wasm).await?;
    let module = sandbox.loaded(&digest).ok_or_else(|| anyhow::anyhow!("a prepared module is loaded"))?;
    let (mut init, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..20_000 {
        let started = Instant::now();
        let ran = sandbox.run(&module, Run::new("{\"name\":\"Ada\"}")).await?;
        whole.push(started.elapsed().as_secs_f64() * 1e6);
        init.push(ran.init.unwrap_or(ran.duration).as_secs_f64() * 1e6);
    }
    println!("\nstart-up part of a run             {:>7.1} µs of {:.1} µs", median(init), median(whole));
    Ok(())
}

/// Measures the private memory of a server: idle, with a thousand actions, with a thousand sleeping activations.
async fn memory() -> anyhow::Result<()> {
    let data = wask_tests::data_folder();
    let server = servers::wask(data.path(), &[])?;
    let me = client(&server, &data)?;
    me.create_action("hello", &example("hello")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.invoke("hello", &json!({})).await.expect(200);
    let idle = server.footprint()?;
    println!("\nidle server                        {:>8} KiB private, {} threads", idle.private_kib, idle.threads);
    for n in 0..1000 {
        let code =
            format!("(module (memory (export \"memory\") 1) (global i32 (i32.const {n})) (func (export \"_start\")))");
        me.create_action(&format!("a{n}"), &code).await;
    }
    let deployed = server.footprint()?;
    let each = deployed.private_kib.saturating_sub(idle.private_kib) as f64 / 1000.0;
    println!("per deployed action                {each:>8.1} KiB private (of 1,000)");

    let ids: Vec<String> = {
        let mut ids = Vec::new();
        for _ in 0..1000 {
            ids.push(me.invoke_async("sleeper", &json!({ "ms": 20_000 })).await);
        }
        ids
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asleep = server.footprint()?;
    let each = asleep.private_kib.saturating_sub(deployed.private_kib) as f64 / 1000.0;
    let threads = asleep.threads.saturating_sub(deployed.threads);
    println!("per sleeping activation            {each:>8.1} KiB private, {threads} more threads for 1,000");
    let last: Value = me.ended(&ids[ids.len() - 1]).await;
    anyhow::ensure!(last["response"]["success"] == true, "a sleeper failed: {last}");
    Ok(())
}

/// Measures the time from process start to the first answer of an action whose compiled code is on disk.
async fn first_answer(data: &TempDir) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let server = servers::wask(data.path(), &[])?;
        times.push(server.first_answer(HELLO).await?.as_secs_f64() * 1e3);
        server.kill()?;
    }
    println!("\nprocess start → first answer       {:>7.1} ms, warm cache", median(times));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
