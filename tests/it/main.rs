//! Stories through the public door: a real server on a real port, real guests, real clients.
#![allow(clippy::unwrap_used)] // all of it is test, its helpers too

mod actions;
mod activations;
mod alarms;
mod architecture;
mod asynchronous;
mod audit;
mod binary;
mod callbacks;
mod chaos;
mod client;
mod clients;
mod collections;
mod compositions;
mod conditions;
mod contract;
mod crash;
mod dev;
mod faults;
mod gateway;
mod guide;
mod idempotency;
mod life;
mod limits;
mod namespaces;
mod packages;
mod readme;
mod references;
mod routes;
mod rules;
mod sequences;
mod shutdown;
mod transport;
mod triggers;
mod uploads;
mod web;
