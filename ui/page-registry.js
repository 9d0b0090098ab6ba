// Owns the page /registry: how a registry is connected, how it stands, and the settings of the site. For administrators.
//
// Exports
//   show      the page; ?tab=configuration or settings

import { head } from "./dom.js";
import { configurationTab } from "./registry-configuration.js";
import { overviewTab } from "./registry-overview.js";
import { settingsTab } from "./registry-settings.js";

const TABS = [["Overview", null, overviewTab], ["Configuration", "configuration", configurationTab], ["Settings", "settings", settingsTab]];

async function render(context) {
  const [label, present, draw] = TABS.find(([, key]) => key === context.query.get("tab")) ?? TABS[0];
  const tabs = TABS.map(([name, key]) => [name, key ? `/registry?tab=${key}` : "/registry", key === present]);
  if (present) context.setTitle(`Registry: ${label.toLowerCase()}`);
  const nodes = await draw(context);
  return [...head("Registry", { tabs }), nodes];
}

export const show = { title: "Registry", render };
