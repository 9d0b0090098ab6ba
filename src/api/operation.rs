//! Operations of the API: each method of each path is one type, which holds every fact about it.
//!
//! The server's table of routes, the OpenAPI document, the command line's client and the tests read the same types:
//! a handler takes the query and the body of its operation and gives its answer, or it does not compile.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Code;
use super::query::{Parameter, Parameters};
use crate::domain::act::Act;

/// An operation: one method of one path.
pub trait Operation: 'static {
    /// The parameters of the query string.
    type Query: Parameters;
    /// The request's body.
    type Body: Body;
    /// The body of a successful answer.
    type Answer: Answer;
    /// Everything else about it.
    const FACTS: Facts;
}

/// The facts about an operation that are not types.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The operation's name; its identifier in the OpenAPI document begins with a small letter.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// The heading of the documentation page that it stands under.
    pub heading: Heading,
    /// The HTTP method.
    pub method: Method,
    /// The path, its variable parts in braces.
    pub path: &'static str,
    /// Its act in the audit log, which records changes when they are made or denied, and views only when they are
    /// denied.
    pub act: Option<Act>,
    /// Who may call it at all.
    pub access: Access,
    /// The status of success.
    pub status: u16,
    /// Another status, with the same type of answer.
    pub other_status: Option<u16>,
    /// Media types of the answer, besides or instead of JSON.
    pub media: &'static [&'static str],
    /// The required parameters.
    pub needs: &'static [&'static str],
    /// The headers of its own that it reads, each with what it means.
    pub headers: &'static [(&'static str, &'static str)],
    /// The error codes that do not follow from its access, parameters and body.
    pub codes: &'static [Code],
}

impl Facts {
    /// The names of the path's variable parts, in order.
    pub fn part_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// How many variable parts the path has.
    #[must_use]
    pub const fn parts_count(&self) -> usize {
        let (mut count, mut rest) = (0, self.path.as_bytes());
        while let [first, more @ ..] = rest {
            if *first == b'{' {
                count += 1;
            }
            rest = more;
        }
        count
    }
}

/// Who may call an operation at all; the use-case decides what the caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without credentials; the token endpoint and the sign-in read theirs themselves.
    Open,
    /// Everybody; credentials that are sent must be valid.
    Anybody,
    /// Callers with valid credentials.
    SignedIn,
    /// Clients of the registry, with a registry token or valid credentials.
    Registry,
    /// The registry, with the secret of its notifications; everybody else gets the 404 of an unknown path.
    Notifications,
    /// A program that collects the metrics, with their secret; everybody else gets the 404 of an unknown path.
    Metrics,
    /// A trusted proxy, with the credentials that a client of the registry sent it; everybody else gets the 404 of an unknown
    /// path.
    Proxy,
}

impl Access {
    /// Whether it takes calls without the credentials of an account.
    #[must_use]
    pub fn is_public(self) -> bool {
        match self {
            Self::Open | Self::Anybody | Self::Notifications | Self::Metrics | Self::Proxy => true,
            Self::SignedIn | Self::Registry => false,
        }
    }

    /// Whether the path answers those whom it does not serve like one that is not there.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        match self {
            Self::Notifications | Self::Metrics | Self::Proxy => true,
            Self::Open | Self::Anybody | Self::SignedIn | Self::Registry => false,
        }
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads; `HEAD` does the same and leaves the body out.
    Get,
    /// Creates something, or acts on more than one thing.
    Post,
    /// Puts something into a place.
    Put,
    /// Changes a part.
    Patch,
    /// Deletes.
    Delete,
}

impl Method {
    /// The method as a request spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Declares the headings of the documentation page in order, each with the sentence below it.
macro_rules! headings {
    ($($heading:ident $name:literal $text:literal;)*) => {
        /// A heading of the documentation page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Heading { $(#[doc = $text] $heading,)* }

        impl Heading {
            /// Every heading, in the order of the page.
            pub const ALL: &[Heading] = &[$(Heading::$heading,)*];

            /// The heading's text.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Heading::$heading => $name,)* }
            }

            /// The sentence below the heading.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Heading::$heading => $text,)* }
            }
        }
    };
}

headings! {
    AccessTokens "Access tokens" "Long-lived credentials that stand wherever the password is asked.";
    Repositories "Repositories" "The records of repositories; their content is in the registry.";
    Grants "Access" "Who may do what with a repository or a namespace.";
    Accounts "Accounts" "Users, service accounts and organizations.";
    Organizations "Organizations" "Who belongs to an organization and to its teams.";
    Search "Search" "Repositories and accounts by a part of the name.";
    Registry "Registry" "What the registry and its clients ask, and how a registry is connected.";
    Audit "Audit" "What was done and what was denied.";
    Server "Server" "Health, version, this document.";
    Pages "Web pages" "What a browser opens. The pages use this API and nothing else.";
}

