//! What becomes of the fields that a body does not have: refused, or left out and named in a `Warning`.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::json::{Fields, Json, Wrong, repeated};
use crate::api::{Fixed, JsonBody, UnknownFields};
use crate::domain::words;

/// Most fields that a warning names.
const MOST_NAMED: usize = 20;

/// The names of the fields of a body that were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unread(Vec<String>);

impl Unread {
    /// The warning that names them; none if there are none.
    pub(super) fn warning(&self) -> Option<String> {
        let named: Vec<String> = self.0.iter().take(MOST_NAMED).map(|name| printed(name)).collect();
        let more = if self.0.len() > named.len() { ", ..." } else { "" };
        (!named.is_empty()).then(|| format!("ignored, since dockpass has nothing like it: {}{more}", named.join(", ")))
    }
}

/// A name as a header may have it: what others chose must not end the quoted text, or the header.
fn printed(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "_-.$".contains(letter) { letter } else { '?' };
    repeated(name).chars().map(plain).collect()
}

/// The object of a body, which knows what becomes of fields that the type does not have.
pub(super) struct ReadObject<'a> {
    fields: Vec<(String, Json)>,
    unknown: UnknownFields,
    echoed: &'static [&'static str],
    fixed: &'static [(&'static str, Fixed)],
    spellings: &'static [(&'static str, &'static str)],
    is_change: bool,
    unread: &'a mut Unread,
}

impl<'a> ReadObject<'a> {
    /// These fields, for a body of type `T`. `is_change` says that it must change something; `unread` gets the names of
    /// those that are left out.
    pub(super) fn of<T: JsonBody>(fields: Vec<(String, Json)>, is_change: bool, unread: &'a mut Unread) -> Self {
        let (unknown, echoed, fixed, spellings) = (T::UNKNOWN, T::ECHOED, T::FIXED, T::SPELLINGS);
        Self { fields, unknown, echoed, fixed, spellings, is_change, unread }
    }

    /// The fields of the type, of which `known` are the names.
    fn sorted(mut self, known: &[&str]) -> Result<Vec<(String, Json)>, Wrong> {
        self.respell()?;
        let fields = std::mem::take(&mut self.fields);
        let (is_empty, mut understood, mut kept) = (fields.is_empty(), 0, Vec::new());
        for (name, value) in fields {
            if known.contains(&name.as_str()) {
                understood += 1;
                kept.push((name, value));
            } else if let Some((_, fixed)) = self.fixed.iter().find(|(fixed, _)| *fixed == name) {
                understood += 1;
                if !is_asked_for(*fixed, &value) {
                    self.unread.0.push(name);
                }
            } else if !self.echoed.contains(&name.as_str()) {
                self.leave_out(name, known)?;
            }
        }
        let changes_nothing = self.is_change && understood == 0 && !is_empty;
        if changes_nothing && self.unknown == UnknownFields::Named {
            let reason = format!("no field of the body means anything here; the fields are {}", known.join(", "));
            return Err(Wrong { field: None, reason });
        }
        Ok(kept)
    }

    /// Gives fields that came under an old name their name of today.
    fn respell(&mut self) -> Result<(), Wrong> {
        for (old, name) in self.spellings {
            let Some(place) = self.fields.iter().position(|(field, _)| field == old) else { continue };
            let (_, value) = self.fields.remove(place);
            match self.fields.iter().find(|(field, _)| field == name) {
                None => self.fields.push(((*name).to_owned(), value)),
                Some((_, same)) if same.as_text() == value.as_text() || value.as_text().is_none() => {}
                Some(_) => {
                    return Err(Wrong { field: Some((*old).to_owned()), reason: format!("not the same as {name}") });
                }
            }
        }
        Ok(())
    }

    /// Leaves a field out that the type does not have, unless that could do harm.
    fn leave_out(&mut self, name: String, known: &[&str]) -> Result<(), Wrong> {
        match self.unknown {
            UnknownFields::Refused => return Err(Wrong::unknown(&name, known)),
            UnknownFields::Unread => return Ok(()),
            UnknownFields::Named => {}
        }
        let fixed = self.fixed.iter().map(|(fixed, _)| fixed);
        let older = self.spellings.iter().map(|(older, _)| older);
        if let Some(meant) = words::nearest(&name, known.iter().chain(fixed).chain(older).copied()) {
            let field = Some(repeated(&name));
            return Err(Wrong { field, reason: format!("there is no such field; {meant} may be meant") });
        }
        self.unread.0.push(name);
        Ok(())
    }
}

