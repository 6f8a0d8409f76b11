//! Stories through the public door: a real server on a real port, real guests, real clients.

mod architecture;
mod transport;
mod collections;
mod routes;
mod actions;
mod uploads;
mod limits;
mod activations;
mod web;
mod triggers;
mod rules;
mod alarms;
mod asynchronous;
mod guide;
mod crash;
mod shutdown;
mod binary;
mod dev;
mod readme;