/// How the body of a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// No body is read.
    Nothing,
    /// As a JSON object.
    Json,
    /// As a form, like a query string.
    Form,
}

/// The type of a request body.
pub trait Body: Sized {
    /// How it is sent.
    const FORMAT: BodyFormat;
    /// Fields that its schema does not have, and that are accepted, each with what becomes of it.
    #[must_use]
    fn accepted() -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Its schema, if it is JSON.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;

    /// Its fields, if it is a form.
    #[must_use]
    fn fields() -> Vec<Parameter> {
        Vec::new()
    }
}

/// What becomes of the fields that a body does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFields {
    /// They are refused: where a misspelt one could widen what is given.
    Refused,
    /// They are left out, and a `Warning` header names them: DTR's objects have many that mean nothing here. A near miss
    /// of a known field is refused, and so is a change of which nothing was understood.
    Named,
    /// They are left out: the sender is a program that knows nothing of dockpass.
    Unread,
}

/// The one value that a field of DTR's has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(u64),
}

impl std::fmt::Display for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// A body of JSON.
pub trait JsonBody: DeserializeOwned + JsonSchema {
    /// What becomes of fields that it does not have, and that none of the lists below names.
    const UNKNOWN: UnknownFields = UnknownFields::Refused;
    /// Fields that only answers set: accepted and not read, since clients send back what they got.
    const ECHOED: &'static [&'static str] = &[];
    /// Fields that have one value here. Another one is left out, and a `Warning` header names the field.
    const FIXED: &'static [(&'static str, Fixed)] = &[];
    /// Older names of fields, each with the field's name.
    const SPELLINGS: &'static [(&'static str, &'static str)] = &[];
}

impl<T: JsonBody> Body for T {
    const FORMAT: BodyFormat = BodyFormat::Json;

    fn accepted() -> Vec<(&'static str, String)> {
        let echoed = T::ECHOED.iter().map(|name| (*name, "Accepted, not read.".to_owned()));
        let fixed = T::FIXED.iter().map(|(name, value)| (*name, format!("Always {value}.")));
        let spellings = T::SPELLINGS.iter().map(|(old, name)| (*old, format!("An older name of `{name}`.")));
        echoed.chain(fixed).chain(spellings).collect()
    }

    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// A body of form fields.
pub struct Form<P>(pub P);

impl<P: Parameters> Body for Form<P> {
    const FORMAT: BodyFormat = BodyFormat::Form;

    fn schema(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }

    fn fields() -> Vec<Parameter> {
        P::all()
    }
}

/// No body, in a request or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Body for Nothing {
    const FORMAT: BodyFormat = BodyFormat::Nothing;