/// Whether the value is the one that the field always has here, or asks for none.
fn is_asked_for(fixed: Fixed, value: &Json) -> bool {
    match (value, fixed) {
        (Json::Null, _) => true,
        (Json::Bool(value), Fixed::Flag(fixed)) => *value == fixed,
        (Json::Number(value), Fixed::Number(fixed)) => value.as_u64() == Some(fixed),
        (Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_), _) => false,
    }
}

impl<'de> Deserializer<'de> for ReadObject<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(Fields::of(self.fields))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_map(Fields::of(self.sorted(known)?))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        CreateAccount, CreateApiToken, CreateRepository, CreateTeam, PutMember, SetAccess, UpdateAccount,
        UpdateRepository, UpdateSettings, UpdateTeam,
    };

    fn read<T: JsonBody>(body: &str, is_change: bool) -> Result<(T, Vec<String>), String> {
        let Ok(Json::Object(fields)) = serde_json::from_str(body) else { panic!("{body}") };
        let mut unread = Unread::default();
        let body = T::deserialize(ReadObject::of::<T>(fields, is_change, &mut unread));
        body.map(|body| (body, unread.0))
            .map_err(|Wrong { field, reason }| format!("{}: {reason}", field.unwrap_or_default()))
    }

    fn unread<T: JsonBody>(body: &str) -> Vec<String> {
        read::<T>(body, false).map_or_else(|wrong| panic!("{body}: {wrong}"), |(_, unread)| unread)
    }

    fn wrong<T: JsonBody>(body: &str, is_change: bool) -> String {
        read::<T>(body, is_change).map(|_| ()).unwrap_err()
    }

    #[test]
    fn what_means_nothing_here_is_left_out_and_named() {
        assert_eq!(unread::<CreateTeam>(r#"{"type":"managed","name":"web","ldap":{"x":[1]}}"#), ["type", "ldap"]);
        let settings = r#"{"disableBackupWarning":true,"reportAnalytics":false,"createRepositoryOnPush":true}"#;
        let (body, unread_ones) = read::<UpdateSettings>(settings, false).unwrap();
        assert_eq!((body.create_on_push, unread_ones.len()), (Some(Some(true)), 2));
        assert_eq!(unread::<CreateRepository>(r#"{"name":"a","domain":"x","pruning":null}"#), ["domain", "pruning"]);
    }

    #[test]
    fn what_has_one_value_here_is_named_when_another_is_asked_for() {
        let of = |fields: &str| unread::<CreateRepository>(&format!(r#"{{"name":"a",{fields}}}"#));
        let holds = r#""scanOnPush":false,"enableManifestLists":true,"tagLimit":0"#;
        assert!(of(holds).is_empty());
        assert!(of(r#""tagLimit":null,"id":"1","pulls":7"#).is_empty());
        assert_eq!(of(r#""tagLimit":5,"scanOnPush":"no""#), ["tagLimit", "scanOnPush"]);
        assert_eq!(read::<UpdateRepository>(r#"{"scanOnPush":true}"#, true).unwrap().1, ["scanOnPush"]);
    }

    #[test]
    fn a_near_miss_is_refused_with_the_right_name() {
        for (body, meant) in [
            (r#"{"name":"a","Visibility":"public"}"#, "visibility"),
            (r#"{"name":"a","visibilty":"public"}"#, "visibility"),
            (r#"{"name":"a","short_description":"x"}"#, "shortDescription"),
            (r#"{"name":"a","immutableTag":true}"#, "immutableTags"),
            (r#"{"Name":"a"}"#, "name"),
        ] {
            let said = wrong::<CreateRepository>(body, false);
            assert!(said.ends_with(&format!("there is no such field; {meant} may be meant")), "{said}");
        }
        assert!(wrong::<CreateAccount>(r#"{"name":"a","isActve":false}"#, false).contains("isActive"));
        assert!(wrong::<CreateAccount>(r#"{"userName":"a"}"#, false).contains("username"));
        assert!(
            wrong::<UpdateSettings>(r#"{"createRepositorysOnPush":true}"#, false).contains("createRepositoryOnPush")
        );
    }

    #[test]
    fn no_documented_field_of_dtr_is_a_near_miss() {
        let settings = [
            "replicaID",
            "replicaSettings",
            "disableUpgrades",
            "reportAnalytics",
            "anonymizeAnalytics",
            "disableBackupWarning",
            "logProtocol",
            "logHost",
            "logLevel",
            "webTLSCert",
            "webTLSKey",
            "webTLSCA",
            "httpProxy",
            "httpsProxy",
            "noProxy",
            "readOnlyRegistry",
            "scanningEnabled",
            "scanningSyncOnline",
            "jobHistoryCompactionEnabled",
            "sso",
            "storage",
            "repoEventHistoryCompactionEnabled",
            "scanningDeadline",
            "gcMode",
            "enableManifestLists",
        ];
        for field in settings {
            assert_eq!(unread::<UpdateSettings>(&format!(r#"{{"{field}":1}}"#)), [field]);
        }
        for field in ["type", "ldapLogin", "isReadOnly", "teamID", "ldap", "userLDAP", "memberSyncConfig"] {
            assert_eq!(unread::<CreateTeam>(&format!(r#"{{"name":"a","{field}":1}}"#)), [field]);
            assert_eq!(unread::<UpdateTeam>(&format!(r#"{{"name":"a","{field}":1}}"#)), [field]);
        }
        for field in ["ldapLogin", "otpSecret", "isPublic", "backingLDAP"] {
            assert_eq!(unread::<UpdateAccount>(&format!(r#"{{"{field}":1}}"#)), [field]);
        }
    }

    #[test]
    fn a_change_of_which_nothing_was_understood_is_refused() {
        let refused = ": no field of the body means anything here; the fields are isAdmin, name, member";
        assert_eq!(wrong::<PutMember>(r#"{"isPublic":true}"#, true), refused);
        assert!(read::<PutMember>("{}", true).is_ok());
        let member = r#"{"name":"a","isAdmin":true,"isPublic":null}"#;
        assert_eq!(read::<PutMember>(member, true).unwrap().1, ["isPublic"]);
    }

    #[test]
    fn what_could_widen_a_grant_or_a_token_is_refused() {
        assert!(
            wrong::<CreateApiToken>(r#"{"acessLevel":"read-only"}"#, false)
                .starts_with("acessLevel: there is no such field")
        );
        assert!(wrong::<CreateApiToken>(r#"{"colour":1}"#, false).contains("the fields are tokenLabel"));
        assert!(
            wrong::<SetAccess>(r#"{"accessLevel":"admin","until":"x"}"#, true).starts_with("until: there is no such")
        );
        assert!(read::<SetAccess>(r#"{"accessLevel":"admin","team":{}}"#, true).is_ok());
    }

    #[test]
    fn an_account_has_its_older_spellings() {
        let of = |body: &str| read::<CreateAccount>(body, false).map(|(body, unread)| (body.name, unread));
        assert_eq!(of(r#"{"username":"al","type":"user"}"#), Ok(("al".to_owned(), Vec::new())));
        assert_eq!(of(r#"{"username":"al","name":"al","onDemand":false}"#), Ok(("al".to_owned(), Vec::new())));
        assert_eq!(of(r#"{"username":"al","name":"bo"}"#), Err("username: not the same as name".to_owned()));
        assert_eq!(of(r#"{"username":null,"name":"bo"}"#), Ok(("bo".to_owned(), Vec::new())));
        assert_eq!(of(r#"{"name":"bo","type":"ldap"}"#), Err("type: user or organization".to_owned()));
    }

    #[test]
    fn a_warning_holds_names_and_nothing_else() {
        let of = |names: &[&str]| Unread(names.iter().map(|name| (*name).to_owned()).collect()).warning();
        assert_eq!(of(&[]), None);
        let odd = of(&["a\"\r\nX: y", "ä", &"x".repeat(100)]).unwrap();
        assert!(odd.ends_with(&format!("a???X??y, ?, {}", "x".repeat(64))), "{odd}");
        assert!(of(&["x"; 21]).unwrap().ends_with("x, ..."));
    }
}
