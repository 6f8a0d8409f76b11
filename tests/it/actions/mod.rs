//! Actions through the API. Numbers are the bullets of rest.md §11.1 and §11.3.

mod documents;
mod invoking;
mod parameters;
