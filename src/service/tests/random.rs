//! Random operations on the service and on the plain model: after each one, every caller sees and gets the same from
//! both, also after the store has been closed and opened again.

use proptest::prelude::*;

use super::both::Both;
use super::operations::{actors, beginnings, operations};
use super::support::{Home, is_long};

fn counts() -> (u32, usize) {
    if is_long() { (400, 120) } else { (48, 40) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: counts().0, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_says_what_the_design_says(
        beginning in beginnings(),
        steps in prop::collection::vec((actors(), operations()), counts().1),
    ) {
        let home = Home::new();
        let mut both = Both::new(&home);
        for (actor, operation) in &beginning {
            both.run(actor, operation);
        }
        both.check();
        for (actor, operation) in &steps {
            both.run(actor, operation);
            both.check();
        }
        both.reopen();
        both.check();
        both.service().close(both.now());
    }
}
