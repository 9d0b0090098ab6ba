//! The manifests for Kubernetes: that they fit the published schemas of the oldest and the newest version there is a schema for,
//! that they fit each other, and that dockpass starts with what they say.

use std::fs;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value, json};

use super::packaged;
use crate::support::{Setup, exe::PASSWORD, process::Run, python, tls::SiteCertificate};

/// Between these, every version has its schemas in the package.
const VERSIONS: [&str; 2] = ["1.25.0", "1.37.0"];

fn json_of(yaml: &Yaml) -> Value {
    if let Some(list) = yaml.as_vec() {
        return list.iter().map(json_of).collect();
    }
    if let Some(mapping) = yaml.as_mapping() {
        let fields = mapping.iter().map(|(name, value)| (name.as_str().expect("a name").to_owned(), json_of(value)));
        return Value::Object(fields.collect::<Map<_, _>>());
    }
    let text = || yaml.as_str().map(Value::from);
    let found = yaml.as_bool().map(Value::from).or_else(|| yaml.as_integer().map(Value::from)).or_else(text);
    found.unwrap_or_else(|| panic!("{yaml:?}"))
}

/// All manifests, in the order in which `kubectl apply` takes them.
fn manifests() -> Vec<Value> {
    let entries =
        fs::read_dir(packaged("kubernetes")).expect("a directory").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort();
    let read = |path| fs::read_to_string(path).expect("a manifest");
    let parsed = |text: String| {
        let documents = Yaml::load_from_str(&text).expect("YAML");
        documents.iter().map(json_of).collect::<Vec<_>>()
    };
    paths.into_iter().map(read).flat_map(parsed).collect()
}

