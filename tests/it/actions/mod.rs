//! Actions through the API. Numbers are the bullets of §11.1 and §11.3 of the REST contract.

mod documents;
mod invoking;
mod parameters;
