//! Control requests as a role's socket reads them: known, allowed words or an error; what is read can be told again.

use live::control::parse;

use crate::engine::Target;

#[test]
fn any_control_request_is_understood_or_refused() {
    let seeds = [
        r#"{"id":"2f6c-1","action":"restart"}"#,
        r#"{"id":"a:b.c_d","action":"restart","role":"ingest"}"#,
        r#"{"id":"","action":"stop","role":null}"#,
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec()).to_vec();
    let target = Target { name: "control", seeds, mend: None, buffers: 1 << 20, waits: false };
    target.run(|input| match parse(input) {
        Ok(request) => {
            assert!(!request.id.is_empty() && request.id.is_ascii());
            assert_eq!(parse(&serde_json::to_vec(&request).unwrap()).unwrap(), request);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    });
}