fn of_kind(kind: &str) -> Value {
    let mut found: Vec<_> = manifests().into_iter().filter(|manifest| manifest["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

/// Holds a manifest against the schema of its kind, which knows no other field.
fn held(manifest: &Value, version: &str) -> Run {
    let kind = manifest["kind"].as_str().expect("a kind").to_lowercase();
    let group = manifest["apiVersion"].as_str().expect("a version").replace('/', "-");
    let schemas = format!("kubernetes_validate/kubernetes-json-schema/v{version}-local-strict");
    python::held_against(&format!("{schemas}/{kind}-{group}.json"), manifest)
}

#[test]
fn every_manifest_fits_the_published_schemas() {
    let manifests = manifests();
    let kinds: Vec<_> = manifests.iter().map(|manifest| manifest["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["ConfigMap", "PersistentVolumeClaim", "Deployment", "Service"]);
    for version in VERSIONS {
        for manifest in &manifests {
            held(manifest, version).must_succeed();
        }
    }
    let mut wrong = of_kind("Deployment");
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProbes"] = json!({});
    held(&wrong, VERSIONS[1]).must_fail_with(&["livenessProbes"]);
    wrong = of_kind("Service");
    wrong["spec"]["ports"][0]["port"] = json!("https");
    held(&wrong, VERSIONS[0]).must_fail_with(&["port"]);
}

#[test]
fn they_fit_each_other_and_let_the_pod_do_as_little_as_it_needs() {
    let (deployment, service) = (of_kind("Deployment"), of_kind("Service"));
    let pod = &deployment["spec"]["template"];
    let labels = &pod["metadata"]["labels"];
    assert_eq!((&deployment["spec"]["selector"]["matchLabels"], &service["spec"]["selector"]), (labels, labels));
    let container = &pod["spec"]["containers"][0];
    assert_eq!(service["spec"]["ports"][0]["targetPort"], container["ports"][0]["name"]);
    // Two that have one data directory open are none.
    assert_eq!(
        (&deployment["spec"]["strategy"]["type"], &deployment["spec"]["replicas"]),
        (&json!("Recreate"), &json!(1))
    );
    // Variables that Kubernetes would make of the service's name are dockpass' own.
    assert_eq!(pod["spec"]["enableServiceLinks"], false);
    assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
    let volumes = pod["spec"]["volumes"].as_array().expect("volumes");
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    assert_eq!(volumes.len(), mounts.len());
    for volume in volumes {
        assert!(mounts.iter().any(|mount| mount["name"] == volume["name"]), "{volume}");
    }
    assert_eq!(volumes[0]["persistentVolumeClaim"]["claimName"], of_kind("PersistentVolumeClaim")["metadata"]["name"]);
    assert_eq!(volumes[1]["configMap"]["name"], of_kind("ConfigMap")["metadata"]["name"]);
    // The user and the volume of the image.
    let containerfile = super::text("container/Containerfile");
    let security = &pod["spec"]["securityContext"];
    let user = format!("USER {}:{}\n", security["runAsUser"], security["runAsGroup"]);
    assert!(containerfile.contains(&user), "{user}");
    assert_eq!((&security["fsGroup"], &security["runAsNonRoot"]), (&security["runAsGroup"], &json!(true)));
    assert!(containerfile.contains(&format!("\nVOLUME {}\n", mounts[0]["mountPath"].as_str().expect("a path"))));
    let security = &container["securityContext"];
    assert_eq!(
        (&security["readOnlyRootFilesystem"], &security["allowPrivilegeEscalation"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(security["capabilities"], json!({ "drop": ["ALL"] }));
    let image = container["image"].as_str().expect("an image");
    assert!(image.ends_with(&format!("/dockpass:{}", env!("CARGO_PKG_VERSION"))), "{image}");
}

#[test]
fn dockpass_starts_with_the_configuration_and_answers_the_probes() {
    let certificate = SiteCertificate::of("pass.example.com");
    let deployment = of_kind("Deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let mount = |name: &str| {
        let mounts = container["volumeMounts"].as_array().expect("mounts");
        let mount = mounts.iter().find(|mount| mount["name"] == name).expect("it is mounted");
        mount["mountPath"].as_str().expect("a path").to_owned()
    };
    // The names that `kubectl create secret tls` gives, and the one that the head of the manifests tells.
    let secrets = tempfile::tempdir().expect("a directory");
    let place = |name: &str| secrets.path().join(name);
    fs::copy(certificate.certificate(), place("tls.crt")).expect("a copy");
    fs::copy(certificate.key(), place("tls.key")).expect("a copy");
    fs::write(place("dockpass-admin-password"), PASSWORD).expect("a file");
    let text = super::text("kubernetes/1-configuration.yaml");
    assert!(text.contains("--from-file dockpass-admin-password="), "{text}");
    assert!(!text.contains("packaging/"), "a release has no such directory: {text}");
    let config = of_kind("ConfigMap")["data"]["config.toml"].as_str().expect("a text").to_owned();
    assert!(config.contains(&format!("data_dir = \"{}/", mount("data"))), "below the volume: {config}");
    let here = config.replace(&mount("tls"), &secrets.path().display().to_string());
    assert_ne!(here, config);
    assert_eq!(container["env"][0], json!({ "name": "CREDENTIALS_DIRECTORY", "value": mount("admin") }));
    let mut setup = Setup::config(here);
    setup.environment = vec![("CREDENTIALS_DIRECTORY", secrets.path().display().to_string())];
    // The port is what the pod offers.
    assert!(config.contains(&format!("listen = \"0.0.0.0:{}\"", container["ports"][0]["containerPort"])), "{config}");
    setup.listen = Some("0.0.0.0:0".to_owned());
    let dockpass = setup.start();
    let port = dockpass.address.rsplit(':').next().expect("a port");
    let http = crate::support::Http::at(&format!("https://127.0.0.1:{port}"));
    http.trusting(&certificate.authority()).basic("admin", PASSWORD).get("/api/v0/api_tokens").must_be(200);
    // A kubelet looks at no certificate, and names the pod by its address.
    let kubelet = http.trusting_anybody().header("Host", "10.42.0.7:8700");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let get = &container[probe]["httpGet"];
        assert_eq!((&get["scheme"], &get["port"]), (&json!("HTTPS"), &container["ports"][0]["name"]));
        kubelet.get(get["path"].as_str().expect("a path")).must_be(200);
    }
}
