//! A service that is told what a registry holds, with short ways to tell it and to look at it.

use std::fs;

use super::super::{Call, Compared, Error, GatewaySettings, NewRepository, NewUser, News, Notice, SeenTag, Service};
use super::support::{Home, call, start};
use crate::domain::content::{Activity, Digest, Image, Tag, TagName};
use crate::domain::name::{Name, RepositoryName};
use crate::domain::time::Timestamp;
use crate::domain::user_name::UserName;

pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

pub(super) fn named(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

pub(super) fn tag(name: &str) -> TagName {
    TagName::parse(name).unwrap()
}

/// A manifest that differs from those of other numbers.
pub(super) fn digest(number: u8) -> Digest {
    Digest::parse(&format!("sha256:{}", format!("{number:02x}").repeat(32))).unwrap()
}

pub(super) fn pushed(name: &str, number: u8) -> News {
    News::Pushed { tag: tag(name), digest: digest(number), media_type: MEDIA_TYPE.to_owned(), by: None }
}

/// The same, by this account.
pub(super) fn pushed_by(who: &str, name: &str, number: u8) -> News {
    let (media_type, by) = (MEDIA_TYPE.to_owned(), UserName::parse(who).ok());
    News::Pushed { tag: tag(name), digest: digest(number), media_type, by }
}

pub(super) fn pulled(name: &str, number: u8) -> News {
    News::Pulled { tag: Some(tag(name)), digest: digest(number) }
}

pub(super) fn notice(id: &str, repository: &str, at: Timestamp, news: News) -> Notice {
    Notice { id: id.to_owned(), repository: named(repository), at, news }
}

/// A tag as the registry has it, unread.
pub(super) fn seen(name: &str, number: u8) -> SeenTag {
    SeenTag { name: tag(name), digest: digest(number), media_type: MEDIA_TYPE.to_owned(), image: None }
}

/// What the manifest of an image of this many bytes says.
pub(super) fn image(size: u64) -> Image {
    Image { size, ..Image::default() }
}

/// A user who adopts the repositories already known in its namespace.
pub(super) fn new_user(name: &str) -> NewUser {
    NewUser {
        name: Name::parse(name).unwrap(),
        full_name: String::new(),
        password: None,
        imported: None,
        is_active: true,
        is_admin: false,
        adopt_repositories: true,
    }
}

/// The service, at a time that the test sets.
pub(super) struct Scene {
    home: Home,
    opened: Option<Service>,
    now: Timestamp,
    told: usize,
}

impl Scene {
    /// A new service, which knows of no repository.
    pub(super) fn new() -> Self {
        Self::beside(None)
    }

    /// The same, with the URL of a registry or without one.
    pub(super) fn beside(registry: Option<&'static str>) -> Self {
        let mut home = Home::new();
        home.registry = registry;
        let opened = Some(home.open(start()));
        Self { home, opened, now: start(), told: 0 }
    }

    pub(super) fn service(&self) -> &Service {
        self.opened.as_ref().unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// Waits until the name of a deleted repository may be given to another owner.
    pub(super) fn wait_until_free(&mut self) {
        self.wait(self.service().settings().registry_token_lifetime + 60);
    }

    /// Waits until no row of what was deleted is left on the disk.
    pub(super) fn wait_for_purge(&self) {
        while self.service().store.state().is_purging() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// Closes it and opens it again.
    pub(super) fn reopen(&mut self) {
        if let Some(service) = self.opened.take() {
            service.close(self.now);
        }
        self.opened = Some(self.home.open(self.now));
    }

    /// Ends it as a crash does: what waited in memory is lost.
    pub(super) fn crash(&mut self) {
        drop(self.opened.take());
        self.opened = Some(self.home.open(self.now));
    }

    /// Closes it and opens it again with the URL of another registry, or without one.
    pub(super) fn reopen_beside(&mut self, registry: Option<&'static str>) {
        self.home.registry = registry;
        self.reopen();
    }

    /// Closes it and opens it again, with a gateway before the registry or without one.
    pub(super) fn reopen_with_gateway(&mut self, has_gateway: bool) {
        let gateway = GatewaySettings { token_lifetime: 43_200, upstream_service: None };
        self.home.gateway = has_gateway.then_some(gateway);
        self.reopen();
    }

    /// A call by the registry, now.
    pub(super) fn registry(&self) -> Call {
        call(Service::registry(), self.now)
    }

    /// A call by the local administrator, now.
    pub(super) fn local(&self) -> Call {
        call(Service::local(0), self.now)
    }
}

/// What happens.
impl Scene {
    /// Takes a notification that was never sent before.
    #[track_caller]
    pub(super) fn tell(&mut self, repository: &str, news: News) -> bool {
        self.told += 1;
        let notice = notice(&format!("told-{}", self.told), repository, self.now, news);
        self.service().take_notice(&self.registry(), notice).unwrap()
    }

    #[track_caller]
    pub(super) fn compare(&self, repository: &str, seen: &[SeenTag]) -> Compared {
        self.compare_as_of(repository, seen, self.now)
    }

    #[track_caller]
    pub(super) fn compare_as_of(&self, repository: &str, seen: &[SeenTag], seen_at: Timestamp) -> Compared {
        self.service().compare(&self.registry(), &named(repository), seen.to_vec(), seen_at).unwrap()
    }

    /// Makes a repository; if nobody has its namespace, makes the user first.
    #[track_caller]
    pub(super) fn make(&self, repository: &str) {
        let name = named(repository);
        if !self.service().has_account(name.namespace_str()) {
            self.service().create_user(&self.local(), new_user(name.namespace_str())).unwrap();
        }
        self.try_make(repository).unwrap();
    }

    /// Makes a repository in an existing namespace.
    pub(super) fn try_make(&self, repository: &str) -> Result<(), Error> {
        let new = NewRepository::private(named(repository));
        self.service().create_repository(&self.local(), new).map(drop)
    }

    /// Deletes a repository, which must exist.
    #[track_caller]
    pub(super) fn delete(&self, repository: &str) {
        assert!(self.service().delete_repository(&self.local(), &named(repository)).unwrap());
    }
}

/// What is seen.
impl Scene {
    pub(super) fn is_known(&self, repository: &str) -> bool {
        self.service().store.state().repository(&named(repository)).is_some()
    }

    pub(super) fn is_deleted(&self, repository: &str) -> bool {
        self.service().store.state().deletion(&named(repository)).is_some()
    }

    /// The tags of a repository, each with the number of the [`digest`] that it points to.
    pub(super) fn tags(&self, repository: &str) -> Vec<(String, u8)> {
        let state = self.service().store.state();
        let number = |digest: &Digest| u8::from_str_radix(&digest.as_str()["sha256:".len()..][..2], 16).unwrap();
        state.tags_after(&named(repository), None).map(|tag| (tag.name.to_string(), number(&tag.digest))).collect()
    }

    /// The tags that readers of a repository see, and the count that they are told.
    #[track_caller]
    pub(super) fn listed(&self, repository: &str) -> (Vec<String>, usize) {
        let page = self.service().list_tags(&self.local(), &named(repository), None, 100).unwrap();
        assert_eq!(page.next, None);
        (page.entries.iter().map(|view| view.tag.name.to_string()).collect(), page.count.unwrap())
    }

    /// The count of tags that readers of a repository are told.
    #[track_caller]
    pub(super) fn listed_count(&self, repository: &str) -> usize {
        self.service().list_tags(&self.local(), &named(repository), None, 1).unwrap().count.unwrap()
    }

    /// A tag, which must exist.
    #[track_caller]
    pub(super) fn tag(&self, repository: &str, name: &str) -> Tag {
        self.service().store.state().tag(&named(repository), &tag(name)).unwrap().as_ref().clone()
    }

    /// How a repository is used, as its callers see it.
    #[track_caller]
    pub(super) fn activity(&self, repository: &str) -> Activity {
        self.service().view_repository(&self.local(), &named(repository)).unwrap().activity
    }

    /// Everything in the audit log since the first start, oldest first: who did what, on what.
    pub(super) fn audited(&self) -> Vec<(String, String, String)> {
        let records = self.service().store.audit_before(None, 10_000).unwrap().into_iter().rev();
        let records = records.map(|logged| (logged.record.actor, logged.record.action, logged.record.object));
        records
            .filter(|(_, action, object)| (action.as_str(), object.as_str()) != ("account.create", "admin"))
            .collect()
    }

    /// The note of the store's end, which differs after every batch that is written.
    pub(super) fn end(&self) -> Vec<u8> {
        fs::read(self.service().store.directory().join("end")).unwrap()
    }
}
