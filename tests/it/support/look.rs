//! How pages look: light and dark, in a wide window and on a phone. Finds faults, and keeps screenshots in
//! `target/screenshots`.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{browser::Browser, pages::Pages, process::environment};

/// The widths of a desktop window and of a phone.
pub(crate) const WIDTHS: [u32; 2] = [1280, 390];
const HEIGHT: u32 = 900;
const SCHEMES: [&str; 2] = ["light", "dark"];

impl Browser {
    /// Sets the colour scheme, the size of the window, and the device pixels of each CSS pixel.
    pub(crate) fn window(&self, scheme: &str, [width, height]: [u32; 2], scale: u32) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setEmulatedMedia", features);
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Keeps a screenshot of what the window shows.
    pub(crate) fn keep_what_fits(&self, name: &str) {
        self.keep_as(name, false);
    }

    /// Keeps a screenshot of the page or its dialog.
    pub(crate) fn keep(&self, name: &str) {
        // A dialog fits into the window; a page extends below it.
        self.keep_as(name, !self.has("css", "dialog[open]"));
    }

    fn keep_as(&self, name: &str, is_page: bool) {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        fs::create_dir_all(&directory).expect("a directory");
        let made = self.cdp("Page.captureScreenshot", json!({ "captureBeyondViewport": is_page }));
        let bytes = STANDARD.decode(made["data"].as_str().expect("an image")).expect("base64");
        fs::write(directory.join(format!("{name}.png")), bytes).expect("it can be written");
    }
}

impl Pages {
    /// Sets the colour scheme and the width of the window.
    pub(crate) fn look(&self, scheme: &str, width: u32) {
        self.browser.window(scheme, [width, HEIGHT], 1);
    }

    /// Shows the page as with a high-contrast theme of the system, until the next look.
    pub(crate) fn force_colours(&self) {
        let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        self.browser.cdp("Emulation.setEmulatedMedia", features);
    }

    /// All findings of axe-core on the current page, one per line.
    pub(crate) fn barriers(&self) -> Vec<String> {
        self.findings(&json!({}))
    }

    /// Those of axe-core's rules on colours alone.
    fn faults_of_colours(&self) -> Vec<String> {
        self.findings(&json!({ "runOnly": { "type": "rule", "values": ["color-contrast", "link-in-text-block"] } }))
    }

    fn findings(&self, options: &Value) -> Vec<String> {
        if self.browser.run("return typeof axe", json!([])) == "undefined" {
            self.browser.run(&axe(), json!([]));
        }
        let script = "const [options, done] = arguments; \
            axe.run(document, { resultTypes: ['violations'], ...options }).then(({ violations }) => \
            done(violations.flatMap((it) => it.nodes.map((node) => \
            `${it.id}: ${node.html.slice(0, 200)} | ${node.failureSummary.split('\\n')[1] ?? ''}`))), (error) => done([String(error)]))";
        let found = self.browser.run_async(script, json!([options]));
        found.as_array().expect("a list").iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The fault, if the page is wider than the window.
    pub(crate) fn too_wide(&self, name: &str) -> Option<String> {
        let script = "return [document.documentElement, ...document.querySelectorAll('.list table')] \
            .map((it) => [it.scrollWidth, (it.parentElement ?? it).clientWidth]).filter(([has, may]) => has > may)";
        let wider = self.browser.run(script, json!([]));
        (wider != json!([])).then(|| format!("{name}: wider than its place: {wider}"))
    }

    /// Looks at the page in every width and colour scheme; returns the faults.
    pub(crate) fn look_at(&self, name: &str) -> Vec<String> {
        let faults = WIDTHS.into_iter().flat_map(|width| self.look_at_width(name, width)).collect();
        self.look("light", 1280);
        faults
    }

    /// Looks at the page, light and dark.
    pub(crate) fn look_at_width(&self, name: &str, width: u32) -> Vec<String> {
        let mut faults = Vec::new();
        for scheme in SCHEMES {
            self.look(scheme, width);
            faults.extend(self.too_wide(&format!("{name}, {scheme}, {width}")));
            // The schemes differ in colours and nothing else, and the other rules take most of the time.
            let found = if scheme == "light" { self.barriers() } else { self.faults_of_colours() };
            faults.extend(found.into_iter().map(|line| format!("{name}, {scheme}, {width}: {line}")));
            self.browser.keep(&format!("{name}-{width}-{scheme}"));
        }
        faults
    }
}

/// axe-core, from the path that `tests/run` gives, else from where `tests/run` always puts it.
fn axe() -> String {
    let file = environment("DOCKPASS_TEST_AXE").unwrap_or_else(|| {
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("axe/package/axe.min.js").display().to_string()
    });
    fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("no axe-core at {file}: {error}; `tests/run --install-only` fetches it; DOCKPASS_TEST_AXE names another")
    })
}
