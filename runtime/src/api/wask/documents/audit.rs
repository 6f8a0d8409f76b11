//! The JSON of audit records.

use serde_json::{Value, json};
use wask_model::AuditRecord;

pub fn document(record: &AuditRecord) -> Value {
    json!({
        "at": record.at,
        "subject": record.subject,
        "change": record.became,
        "collection": record.collection,
        "namespace": record.name.path(),
        "name": record.name.name,
        "version": record.version,
        "transactionId": record.transaction,
    })
}
