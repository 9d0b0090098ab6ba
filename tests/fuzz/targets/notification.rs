//! An envelope of the registry's notifications: whatever it holds, what comes out of it makes sense and can be kept.
#![no_main]

use dockpass::api::Envelope;
use dockpass::domain::time::Timestamp;
use dockpass::registry::cloud_events::Attributes;
use dockpass::service::News;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else { return };
    let Ok(told) = envelope.understood(Attributes::default(), Timestamp::from_seconds(1_800_000_000)) else { return };
    for notice in told.notices {
        assert!(!notice.id.is_empty() && notice.id.len() <= 256);
        assert!(!notice.at.to_string().is_empty());
        if let News::Pushed { media_type, .. } = notice.news {
            assert!(media_type.len() <= 128 && !media_type.chars().any(char::is_control));
        }
    }
});
