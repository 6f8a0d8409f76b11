//! YAML 1.2: `true` and `false` are booleans; `yes`, `no`, `n` and `007` are text.

use serde_json::Value;

pub fn read(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|cause| cause.to_string())
}

pub fn write(value: &Value) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn written_yaml_is_read_unchanged() {
        let all = json!({
            "words": ["yes", "no", "n", "true", "null", "~", "", " ", "- a", "a: b", "# c", "007", "1_000", "1e3", "0x1f", "!x"],
            "lines": "a\n b\n\n", "unicode": "grüße \u{1f600}", "quotes": "\"'\\", "colon:": { "": {} , "@": [] },
            "numbers": [0, -1, 1.5, 9007199254740993_u64, true, null],
        });
        assert_eq!(read(&write(&all).expect("YAML")), Ok(all));
        assert_eq!(read("a: yes\nb: 007\nc: true\nd: 1"), Ok(json!({ "a": "yes", "b": "007", "c": true, "d": 1 })));
    }
}