    fn schema(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// The type of a successful answer.
pub trait Answer {
    /// The type that the command line reads it into.
    type Read;

    /// Its schema, if it is JSON.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;
}

impl<T: Serialize + JsonSchema> Answer for T {
    type Read = T;

    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

impl Answer for Nothing {
    type Read = ();

    fn schema(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// A page of a list; headers say where the next page begins and, if that was asked for, how many entries the whole
/// list has.
pub struct Paged<T> {
    /// What the page holds.
    pub page: T,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
    /// How many entries the whole list has, if that was asked for.
    pub count: Option<usize>,
}

impl<T: Serialize + JsonSchema> Answer for Paged<T> {
    type Read = T;

    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// A list that comes in pages: which field of a page holds its rows.
pub trait Rows {
    /// One row.
    type Row;
    /// The field that holds the rows; none if the page is the array itself.
    const FIELD: Option<&'static str>;
}

impl<T> Rows for Vec<T> {
    type Row = T;
    const FIELD: Option<&'static str> = None;
}

/// A text or a file, in the media type that [`Facts::media`] names.
pub struct Document;

impl Answer for Document {
    type Read = ();

    fn schema(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// An operation without its types, for code that goes through all operations.
#[derive(Clone, Copy)]
pub struct Described {
    /// The facts that are not types.
    pub facts: Facts,
    /// The parameters of the query string.
    pub query: fn() -> Vec<Parameter>,
    /// How the body is sent.
    pub format: BodyFormat,
    /// The body's fields, if it is a form.
    pub form: fn() -> Vec<Parameter>,
    /// The body's schema, if it is JSON.
    pub body: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// Fields of the body that its schema does not have, and that are accepted, each with what becomes of it.
    pub accepted: fn() -> Vec<(&'static str, String)>,
    /// The answer's schema, if it is JSON.
    pub answer: fn(&mut SchemaGenerator) -> Option<Schema>,
}

impl Described {
    /// The description of an operation.
    #[must_use]
    pub fn of<O: Operation>() -> Self {
        Self {
            facts: O::FACTS,
            query: O::Query::all,
            format: O::Body::FORMAT,
            form: O::Body::fields,
            body: O::Body::schema,
            accepted: O::Body::accepted,
            answer: O::Answer::schema,
        }
    }

    /// Every error code that it may answer: its own, and those that follow from its access, parameters and body.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        match self.facts.access {
            Access::Open | Access::Anybody | Access::Notifications | Access::Metrics | Access::Proxy => {}
            Access::SignedIn => codes.extend([Code::NotAuthenticated, Code::NotAuthorized, Code::TooManyRequests]),
            Access::Registry => codes.extend([Code::Unauthorized, Code::NotAuthorized, Code::TooManyRequests]),
        }
        let takes_text = !(self.query)().is_empty() || self.facts.parts_count() > 0;
        if takes_text || self.format != BodyFormat::Nothing {
            codes.push(Code::InvalidParameters);
        }
        if self.format == BodyFormat::Json {
            codes.extend([Code::InvalidJson, Code::UnsupportedMediaType, Code::TooLarge]);
        }
        if self.facts.method != Method::Get && !self.facts.access.is_public() {
            codes.extend([Code::Unavailable, Code::OutcomeUnknown]);
        }
        // An operation may itself name a code that follows from its shape.
        let own: Vec<Code> = self.facts.codes.iter().copied().filter(|code| !codes.contains(code)).collect();
        codes.extend(own);
        codes
    }
}

/// Expands to the optional argument if there is one, else to the default.
macro_rules! said_or {
    ([$said:ty] $otherwise:ty) => {
        $said
    };
    ([] $otherwise:ty) => {
        $otherwise
    };
    ({$said:expr} $otherwise:expr) => {
        $said
    };
    ({} $otherwise:expr) => {
        $otherwise
    };
}

/// Declares operations under one heading. Each states its summary, name, method, path and status, then whatever
/// differs from the defaults, in this order: `act`, `query`, `body`, `answer`, `access`, `other_status`, `media`,
/// `needs`, `headers`, `codes`.
macro_rules! operations {
    ($heading:ident: $(
        $(#[doc = $summary:literal])+
        $name:ident = $method:ident $path:literal $status:literal {
            $(act: $act:ident,)?
            $(query: $query:ty,)?
            $(body: $body:ty,)?
            $(answer: $answer:ty,)?
            $(access: $access:ident,)?
            $(other_status: $other:literal,)?
            $(media: $media:expr,)?
            $(needs: $needs:expr,)?
            $(headers: $headers:expr,)?
            $(codes: [$($code:ident),*],)?
        }
    )*) => {
        $(
            $(#[doc = $summary])+
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl $crate::api::Operation for $name {
                type Query = $crate::api::operation::said_or!([$($query)?] ());
                type Body = $crate::api::operation::said_or!([$($body)?] $crate::api::Nothing);
                type Answer = $crate::api::operation::said_or!([$($answer)?] $crate::api::Nothing);
                const FACTS: $crate::api::Facts = $crate::api::Facts {
                    name: stringify!($name),
                    summary: concat!($($summary),+),
                    heading: $crate::api::Heading::$heading,
                    method: $crate::api::Method::$method,
                    path: $path,
                    act: $crate::api::operation::said_or!({$(Some($crate::domain::act::Act::$act))?} None),
                    access: $crate::api::operation::said_or!({$($crate::api::Access::$access)?} $crate::api::Access::SignedIn),
                    status: $status,
                    other_status: $crate::api::operation::said_or!({$(Some($other))?} None),
                    media: $crate::api::operation::said_or!({$(&$media)?} &[]),
                    needs: $crate::api::operation::said_or!({$(&$needs)?} &[]),
                    headers: $crate::api::operation::said_or!({$(&$headers)?} &[]),
                    codes: &[$($($crate::api::Code::$code),*)?],
                };
            }
        )*

        /// All operations of this file.
        #[must_use]
        pub fn all() -> Vec<$crate::api::Described> {
            vec![$($crate::api::Described::of::<$name>()),*]
        }
    };
}
pub(super) use {operations, said_or};
