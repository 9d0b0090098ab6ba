//! Access tokens and accounts: what is old, ended or unused.

use super::row::{self, counted, span};
use crate::api::ExaminedCheck;
use crate::domain::checkup::Check;
use crate::domain::token::ENDS_SOON;
use crate::service::{ExaminedSite, Few, LONG_EXPIRED, UNUSED};

/// Access tokens that expired, and those that end soon.
#[must_use]
pub fn expired_tokens(site: &ExaminedSite) -> ExaminedCheck {
    let ending = match site.ending {
        0 => String::new(),
        count => format!("; {} within {}", ends(count), span(ENDS_SOON)),
    };
    if site.long_expired == 0 {
        let seen = match site.expired {
            0 => format!("none has expired{ending}"),
            count => format!("{} expired within {}{ending}", counted(count, "access token"), span(LONG_EXPIRED)),
        };
        return row::ok(Check::ExpiredTokens, seen);
    }
    let long = counted(site.long_expired, "access token");
    row::warning(
        Check::ExpiredTokens,
        format!("{long} expired more than {} ago{ending}", span(LONG_EXPIRED)),
        "delete them: dockpass token clean --all-users --expired",
    )
}

fn ends(count: usize) -> String {
    format!("{} {}", counted(count, "access token"), if count == 1 { "ends" } else { "end" })
}

/// Accounts that nobody uses.
#[must_use]
pub fn unused_accounts(site: &ExaminedSite) -> ExaminedCheck {
    let Few { count, first } = &site.unused;
    let time = span(UNUSED);
    if *count == 0 {
        return row::ok(
            Check::UnusedAccounts,
            format!("every active user signed in or used an access token within {time}"),
        );
    }
    let more = count.saturating_sub(first.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    row::warning(
        Check::UnusedAccounts,
        format!(
            "{} neither signed in nor used an access token within {time}: {}{more}",
            counted(*count, "active user"),
            first.join(", ")
        ),
        "deactivate who needs no access any more: dockpass user deactivate NAME; dockpass user offboard NAME says what else they have",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::checkup::CheckState;

    fn site() -> ExaminedSite {
        ExaminedSite::default()
    }

    #[test]
    fn only_what_expired_long_ago_needs_a_hand() {
        let told = |site: &ExaminedSite| (expired_tokens(site).state, expired_tokens(site).seen);
        assert_eq!(told(&site()), (CheckState::Ok, "none has expired".to_owned()));
        let some = ExaminedSite { expired: 2, ending: 1, ..site() };
        let said = "2 access tokens expired within 30 days; 1 access token ends within 14 days";
        assert_eq!(told(&some), (CheckState::Ok, said.to_owned()));
        let long = ExaminedSite { long_expired: 1, ..some };
        let said = "1 access token expired more than 30 days ago; 1 access token ends within 14 days";
        assert_eq!(told(&long), (CheckState::Warning, said.to_owned()));
    }

    #[test]
    fn a_few_unused_accounts_are_named() {
        assert_eq!(unused_accounts(&site()).state, CheckState::Ok);
        let first = ["alice", "bob"].map(str::to_owned).to_vec();
        let told = unused_accounts(&ExaminedSite { unused: Few { count: 7, first }, ..site() });
        assert_eq!(told.state, CheckState::Warning);
        let said = "7 active users neither signed in nor used an access token within 90 days: alice, bob and 5 more";
        assert_eq!(told.seen, said);
    }
}
