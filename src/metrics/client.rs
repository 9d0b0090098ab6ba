//! Which client asks, by the beginning of its `User-Agent`: a closed list, since anybody writes there what they like.

use crate::domain::words::words;

words! {
    /// A family of clients.
    pub enum ClientFamily {
        /// docker and what is built on its engine.
        Docker = "docker",
        /// podman, skopeo and buildah, and CRI-O, which have one library.
        Podman = "podman",
        /// containerd, and nerdctl with it.
        Containerd = "containerd",
        /// `BuildKit`.
        Buildkit = "buildkit",
        /// kaniko.
        Kaniko = "kaniko",
        /// crane, ko, cosign and others with go-containerregistry.
        GoContainerregistry = "go_containerregistry",
        /// Everything else.
        Other = "other",
    }
}

/// How the header of a family begins, in small letters.
const BEGINNINGS: [(&str, ClientFamily); 16] = [
    ("docker/", ClientFamily::Docker),
    ("docker-client/", ClientFamily::Docker),
    ("containers/", ClientFamily::Podman),
    ("libpod/", ClientFamily::Podman),
    ("podman/", ClientFamily::Podman),
    ("skopeo/", ClientFamily::Podman),
    ("buildah/", ClientFamily::Podman),
    ("cri-o/", ClientFamily::Podman),
    ("containerd/", ClientFamily::Containerd),
    ("nerdctl/", ClientFamily::Containerd),
    ("buildkit/", ClientFamily::Buildkit),
    ("kaniko/", ClientFamily::Kaniko),
    ("go-containerregistry/", ClientFamily::GoContainerregistry),
    ("crane/", ClientFamily::GoContainerregistry),
    ("cosign/", ClientFamily::GoContainerregistry),
    ("ko/", ClientFamily::GoContainerregistry),
];

impl ClientFamily {
    /// The family of a `User-Agent`. It allocates nothing.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let begins = |start: &str| user_agent.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
        BEGINNINGS.iter().find(|(start, _)| begins(start)).map_or(Self::Other, |(_, family)| *family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the clients themselves sent them.
    #[test]
    fn families_are_known_by_the_beginning_alone() {
        for (user_agent, family) in [
            (
                "docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1 os/linux arch/amd64",
                ClientFamily::Docker,
            ),
            ("Docker-Client/27.3.1 (linux)", ClientFamily::Docker),
            ("containers/5.24.1 (github.com/containers/image)", ClientFamily::Podman),
            ("skopeo/1.9.3", ClientFamily::Podman),
            ("Buildah/1.28.2", ClientFamily::Podman),
            ("containerd/1.6.20~ds1", ClientFamily::Containerd),
            ("buildkit/0.12", ClientFamily::Buildkit),
            ("kaniko/v1.23.2 go-containerregistry/v0.20.1", ClientFamily::Kaniko),
            ("go-containerregistry/v0.20.1", ClientFamily::GoContainerregistry),
            ("crane/v0.20.2 go-containerregistry/v0.20.2", ClientFamily::GoContainerregistry),
            ("", ClientFamily::Other),
            ("curl/8.5.0", ClientFamily::Other),
            ("my docker/20", ClientFamily::Other),
            ("docker", ClientFamily::Other),
            ("ünïcödé", ClientFamily::Other),
        ] {
            assert_eq!(ClientFamily::of(user_agent), family, "{user_agent}");
        }
    }
}
