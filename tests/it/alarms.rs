//! Stories about alarms.
